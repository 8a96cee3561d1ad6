import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { AccessRequest } from '../../src/grants/decide.ts';
import { decide } from '../../src/grants/decide.ts';
import { smallestGrant, type SmallestGrant } from '../../src/grants/smallest-grant.ts';
import { type GrantSpec, policyOf, supportDesk, withGrants } from './policy-builder.ts';

const NOW = Date.parse('2027-01-15T13:00:00Z');
const policy = withGrants({});
const ask = (changes: Partial<AccessRequest>, under = policy): SmallestGrant =>
  smallestGrant(under, { agent: 'support-agent', tool: 'orders', env: 'staging', actions: ['orders.read'], ...changes }, NOW);
const found = (changes: Partial<AccessRequest>, under = policy): Extract<SmallestGrant, { kind: 'grant' }> => {
  const answer = ask(changes, under);
  assert.ok(answer.kind === 'grant', JSON.stringify(answer));
  return answer;
};

test('the file is whole, and short', () => {
  assert.equal(found({}).text, [
    'grant: "support-agent-orders-staging"',
    'version: 1',
    'agents: ["support-agent"]',
    'tool: "orders"',
    'env: "staging"',
    'actions: ["orders.read"]',
    'approver: "dana@example.com"',
    'reason: "Why support-agent needs this: say it here"',
    'expires: "2027-02-14"',
    '',
  ].join('\n'));
});

describe('it allows what was denied, and no more', () => {
  const requests: readonly Partial<AccessRequest>[] = [
    {},
    { actions: ['orders.read', 'orders.list'] },
    { actions: ['orders.read', 'orders.refund'], records: 3 },
    { agent: 'triage-agent', tool: 'tickets', actions: ['tickets.create'] },
    { env: 'sandbox', records: 2 },
  ];
  for (const changes of requests) {
    test(JSON.stringify(changes), () => {
      const request = { agent: 'support-agent', tool: 'orders', env: 'staging', actions: ['orders.read'], ...changes };
      assert.equal(decide(policy, request, NOW).kind, 'deny');
      const file = parse(found(changes).text) as GrantSpec & { grant: string; limits?: { records: number } };
      const grant = { ...file, ...(file.limits === undefined ? {} : { records: file.limits.records }) };
      const decision = decide(withGrants({ [file.grant]: grant }), request, NOW);
      assert.notEqual(decision.kind, 'deny');
      assert.ok(decision.kind !== 'deny');
      assert.deepEqual([...file.actions ?? []], decision.actions);
      assert.deepEqual(file.limits, request.records === undefined ? undefined : { records: request.records });
    });
  }
});

describe('who could approve it', () => {
  test('everyone whose approvals cover it', () => {
    const people = { ...supportDesk.people, 'ann@example.com': { roles: ['approver'], approves: ['orders/staging'] }, 'no@example.com': { roles: ['admin'], approves: ['orders/*'] } } as const;
    assert.deepEqual(found({}, policyOf({ ...supportDesk, people, grants: {} })).signers, ['ann@example.com', 'dana@example.com']);
  });
  test('in production only whom it names, for * never covers it', () => {
    const { signers, text } = found({ env: 'live' });
    assert.deepEqual(signers, ['kim@example.com']);
    assert.match(text, /^# Inert until kim@example\.com has signed it\.\n/);
  });
  test('in production never the owner of the agent', () => {
    const answer = ask({ env: 'live' }, policyOf({ ...supportDesk, agents: { 'support-agent': { owner: 'kim@example.com' } }, grants: {} }));
    assert.ok(answer.kind === 'none');
    assert.match(answer.because, /other than the agent's owner kim@example\.com/);
  });
});

describe('why no grant could', () => {
  const table: readonly (readonly [Partial<AccessRequest>, RegExp])[] = [
    [{ agent: 'nobody' }, /no file names the agent nobody/],
    [{ tool: 'nothing' }, /describes the tool nothing/],
    [{ env: 'nowhere' }, /no environment nowhere; it has staging, sandbox and live/],
    [{ actions: [] }, /names no action: ask with a scope out of orders\.read, /],
    [{ actions: ['orders.read', 'orders.eat'] }, /only the actions orders\.read, /],
    [{ actions: ['orders.note', 'orders.mail'] }, /exactly one other action: ask for one of orders\.note or orders\.mail/],
    [{ agent: '\u001b[31m' }, /names the agent "\\u001b\[31m"/],
  ];
  for (const [changes, because] of table) {
    test(JSON.stringify(changes), () => {
      const answer = ask(changes);
      assert.ok(answer.kind === 'none');
      assert.match(answer.because, because);
    });
  }
  test('nobody approves there', () => {
    const answer = ask({}, policyOf({ ...supportDesk, people: { 'dana@example.com': { roles: ['approver'], approves: ['tickets/*'] } }, grants: {} }));
    assert.ok(answer.kind === 'none');
    assert.match(answer.because, /no approver covers staging of orders: add it to somebody's `approves`/);
  });
});

test('its name is free, and not too long', () => {
  const taken = withGrants({ 'support-agent-orders-staging': {}, 'support-agent-orders-staging-2': {} });
  assert.equal(found({}, taken).id, 'support-agent-orders-staging-3');
  const long = 'a'.repeat(64);
  const named = policyOf({ ...supportDesk, agents: { [long]: {} }, grants: { [long]: {} } });
  assert.equal(found({ agent: long }, named).id, `${'a'.repeat(62)}-2`);
});
