/** A certified OAuth client library, unmodified, through every endpoint: discovery, both grants, introspection, revocation. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { importJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { ACCESS_TOKEN, EXCHANGE, type TestBroker, testBroker } from '../http/broker.ts';

const insecure = { [oauth.allowInsecureRequests]: true };

async function discovered(t: TestContext): Promise<{ broker: TestBroker; as: oauth.AuthorizationServer; authAs(id: string): Promise<[oauth.Client, oauth.ClientAuth]> }> {
  const broker = await testBroker(t);
  const issuer = new URL(broker.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }));
  return {
    broker, as,
    authAs: async (id) => {
      const { kid, ...jwk } = broker.keyOf(id);
      return [{ client_id: id }, oauth.PrivateKeyJwt({ key: (await importJWK(jwk, 'ES256')) as oauth.CryptoKey, kid })];
    },
  };
}

test('discovery, client credentials, exchange, introspection and revocation', async (t) => {
  const { as, authAs } = await discovered(t);
  const [agent, agentAuth] = await authAs('support-agent');
  const [server, serverAuth] = await authAs('orders-mcp-staging');

  const own = await oauth.processClientCredentialsResponse(as, agent,
    await oauth.clientCredentialsGrantRequest(as, agent, agentAuth, { resource: 'http://127.0.0.1:8801/mcp', scope: 'orders.read' }, insecure));
  assert.equal(own.scope, 'orders.read');

  const exchanged = await oauth.processGenericTokenEndpointResponse(as, server,
    await oauth.genericTokenEndpointRequest(as, server, serverAuth, EXCHANGE, { subject_token: own.access_token, subject_token_type: ACCESS_TOKEN, resource: 'http://127.0.0.1:8801/mcp' }, insecure));
  assert.equal(exchanged.issued_token_type, ACCESS_TOKEN);
  assert.ok((exchanged.expires_in ?? 0) <= (own.expires_in ?? 0));

  const look = async (token: string) => oauth.processIntrospectionResponse(as, server, await oauth.introspectionRequest(as, server, serverAuth, token, insecure));
  assert.equal((await look(exchanged.access_token)).active, true);
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, agent, agentAuth, own.access_token, insecure));
  assert.equal((await look(own.access_token)).active, false);
  assert.equal((await look(exchanged.access_token)).active, false, 'what was exchanged from a token dies with it');
});

test('a token passes the library\'s own check of JWT access tokens (RFC 9068) with the keys that are published', async (t) => {
  const { as, authAs } = await discovered(t);
  const [agent, agentAuth] = await authAs('support-agent');
  const resource = 'http://127.0.0.1:8801/mcp';
  const { access_token } = await oauth.processClientCredentialsResponse(as, agent, await oauth.clientCredentialsGrantRequest(as, agent, agentAuth, { resource }, insecure));
  const request = new Request(resource, { headers: { authorization: `Bearer ${access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, resource, insecure);
  assert.equal(claims.sub, 'support-agent');
});

test('a refusal comes as the error that the library knows', async (t) => {
  const { as, authAs } = await discovered(t);
  const [agent, agentAuth] = await authAs('support-agent');
  const refused = oauth.clientCredentialsGrantRequest(as, agent, agentAuth, { resource: 'https://mcp.example.com/orders' }, insecure).then((response) => oauth.processClientCredentialsResponse(as, agent, response));
  await assert.rejects(refused, (error: unknown) => error instanceof oauth.ResponseBodyError && error.error === 'access_denied' && /signed/.test(error.error_description ?? ''));
});
