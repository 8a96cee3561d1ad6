/** The end of the main job on real input: a stock MCP client, a real MCP server, an agent whose identity a real OpenID provider vouches for. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Client, StaticPrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import { createGuard } from '../../src/guard/index.ts';
import { EXCHANGE, JWT_TYPE, type TestBroker, testBroker } from '../http/broker.ts';
import { type OidcIssuer, startOidcIssuer } from '../../demo/oidc-issuer.ts';
import { ACTIONS, editFile, type OrdersPlace, ordersPlace, serveOrders } from './orders-server.ts';

async function withIssuer(t: TestContext): Promise<{ idp: OidcIssuer; broker: TestBroker; place: OrdersPlace }> {
  const idp = await startOidcIssuer(['support-agent', 'stranger']);
  t.after(() => idp.close());
  const place = await ordersPlace();
  const broker = await testBroker(t, {
    config: { identities: [{ issuer: idp.issuer, jwks_uri: idp.jwksUri }], allowPrivateHosts: [new URL(idp.issuer).host] },
    grants: (folder) => {
      place.edit(folder);
      editFile(join(folder, 'agents.yaml'), (text) => text.replace('keys: [{file: keys/support-agent.jwk}]', `identity: {issuer: "${idp.issuer}", subject: support-agent}`));
    },
  });
  return { idp, broker, place };
}

test('an agent shows its provider\'s word, and a stock MCP client calls a real MCP server with what it gets for it', async (t) => {
  const { idp, broker, place } = await withIssuer(t);
  const guard = createGuard({ resource: place.resource, actions: ACTIONS, url: broker.issuer, clientId: 'orders-mcp-staging', keyFile: join(broker.config.data, 'example-keys/orders-mcp-staging.jwk') });
  await serveOrders(t, place.port, guard.middleware());

  const identity = await idp.identity('support-agent', broker.issuer);
  const authProvider = new StaticPrivateKeyJwtProvider({ clientId: 'support-agent', jwtBearerAssertion: identity, expectedIssuer: broker.issuer });
  const client = new Client({ name: 'support', version: '1.0.0' });
  t.after(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(new URL(place.resource), { authProvider }));
  const result = (await client.callTool({ name: 'get_order', arguments: { order_id: '1042' } })) as { content: readonly { text: string }[] };
  assert.equal(result.content[0]?.text, 'get_order 1042 for support-agent');

  const [issued] = await broker.ledger('&kind=token.issued&agent=support-agent');
  assert.equal(issued?.grant, 'support-orders');
  await broker.api('local-operator', 'POST', '/v1/stops', { target: { agent: 'support-agent' }, reason: 'INC-7' });
  await assert.rejects(client.callTool({ name: 'get_order', arguments: { order_id: '1042' } }), /stopped/);
});

test('a server exchanges what the agent presented, and the token says who acts for whom', async (t) => {
  const { idp, broker } = await withIssuer(t);
  const exchanged = await broker.exchange('orders-mcp-staging', { subject_token: await idp.identity('support-agent', broker.issuer), subject_token_type: JWT_TYPE, tool: 'orders', env: 'staging' });
  assert.equal(exchanged.status, 200, exchanged.text);
  const { sub, act, agent, client_id } = decodeJwt(exchanged.body.access_token);
  assert.deepEqual({ sub, act, agent, client_id }, { sub: 'support-agent', act: { sub: 'orders-mcp-staging' }, agent: 'support-agent', client_id: 'orders-mcp-staging' });
});

test('whom the grant files do not know, and what was made for somebody else, proves nothing', async (t) => {
  const { idp, broker } = await withIssuer(t);
  const exchange = async (token: string): Promise<string> => {
    const refused = await broker.form('/token', { grant_type: EXCHANGE, ...(await broker.proof('orders-mcp-staging')), subject_token: token, subject_token_type: JWT_TYPE, tool: 'orders', env: 'staging' });
    return `${refused.status} ${refused.body.error}`;
  };
  assert.equal(await exchange(await idp.identity('stranger', broker.issuer)), '400 invalid_request');
  assert.equal(await exchange(await idp.identity('support-agent', 'https://other.example.com')), '400 invalid_request');
});

test('the provider rotates its key, and its new tokens are good at once', async (t) => {
  const { idp, broker } = await withIssuer(t);
  const exchange = async () =>
    broker.exchange('orders-mcp-staging', { subject_token: await idp.identity('support-agent', broker.issuer), subject_token_type: JWT_TYPE, tool: 'orders', env: 'staging' });
  await idp.rotate();
  const first = await exchange();
  assert.equal(first.status, 200, first.text);
});
