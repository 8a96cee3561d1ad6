/** The main job from end to end, as short as it can be told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCESS_TOKEN, testBroker } from './broker.ts';

test('allowed, recorded, called, stopped, refused', async (t) => {
  const broker = await testBroker(t);

  const issued = await broker.token('support-agent', { tool: 'orders', env: 'staging', scope: 'orders.read' });
  assert.equal(issued.status, 200, issued.text);
  assert.equal(issued.body.scope, 'orders.read');
  assert.ok(issued.body.expires_in <= 300);

  const [recorded] = await broker.ledger('&kind=token.issued&agent=support-agent');
  assert.equal(recorded?.tool, 'orders');
  assert.ok(!JSON.stringify(recorded).includes(issued.body.access_token), 'the ledger holds no token');

  const called = await broker.introspect('orders-mcp-staging', issued.body.access_token);
  assert.equal(called.body.active, true);
  assert.equal(called.body.scope, 'orders.read');
  const narrowed = await broker.exchange('orders-mcp-staging', { subject_token: issued.body.access_token, subject_token_type: ACCESS_TOKEN, tool: 'orders', env: 'staging' });
  assert.equal(narrowed.status, 200, narrowed.text);

  const stopped = await broker.api('local-operator', 'POST', '/v1/stops', { target: { tool: 'orders' }, reason: 'INC-7' });
  assert.equal(stopped.status, 201, stopped.text);
  assert.equal(stopped.body.live_tokens, 2);
  for (const { access_token } of [issued.body, narrowed.body]) assert.deepEqual((await broker.introspect('orders-mcp-staging', access_token)).body, { active: false, stopped: true });
  const refused = await broker.token('support-agent', { tool: 'orders', env: 'staging' });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.error, 'access_denied');
  assert.match(refused.body.error_description, /stop/);

  const other = await broker.token('support-agent', { tool: 'tickets', env: 'staging' });
  assert.equal(other.status, 200, `another tool goes on: ${other.text}`);
});
