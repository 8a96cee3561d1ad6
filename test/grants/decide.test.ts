import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DenyReason } from '../../src/core/reasons.ts';
import { type AccessRequest, decide, type Decision } from '../../src/grants/decide.ts';
import type { Policy } from '../../src/grants/policy.ts';
import { policyOf, supportDesk, withGrants } from './policy-builder.ts';

/** Friday afternoon in Berlin. */
const NOW = Date.parse('2027-01-15T13:00:00Z');

interface More {
  readonly records?: number;
  readonly grant?: string;
  readonly now?: string;
}
const request = (agent: string, tool: string, env: string, actions: readonly string[], more: More = {}): AccessRequest => ({
  agent, tool, env, actions,
  ...(more.records === undefined ? {} : { records: more.records }),
  ...(more.grant === undefined ? {} : { grant: more.grant }),
});
const at = ({ now }: More): number => (now === undefined ? NOW : Date.parse(now));
const reasonsOf = (decision: Decision): readonly DenyReason[] => (decision.kind === 'deny' ? decision.denials.map(({ reason }) => reason) : []);

/** Tables that read like the policy: each line is a request and what comes of it. */
function underPolicy(policy: Policy) {
  const line = (agent: string, tool: string, env: string, actions: readonly string[], more: More): string =>
    `${agent} ${tool} ${env} [${actions.join(' ')}]${Object.keys(more).length === 0 ? '' : ` ${JSON.stringify(more)}`}`.replaceAll('\0', '\\0');
  return {
    allow: (agent: string, tool: string, env: string, actions: readonly string[], holds: readonly string[] = actions, more: More = {}): void =>
      void test(`allow ${line(agent, tool, env, actions, more)}`, () => {
        const decision = decide(policy, request(agent, tool, env, actions, more), at(more));
        assert.equal(decision.kind, 'allow', JSON.stringify(reasonsOf(decision)));
        assert.ok(decision.kind === 'allow');
        assert.deepEqual([...decision.actions].sort(), [...holds].sort());
      }),
    ask: (agent: string, tool: string, env: string, actions: readonly string[], action: string, more: More = {}): void =>
      void test(`ask for ${action}: ${line(agent, tool, env, actions, more)}`, () => {
        const decision = decide(policy, request(agent, tool, env, actions, more), at(more));
        assert.ok(decision.kind === 'ask', decision.kind);
        assert.equal(decision.action, action);
        assert.deepEqual(decision.actions, [action]);
      }),
    deny: (agent: string, tool: string, env: string, actions: readonly string[], reasons: DenyReason | readonly DenyReason[], more: More = {}): void =>
      void test(`deny as ${String(reasons)}: ${line(agent, tool, env, actions, more)}`, () => {
        const decision = decide(policy, request(agent, tool, env, actions, more), at(more));
        assert.equal(decision.kind, 'deny');
        assert.deepEqual(reasonsOf(decision), [reasons].flat());
      }),
  };
}

describe('one grant for reads in staging', () => {
  const { allow, deny } = underPolicy(withGrants({ 'support-orders': { actions: ['orders.read'], records: 1 } }));
  allow('support-agent', 'orders', 'staging', ['orders.read']);
  allow('support-agent', 'orders', 'staging', ['orders.read', 'orders.read'], ['orders.read']);
  allow('support-agent', 'orders', 'staging', [], ['orders.read']);
  allow('support-agent', 'orders', 'staging', ['orders.read', 'orders.list'], ['orders.read']);
  allow('support-agent', 'orders', 'staging', ['orders.read'], ['orders.read'], { records: 1 });
  deny('support-agent', 'orders', 'staging', ['orders.read'], 'too_many_records', { records: 2 });
  deny('support-agent', 'orders', 'staging', ['orders.list'], 'action_not_granted');
  deny('support-agent', 'orders', 'staging', ['orders.refund'], 'action_not_granted');
  deny('support-agent', 'orders', 'staging', ['orders.destroy'], 'unknown_action');
  deny('support-agent', 'orders', 'staging', ['orders.read', 'orders.destroy'], 'unknown_action');
  deny('support-agent', 'orders', 'sandbox', ['orders.read'], 'no_grant');
  deny('support-agent', 'orders', 'live', ['orders.read'], 'no_grant');
  deny('support-agent', 'tickets', 'staging', ['tickets.read'], 'no_grant');
  deny('triage-agent', 'orders', 'staging', ['orders.read'], 'no_grant');
  deny('support-agent', 'orders', 'nowhere', ['orders.read'], 'unknown_env');
  deny('support-agent', 'nothing', 'staging', ['orders.read'], 'unknown_tool');
  deny('nobody', 'orders', 'staging', ['orders.read'], 'unknown_agent');
  deny('nobody', 'nothing', 'staging', ['orders.read'], ['unknown_agent', 'unknown_tool']);
  deny('nobody', 'orders', 'nowhere', ['orders.destroy'], ['unknown_action', 'unknown_agent', 'unknown_env']);
});

describe('regression 20: names are matched byte by byte', () => {
  const { deny } = underPolicy(withGrants({ 'support-orders': {} }));
  for (const agent of ['Support-Agent', 'support-agent ', '*', 'support-agent/../support-agent', 'support‐agent', 'support-agent\0orders\0staging', '__proto__']) {
    deny(agent, 'orders', 'staging', ['orders.read'], 'unknown_agent');
  }
  for (const tool of ['Orders', 'orders/', '*', './orders', 'ordérs', 'constructor']) deny('support-agent', tool, 'staging', [], 'unknown_tool');
  for (const env of ['STAGING', '*', 'staging/../live', '']) deny('support-agent', 'orders', env, [], 'unknown_env');
  for (const action of ['*', 'orders.*', 'Orders.read', 'orders.read ', 'orders']) deny('support-agent', 'orders', 'staging', [action], 'unknown_action');
});

describe('a token holds reads, or exactly one other action', () => {
  const all = ['orders.read', 'orders.list', 'orders.note', 'orders.refund', 'orders.mail'];
  const { allow, ask, deny } = underPolicy(withGrants({ everything: { actions: all } }));
  allow('support-agent', 'orders', 'staging', [], ['orders.read', 'orders.list']);
  allow('support-agent', 'orders', 'staging', ['orders.read', 'orders.list']);
  allow('support-agent', 'orders', 'staging', ['orders.note']);
  allow('support-agent', 'orders', 'staging', ['orders.read', 'orders.note'], ['orders.note']);
  ask('support-agent', 'orders', 'staging', ['orders.refund'], 'orders.refund');
  ask('support-agent', 'orders', 'staging', ['orders.read', 'orders.refund', 'orders.list'], 'orders.refund');
  ask('support-agent', 'orders', 'staging', ['orders.mail'], 'orders.mail');
  deny('support-agent', 'orders', 'staging', ['orders.note', 'orders.refund'], 'several_actions');
  deny('support-agent', 'orders', 'staging', ['orders.refund', 'orders.mail'], 'several_actions');
  deny('support-agent', 'orders', 'staging', all, 'several_actions');
});

describe('a grant without reads gives nothing by default', () => {
  const { ask, deny } = underPolicy(withGrants({ refunds: { actions: ['orders.refund', 'orders.note'] } }));
  deny('support-agent', 'orders', 'staging', [], 'no_action_named');
  deny('support-agent', 'orders', 'staging', ['orders.read'], 'action_not_granted');
  ask('support-agent', 'orders', 'staging', ['orders.refund'], 'orders.refund');
});

describe('every risky effect asks, and only those', () => {
  for (const effect of ['send', 'money', 'delete', 'access', 'bulk'] as const) {
    const tools = { t: { actions: { act: { effect, says: 'act' } }, environments: { staging: { production: false } } } };
    const { ask } = underPolicy(policyOf({ ...supportDesk, tools, grants: { g: { tool: 't', actions: ['act'] } } }));
    ask('support-agent', 't', 'staging', ['act'], 'act');
  }
});

describe('production is inert, whatever its grant says', () => {
  const { deny } = underPolicy(withGrants({ live: { env: 'live', actions: ['orders.read', 'orders.note', 'orders.refund'], approver: 'kim@example.com', records: 1 } }));
  deny('support-agent', 'orders', 'live', [], 'unsigned');
  deny('support-agent', 'orders', 'live', ['orders.read'], 'unsigned');
  deny('support-agent', 'orders', 'live', ['orders.note'], 'unsigned');
  deny('support-agent', 'orders', 'live', ['orders.refund'], 'unsigned');
  deny('support-agent', 'orders', 'live', ['orders.mail'], ['action_not_granted', 'unsigned']);
  deny('support-agent', 'orders', 'live', ['orders.read'], ['grant_expired', 'unsigned', 'too_many_records'], { now: '2027-04-01T00:00:00Z', records: 7 });
});

describe('a grant ends, and has hours', () => {
  const { allow, deny } = underPolicy(withGrants({ office: { ends: '2027-01-20T12:00:00Z', hours: 'Mon-Fri 08:00-18:00 Europe/Berlin' } }));
  const read = ['orders.read'];
  allow('support-agent', 'orders', 'staging', read, read, { now: '2027-01-20T11:59:59.999Z' });
  deny('support-agent', 'orders', 'staging', read, 'grant_expired', { now: '2027-01-20T12:00:00Z' });
  allow('support-agent', 'orders', 'staging', read, read, { now: '2027-01-15T16:59:59.999Z' });
  deny('support-agent', 'orders', 'staging', read, 'outside_hours', { now: '2027-01-15T17:00:00Z' });
  deny('support-agent', 'orders', 'staging', read, 'outside_hours', { now: '2027-01-16T12:00:00Z' });
  deny('support-agent', 'orders', 'staging', ['orders.list'], ['action_not_granted', 'grant_expired', 'outside_hours'], { now: '2027-01-20T23:00:00Z' });
});

describe('a token ends at the earliest of its life, its grant and the working hours', () => {
  const table: readonly (readonly [string, Parameters<typeof withGrants>[0][string], string])[] = [
    ['its life', { ttlSeconds: 300 }, '2027-01-15T13:05:00.000Z'],
    ['a longer life', { ttlSeconds: 3600 }, '2027-01-15T14:00:00.000Z'],
    ['the grant', { ttlSeconds: 300, ends: '2027-01-15T13:02:00Z' }, '2027-01-15T13:02:00.000Z'],
    ['the hours', { ttlSeconds: 300, hours: 'Fri 08:00-14:01 Europe/Berlin' }, '2027-01-15T13:01:00.000Z'],
    ['the grant before the hours', { hours: 'Fri 08:00-14:02 Europe/Berlin', ends: '2027-01-15T13:01:00Z' }, '2027-01-15T13:01:00.000Z'],
    ['its life, when the hours never end', { hours: 'Mon-Sun 00:00-24:00 UTC' }, '2027-01-15T13:05:00.000Z'],
  ];
  for (const [what, grant, expected] of table) {
    test(`here: ${what}`, () => {
      const decision = decide(withGrants({ g: grant }), request('support-agent', 'orders', 'staging', ['orders.read']), NOW);
      assert.ok(decision.kind === 'allow');
      assert.equal(new Date(decision.endsMs).toISOString(), expected);
    });
  }
});

describe('of several grants one answers', () => {
  const policy = withGrants({
    'b-both': { actions: ['orders.read', 'orders.list'] },
    'a-one': { actions: ['orders.read'] },
    'c-both': { actions: ['orders.list', 'orders.read'] },
    'd-over': { actions: ['orders.read', 'orders.list', 'orders.note'], ends: '2027-01-01T00:00:00Z' },
  });
  const answers = (actions: readonly string[], more: More = {}): string => {
    const decision = decide(policy, request('support-agent', 'orders', 'staging', actions, more), NOW);
    return decision.kind === 'deny' ? reasonsOf(decision).join() : decision.grant.id;
  };
  test('the one that covers most of what is asked', () => assert.equal(answers(['orders.read', 'orders.list']), 'b-both'));
  test('among equals the first by id', () => assert.equal(answers(['orders.read']), 'a-one'));
  test('by default the one with most reads', () => assert.equal(answers([]), 'b-both'));
  test('never one that does not hold now, though it covers more; what it lacks is said first, for it is the one that is meant', () => assert.equal(answers(['orders.note']), [
    'grant_expired', 'action_not_granted', 'action_not_granted', 'action_not_granted',
  ].join()));
  test('only the named one when one is named', () => assert.equal(answers(['orders.read', 'orders.list'], { grant: 'a-one' }), 'a-one'));
  test('a named one that does not exist allows nothing', () => assert.equal(answers(['orders.read'], { grant: 'z' }), 'no_grant'));
  test('a denial names each grant that came near', () => {
    const decision = decide(policy, request('support-agent', 'orders', 'staging', ['orders.mail']), NOW);
    assert.ok(decision.kind === 'deny');
    assert.deepEqual(decision.denials.map(({ grant }) => grant?.id), ['a-one', 'b-both', 'c-both', 'd-over', 'd-over']);
  });
});

test('the cost of a decision does not depend on the number of grants', () => {
  const grants = (count: number): Parameters<typeof withGrants>[0] =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`g${index}`, { agents: [index === 0 ? 'support-agent' : 'triage-agent'], env: index % 2 === 0 ? 'staging' : 'sandbox' }]));
  const touches = (count: number): number => {
    let touched = 0;
    const watch = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
      new Proxy(map, {
        get: (target, member) => {
          touched += 1;
          const value: unknown = Reflect.get(target, member, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const policy = withGrants(grants(count));
    const byTarget = new Map([...policy.byTarget].map(([key, list]) => [key, new Proxy(list, { get: (target, member) => { touched += 1; return Reflect.get(target, member, target); } })]));
    const watched: Policy = { ...policy, agents: watch(policy.agents), tools: watch(policy.tools), grants: watch(policy.grants), byTarget: watch(byTarget) };
    assert.equal(decide(watched, request('support-agent', 'orders', 'staging', ['orders.read']), NOW).kind, 'allow');
    return touched;
  };
  assert.equal(touches(2_000), touches(1));
});
