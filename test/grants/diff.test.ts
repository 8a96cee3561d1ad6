import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffPolicies } from '../../src/grants/diff.ts';
import type { Policy } from '../../src/grants/policy.ts';
import { type GrantSpec, policyOf, type PolicySpec, supportDesk, withGrants } from './policy-builder.ts';

const lines = (before: Policy, after: Policy): readonly string[] => diffPolicies(before, after).map(({ direction, sentence }) => `${direction}: ${sentence}`);
const base: GrantSpec = { records: 1 };
const changed = (before: GrantSpec, after: GrantSpec): readonly string[] => lines(withGrants({ g: { ...base, ...before } }), withGrants({ g: { ...base, ...after } }));

describe('who gains and who loses what', () => {
  test('nothing, when nothing changed', () => assert.deepEqual(changed({}, {}), []));
  test('nothing, for other words and dates of review', () => assert.deepEqual(changed({}, { reason: 'Other.', review: '2027-02-02', version: 2 }), []));

  test('an action more', () =>
    assert.deepEqual(changed({}, { actions: ['orders.read', 'orders.refund'] }), [
      "gain: Support-agent may now refund one order in staging (orders.refund) until 31 March 2027, each time with a person's yes.",
    ]));
  test('an agent less', () =>
    assert.deepEqual(changed({ agents: ['support-agent', 'triage-agent'] }, {}), ['loss: Triage-agent may no longer look up the status of one order in staging (orders.read).']));
  test('another environment is a loss here and a gain there', () =>
    assert.deepEqual(changed({}, { env: 'sandbox' }), [
      'gain: Support-agent may now look up the status of one order in sandbox (orders.read) until 31 March 2027.',
      'loss: Support-agent may no longer look up the status of one order in staging (orders.read).',
    ]));
  test('a grant for production is a gain that waits for a signature', () =>
    assert.deepEqual(lines(withGrants({}), withGrants({ g: { env: 'live' } })), [
      'gain: Support-agent may now look up the status of one order in live (orders.read) until 31 March 2027. It does nothing until it is signed: live is production.',
    ]));
  test('two grants that give what one gave are no change', () => {
    const before = withGrants({ both: { actions: ['orders.read', 'orders.list'] } });
    const after = withGrants({ one: { actions: ['orders.read'] }, other: { actions: ['orders.list'] } });
    assert.deepEqual(lines(before, after), []);
  });
  test('a grant that another outlives is no loss', () =>
    assert.deepEqual(lines(withGrants({ long: {}, short: { ends: '2027-02-01T00:00:00Z', records: 1 } }), withGrants({ long: {} })), []));
});

describe('limits that move', () => {
  const table: readonly (readonly [GrantSpec, GrantSpec, string])[] = [
    [{}, { ends: '2028-01-01T00:00:00Z' }, 'gain: Support-agent, orders.read in staging: ends on 31 December 2027, it was 31 March 2027.'],
    [{}, { ends: '2027-03-01T00:00:00Z' }, 'loss: Support-agent, orders.read in staging: ends on 28 February 2027, it was 31 March 2027.'],
    [{}, { ttlSeconds: 3600 }, 'gain: Support-agent, orders.read in staging: a token lives 1h, it was 5m.'],
    [{}, { records: 20 }, 'gain: Support-agent, orders.read in staging: 20 records per call, it was 1 record per call.'],
    [{ calls: '60/min' }, { calls: '10/min' }, 'loss: Support-agent, orders.read in staging: 10 calls per minute, it was 60 calls per minute.'],
    [{ calls: '60/min' }, {}, 'gain: Support-agent, orders.read in staging: any number of calls, it was 60 calls per minute.'],
    [{ calls: '60/min' }, { calls: '3600/h' }, 'change: Support-agent, orders.read in staging: 3600 calls per hour, it was 60 calls per minute.'],
    [{}, { hours: 'Mon 08:00-18:00 UTC' }, 'loss: Support-agent, orders.read in staging: Mon 08:00-18:00 UTC, it was at any hour.'],
    [{ hours: 'Mon 08:00-18:00 UTC' }, { hours: 'Tue 08:00-18:00 UTC' }, 'change: Support-agent, orders.read in staging: Tue 08:00-18:00 UTC, it was Mon 08:00-18:00 UTC.'],
    [{ hours: 'Mon 08:00-18:00 UTC' }, { hours: 'Mon-Tue 08:00-19:00 UTC' }, 'gain: Support-agent, orders.read in staging: Mon-Tue 08:00-19:00 UTC, it was Mon 08:00-18:00 UTC.'],
    [{}, { approver: 'kim@example.com' }, 'change: Support-agent, orders.read in staging: approved by kim@example.com, it was dana@example.com.'],
  ];
  for (const [before, after, expected] of table) test(expected, () => assert.deepEqual(changed(before, after), [expected]));
});

const spec = (changes: Partial<PolicySpec>): Policy => policyOf({ ...supportDesk, grants: { g: { ...base, actions: ['orders.note'] } }, ...changes });
const orders = (change: (tool: PolicySpec['tools'][string]) => PolicySpec['tools'][string]): Policy =>
  spec({ tools: { ...supportDesk.tools, orders: change(supportDesk.tools.orders) } });
const withNote = (note: Partial<PolicySpec['tools'][string]['actions'][string]>): Policy =>
  orders((tool) => ({ ...tool, actions: { ...tool.actions, 'orders.note': { effect: 'write', says: 'write a note on one order', ...note } } }));
const withStaging = (staging: PolicySpec['tools'][string]['environments'][string]): Policy =>
  orders((tool) => ({ ...tool, environments: { ...tool.environments, staging: { production: false, ...staging } } }));

describe('a tool that moves under its grants', () => {
  test('a softened effect is a gain, for the agent that holds it too', () =>
    assert.deepEqual(lines(withNote({ effect: 'money' }), withNote({})), [
      'gain: orders.note of orders counts as write, it was money.',
      'gain: Support-agent, orders.note in staging: counts as write, it was money, so no person is asked any more.',
    ]));
  test('a hardened effect is a loss', () =>
    assert.deepEqual(lines(withNote({}), withNote({ effect: 'delete' })), [
      'loss: orders.note of orders counts as delete, it was write.',
      'loss: Support-agent, orders.note in staging: counts as delete, it was write, so a person must say yes each time.',
    ]));
  test('production that ends is a gain', () =>
    assert.deepEqual(lines(withStaging({ production: true }), withStaging({})), [
      'gain: staging of orders is no longer production.',
      'gain: Support-agent, orders.note in staging: staging is no longer production, so it works without a signature.',
    ]));
  test('a call that an action covers as well is a gain', () => assert.deepEqual(lines(withNote({}), withNote({ mcp: ['erase'] })), ['gain: orders.note of orders now covers erase.']));
  test('other words for an action are something to look at', () =>
    assert.deepEqual(lines(withNote({}), withNote({ says: 'annotate' })), ['change: orders.note of orders says "annotate", it was "write a note on one order".']));
  test('another resource, server and way to enforce', () =>
    assert.deepEqual(lines(withStaging({}), withStaging({ resource: 'https://x.example.com', server: 'x', enforcedBy: 'guard' })), [
      'change: staging of orders is at https://x.example.com, it was https://staging.example.com/orders.',
      'change: staging of orders is served by x, it was orders-mcp-staging.',
      'change: staging of orders is enforced by guard, it was introspection.',
    ]));
  test('callers', () =>
    assert.deepEqual(lines(withStaging({ mayCall: ['a'] }), withStaging({ mayCall: ['b'] })), [
      'loss: a may no longer call staging of orders for an agent.',
      'gain: b may now call staging of orders for an agent.',
    ]));
  test('a key of a server', () =>
    assert.deepEqual(lines(withStaging({}), withStaging({ proof: { keys: [{ kty: 'EC', kid: 'k1' }] } })), ['gain: Orders-mcp-staging can now be proved by the key k1.']));
  test('an environment more', () =>
    assert.deepEqual(lines(spec({}), orders((tool) => ({ ...tool, environments: { ...tool.environments, test: {} } }))), [
      'gain: test of orders is a new environment at https://test.example.com/orders, production.',
    ]));
});

describe('people and agents that move', () => {
  test('roles and approvals', () => {
    const people = { ...supportDesk.people, 'kim@example.com': { roles: ['oncall'], approves: ['orders/*'] } } as const;
    assert.deepEqual(lines(spec({}), spec({ people })), [
      'gain: kim@example.com now has the role oncall.',
      'loss: kim@example.com no longer has the role approver.',
      'gain: kim@example.com may now approve orders in every environment that is not production.',
      'loss: kim@example.com may no longer approve orders in live.',
    ]);
  });
  test('a new agent, another owner, and an identity instead of a key', () => {
    const proof = { keys: [], identity: { issuer: 'https://idp.example.com', subject: 's' } };
    const before = spec({ agents: { 'support-agent': { proof: { keys: [{ kty: 'OKP', x: 'a' }] } } } });
    const after = spec({ agents: { 'support-agent': { owner: 'kim@example.com', proof }, 'new-agent': {} } });
    assert.deepEqual(lines(before, after), [
      'gain: New-agent is a new agent, owned by dana@example.com.',
      'change: Support-agent is owned by kim@example.com, it was dana@example.com.',
      'gain: Support-agent can now be proved by the identity s of https://idp.example.com.',
      'loss: Support-agent can no longer be proved by a key (OKP).',
    ]);
  });
});

test('what one direction calls a gain, the other calls a loss', () => {
  const before = spec({});
  const after = spec({ grants: { g: { ...base, actions: ['orders.note', 'orders.read'], ttlSeconds: 60 }, h: { env: 'sandbox', agents: ['triage-agent'] } } });
  const count = (direction: string, from: Policy, to: Policy): number => diffPolicies(from, to).filter((change) => change.direction === direction).length;
  assert.equal(count('gain', before, after), 2);
  assert.equal(count('gain', before, after), count('loss', after, before));
  assert.equal(count('loss', before, after), count('gain', after, before));
});
