import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBroker } from './broker.ts';

test('metrics count by kind and reason, and name no agent, tool or person', async (t) => {
  const broker = await testBroker(t);
  await broker.token('support-agent', { tool: 'orders', env: 'staging' });
  await broker.token('support-agent', { tool: 'orders', env: 'live', scope: 'orders.read' });
  await broker.api('local-operator', 'POST', '/v1/stops', { target: { agent: 'triage-agent' }, reason: 'INC-7' });
  await broker.request('GET', '/v1/stops/some%20secret');
  const { status, headers, text } = await broker.request('GET', '/metrics');
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  for (const line of ['hallpass_tokens_issued_total{kind="tool"} 1', 'hallpass_tokens_issued_total{kind="api"} 1', 'hallpass_tokens_denied_total{reason="unsigned"} 1', 'hallpass_stops_engaged 1', 'hallpass_policy_broken 0']) {
    assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
  }
  assert.match(text, /hallpass_http_request_duration_seconds_count\{method="POST",route="\/token",status="200"\} 2/);
  for (const name of ['support-agent', 'triage-agent', 'orders', 'dana', 'secret', 'INC-7']) assert.ok(!text.includes(name), `${name} is in the metrics`);
});
