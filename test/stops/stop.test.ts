import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dimensionOf, dimensionsOf, type StopSubject, type StopTarget } from '../../src/stops/stop.ts';

const subject = {
  tokens: ['tok_1', 'tok_0'], session: 'ses_1', agent: 'support-agent', grant: 'support-orders', tool: 'orders', env: 'staging',
  servers: ['orders-mcp', 'desk'], approvers: ['dana@example.com'], persons: ['kim@example.com'], keys: ['k1', 'k0'],
} as unknown as StopSubject;
const target = (value: object): StopTarget => value as StopTarget;

describe('a stop hits a token by each thing that it is made of', () => {
  const hits: readonly object[] = [
    { kind: 'token', token: 'tok_1' }, { kind: 'token', token: 'tok_0' }, { kind: 'session', session: 'ses_1' }, { kind: 'agent', agent: 'support-agent' },
    { kind: 'grant', grant: 'support-orders' }, { kind: 'tool', tool: 'orders' }, { kind: 'tool', tool: 'orders', env: 'staging' }, { kind: 'env', env: 'staging' },
    { kind: 'server', server: 'orders-mcp' }, { kind: 'server', server: 'desk' }, { kind: 'approver', approver: 'dana@example.com' },
    { kind: 'person', person: 'kim@example.com' }, { kind: 'key', key: 'k1' }, { kind: 'key', key: 'k0' }, { kind: 'all' },
  ];
  for (const hit of hits) test(JSON.stringify(hit), () => assert.ok(dimensionsOf(subject).includes(dimensionOf(target(hit)))));
  test('and by nothing else', () => assert.equal(dimensionsOf(subject).length, hits.length));
});

describe('a stop leaves alone what it does not name', () => {
  for (const miss of [
    { kind: 'tool', tool: 'orders', env: 'live' }, { kind: 'tool', tool: 'order' }, { kind: 'agent', agent: 'orders' }, { kind: 'server', server: 'support-agent' },
    { kind: 'person', person: 'dana@example.com' }, { kind: 'approver', approver: 'kim@example.com' }, { kind: 'session', session: 'tok_1' },
  ]) {
    test(JSON.stringify(miss), () => assert.ok(!dimensionsOf(subject).includes(dimensionOf(target(miss)))));
  }
});

test('a token without a part is hit by nothing of that kind, and by all', () => {
  assert.deepEqual(dimensionsOf({ tokens: [], servers: [], approvers: [], persons: [], keys: [] }), ['all']);
});
