/** The official SDK, version 1, unmodified: its client, its server, its PrivateKeyJwtProvider, its bearer middleware. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { PrivateKeyJwtProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { RequestHandler } from 'express';
import { createGuard, type Guard } from '../../src/guard/index.ts';
import { type TestBroker, testBroker } from '../http/broker.ts';
import { ACTIONS, ordersPlace, serveOrders } from './orders-server.ts';

interface Shop {
  readonly broker: TestBroker;
  readonly guard: Guard;
  readonly resource: string;
  /** A stock client of this agent, connected. */
  connect(agent: string, scope?: string): Promise<Client>;
}

async function shop(t: TestContext, guarding: (guard: Guard) => RequestHandler = (guard) => guard.middleware()): Promise<Shop> {
  const place = await ordersPlace();
  const broker = await testBroker(t, { grants: place.edit });
  const guard = createGuard({ resource: place.resource, actions: ACTIONS, url: broker.issuer, clientId: 'orders-mcp-staging', keyFile: join(broker.config.data, 'example-keys/orders-mcp-staging.jwk') });
  const behind = guarding(guard);
  await serveOrders(t, place.port, (request, response, next) => {
    // The SDK's middleware serves no metadata: whoever uses it does that beside it.
    if (request.path === guard.metadataPath) response.json(guard.metadata);
    else behind(request, response, next);
  });
  return {
    broker, guard, resource: place.resource,
    connect: async (agent, scope) => {
      const authProvider = new PrivateKeyJwtProvider({ clientId: agent, privateKey: { ...broker.keyOf(agent) }, algorithm: 'ES256', expectedIssuer: broker.issuer, ...(scope === undefined ? {} : { scope }) });
      const client = new Client({ name: 'support', version: '1.0.0' });
      t.after(() => client.close());
      await client.connect(new StreamableHTTPClientTransport(new URL(place.resource), { authProvider }) as Transport);
      return client;
    },
  };
}

const textOf = (result: object): string => (result as { content: readonly { text: string }[] }).content[0]?.text ?? '';

test('a stock client finds the broker by itself, gets a token and calls; a stop ends that, and other tools are not asked', async (t) => {
  const { broker, connect } = await shop(t);
  const client = await connect('support-agent');
  assert.equal(textOf(await client.callTool({ name: 'get_order', arguments: { order_id: '1042' } })), 'get_order 1042 for support-agent');

  await broker.api('local-operator', 'POST', '/v1/stops', { target: { tool: 'orders' }, reason: 'INC-7' });
  await assert.rejects(client.callTool({ name: 'get_order', arguments: { order_id: '1042' } }), /403|stopped/);
});

test('a token holds reads, or one other action: what it does not hold is refused with the scope that it needs', async (t) => {
  const { connect, guard } = await shop(t);
  const reader = await connect('support-agent');
  await assert.rejects(reader.callTool({ name: 'note_order', arguments: { order_id: '7' } }), /403/);
  // This version of the client asks for the scopes that it was made with, whatever a challenge says.
  const writer = await connect('support-agent', 'orders.note');
  assert.equal(textOf(await writer.callTool({ name: 'note_order', arguments: { order_id: '7' } })), 'note_order 7 for support-agent');
  const challenge = await guard.check(undefined, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'note_order' } });
  assert.ok(!challenge.ok && challenge.headers['www-authenticate']?.includes('scope="orders.note"'));
});

test('an MCP tool that no action covers is refused, whatever the token holds', async (t) => {
  const { connect } = await shop(t);
  const client = await connect('support-agent');
  await assert.rejects(client.callTool({ name: 'drop_orders', arguments: {} }), /403|no action covers this tool/);
});

test('a risky action stays refused: its client learns why from the broker', async (t) => {
  const { broker, connect } = await shop(t);
  await assert.rejects(connect('support-agent', 'orders.refund'), /needs a person's yes/);
  const [denied] = await broker.ledger('&kind=token.denied&agent=support-agent');
  assert.deepEqual(((denied?.reasons ?? []) as readonly { reason: string }[]).map(({ reason }) => reason), ['approval_required']);
});

test('an agent without a grant does not get in', async (t) => {
  const { connect } = await shop(t);
  await assert.rejects(connect('triage-agent'), /no grant in force allows this now/);
});

test('the SDK\'s own middleware works with the guard\'s verifier', async (t) => {
  const { connect, broker } = await shop(t, (guard) =>
    requireBearerAuth({ verifier: guard.tokenVerifier((text) => new InvalidTokenError(text)), resourceMetadataUrl: guard.metadataUrl, expectedResource: new URL(guard.metadata.resource) }));
  const client = await connect('support-agent');
  assert.equal(textOf(await client.callTool({ name: 'get_order', arguments: { order_id: '1' } })), 'get_order 1 for support-agent');
  await broker.api('local-operator', 'POST', '/v1/stops', { target: { agent: 'support-agent' }, reason: 'INC-8' });
  await assert.rejects(client.callTool({ name: 'get_order', arguments: { order_id: '1' } }));
});
