import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/grants/decide.ts';
import type { Policy } from '../../src/grants/policy.ts';
import { takenAway } from '../../src/grants/taken-away.ts';
import { dimensionOf } from '../../src/stops/stop.ts';
import { type AgentSpec, type EnvironmentSpec, type GrantSpec, type PersonSpec, policyOf, type PolicySpec, supportDesk, type ToolSpec, withGrants } from './policy-builder.ts';

const cuts = (before: Policy, after: Policy): readonly string[] => takenAway(before, after).map(dimensionOf);

describe('a grant that gives less is cut, and one that only gives more is not', () => {
  const before: GrantSpec = {
    version: 2, agents: ['support-agent', 'triage-agent'], actions: ['orders.read', 'orders.list'], records: 5, calls: '60/min', hours: 'Mon-Fri 08:00-18:00 Europe/Berlin',
  };
  const isCut = (changes: GrantSpec): boolean => {
    const targets = cuts(withGrants({ g: before }), withGrants({ g: { ...before, ...changes } }));
    assert.ok(targets.length === 0 || targets.join() === 'grant:g', targets.join());
    return targets.length > 0;
  };
  const without = (key: keyof GrantSpec): boolean => {
    const { [key]: _gone, ...rest } = before;
    return cuts(withGrants({ g: before }), withGrants({ g: rest })).length > 0;
  };
  const narrowing: Readonly<Record<string, GrantSpec>> = {
    'an agent less': { agents: ['support-agent'] },
    'an agent exchanged': { agents: ['support-agent', 'other'] },
    'an action less': { actions: ['orders.read'] },
    'another tool': { tool: 'tickets' },
    'another environment': { env: 'sandbox' },
    'another approver': { approver: 'kim@example.com' },
    'an earlier end': { ends: '2027-03-31T23:59:59.999Z' },
    'a shorter life': { ttlSeconds: 299 },
    'fewer records': { records: 4 },
    'fewer calls': { calls: '59/min' },
    'calls by another window': { calls: '3600/h' },
    'shorter hours': { hours: 'Mon-Fri 08:00-17:59 Europe/Berlin' },
    'other hours': { hours: 'Tue-Sat 08:00-18:00 Europe/Berlin' },
    'hours elsewhere': { hours: 'Mon-Fri 08:00-18:00 Europe/London' },
    'an older version': { version: 1 },
    'a newer version': { version: 3 },
    'one thing less and others more': { actions: ['orders.read', 'orders.note'], ends: '2028-01-01T00:00:00Z', records: 9 },
  };
  const widening: Readonly<Record<string, GrantSpec>> = {
    'nothing at all': {},
    'an agent more': { agents: ['support-agent', 'triage-agent', 'other'] },
    'the same agents in another order': { agents: ['triage-agent', 'support-agent'] },
    'an action more': { actions: ['orders.read', 'orders.list', 'orders.note'] },
    'a later end': { ends: '2028-01-01T00:00:00Z' },
    'a longer life': { ttlSeconds: 600 },
    'more records': { records: 6 },
    'more calls': { calls: '61/min' },
    'longer hours': { hours: 'Mon-Sat 07:00-18:00 Europe/Berlin' },
    'another reason': { reason: 'Because.' },
    'another date of review': { review: '2027-02-01' },
  };
  for (const [what, changes] of Object.entries(narrowing)) test(`cut: ${what}`, () => assert.ok(isCut(changes)));
  for (const [what, changes] of Object.entries(widening)) test(`not cut: ${what}`, () => assert.ok(!isCut(changes)));
  for (const limit of ['records', 'calls', 'hours'] as const) {
    test(`not cut: no bound on ${limit} any more`, () => assert.ok(!without(limit)));
    test(`cut: a bound on ${limit} where there was none`, () => {
      const { [limit]: _gone, ...unbounded } = before;
      assert.deepEqual(cuts(withGrants({ g: unbounded }), withGrants({ g: before })), ['grant:g']);
    });
  }
  test('cut: a grant that is gone', () => assert.deepEqual(cuts(withGrants({ g: before, h: {} }), withGrants({ h: {} })), ['grant:g']));
  test('not cut: a grant that is new', () => assert.deepEqual(cuts(withGrants({ h: {} }), withGrants({ g: before, h: {} })), []));
});

const spec = (changes: Partial<PolicySpec>): Policy => policyOf({ ...supportDesk, grants: { g: {} }, ...changes });
const key = (x: string) => ({ kty: 'OKP', crv: 'Ed25519', x });
const identity = { issuer: 'https://idp.example.com', subject: 's' };

describe('an action that no longer means what it meant cuts the grants that hold it', () => {
  const orders = (changes: Partial<ToolSpec['actions'][string]>): Policy => {
    const { orders: before } = supportDesk.tools;
    return spec({
      grants: { reads: { actions: ['orders.read', 'orders.list'] }, notes: { actions: ['orders.note'] } },
      tools: { ...supportDesk.tools, orders: { ...before, actions: { ...before.actions, 'orders.read': { ...before.actions['orders.read'], ...changes } } } },
    });
  };
  const base = orders({});
  test('a harder effect', () => assert.deepEqual(cuts(base, orders({ effect: 'money' })), ['grant:reads']));
  test('a softer effect, for the old token knows nothing of it', () => assert.deepEqual(cuts(orders({ effect: 'money' }), base), ['grant:reads']));
  test('records found elsewhere in the call', () => assert.deepEqual(cuts(base, orders({ records: { order: '/id' } })), ['grant:reads']));
  test('a call that it covers no more', () => assert.deepEqual(cuts(base, orders({ mcp: [] })), ['grant:reads']));
  test('nothing for a call that it covers as well', () => assert.deepEqual(cuts(base, orders({ mcp: ['get_order', 'find_order'] })), []));
  test('nothing for other words', () => assert.deepEqual(cuts(base, orders({ says: 'look at one order' })), []));
});

describe('an agent that can no longer prove itself the old way is cut', () => {
  const agents = (agent: AgentSpec): Policy => spec({ agents: { 'support-agent': agent, 'triage-agent': {} } });
  const before = agents({ proof: { keys: [key('a'), key('b')], jwksUri: 'https://a.example.com/jwks', identity } });
  const table: readonly (readonly [string, AgentSpec['proof'], boolean])[] = [
    ['a key less', { keys: [key('a')], jwksUri: 'https://a.example.com/jwks', identity }, true],
    ['a key exchanged', { keys: [key('a'), key('c')], jwksUri: 'https://a.example.com/jwks', identity }, true],
    ['another key set', { keys: [key('a'), key('b')], jwksUri: 'https://b.example.com/jwks', identity }, true],
    ['no key set', { keys: [key('a'), key('b')], identity }, true],
    ['another subject', { keys: [key('a'), key('b')], jwksUri: 'https://a.example.com/jwks', identity: { ...identity, subject: 't' } }, true],
    ['another issuer', { keys: [key('a'), key('b')], jwksUri: 'https://a.example.com/jwks', identity: { ...identity, issuer: 'https://b.example.com' } }, true],
    ['no identity', { keys: [key('a'), key('b')], jwksUri: 'https://a.example.com/jwks' }, true],
    ['a key more', { keys: [key('a'), key('b'), key('c')], jwksUri: 'https://a.example.com/jwks', identity }, false],
    ['keys in another order, their members too', { keys: [{ x: 'b', crv: 'Ed25519', kty: 'OKP' }, key('a')], jwksUri: 'https://a.example.com/jwks', identity }, false],
  ];
  for (const [what, proof, isCut] of table) {
    test(`${isCut ? 'cut' : 'not cut'}: ${what}`, () => assert.deepEqual(cuts(before, agents(proof === undefined ? {} : { proof })), isCut ? ['agent:support-agent'] : []));
  }
  test('cut: an agent that is gone', () => assert.deepEqual(cuts(before, spec({ agents: { 'triage-agent': {} } })), ['agent:support-agent']));
  test('not cut: another owner', () => assert.deepEqual(cuts(agents({}), agents({ owner: 'kim@example.com' })), []));
});

describe('an environment that is elsewhere, or served by another, is cut', () => {
  const staging = (changes: EnvironmentSpec): Policy => {
    const { orders } = supportDesk.tools;
    return spec({ tools: { ...supportDesk.tools, orders: { ...orders, environments: { ...orders.environments, staging: { production: false, ...changes } } } } });
  };
  const before = staging({ proof: { keys: [key('a')] }, mayCall: ['desk', 'chat'] });
  const base: EnvironmentSpec = { proof: { keys: [key('a')] }, mayCall: ['desk', 'chat'] };
  const [there, server] = ['tool-env:orders/staging', 'server:orders-mcp-staging'];
  const table: readonly (readonly [string, EnvironmentSpec, readonly string[]])[] = [
    ['production now', { production: true }, [there]],
    ['another resource', { resource: 'https://elsewhere.example.com' }, [there]],
    ['another server', { server: 'other' }, [server, there]],
    ['another key of its server', { proof: { keys: [key('b')] } }, [server, there]],
    ['another way to enforce', { enforcedBy: 'signature' }, [there]],
    ['a caller less', { mayCall: ['desk'] }, [there]],
    ['a caller more', { mayCall: ['chat', 'desk', 'mail'] }, []],
    ['a key more', { proof: { keys: [key('a'), key('b')] } }, []],
  ];
  for (const [what, changes, cut] of table) {
    test(`${cut.length > 0 ? 'cut' : 'not cut'}: ${what}`, () => assert.deepEqual(cuts(before, staging({ ...base, ...changes })), cut));
  }
  test('cut: an environment that is gone', () => {
    const { staging: _gone, ...rest } = supportDesk.tools.orders.environments;
    const after = spec({ tools: { ...supportDesk.tools, orders: { ...supportDesk.tools.orders, environments: rest } } });
    assert.deepEqual(cuts(spec({}), after), [server, there]);
  });
  test('cut: each environment of a tool that is gone', () => {
    const { tickets } = supportDesk.tools;
    const envs = ['live', 'sandbox', 'staging'];
    const all = ['grant:g', ...envs.map((env) => `server:orders-mcp-${env}`), ...envs.map((env) => `tool-env:orders/${env}`)];
    assert.deepEqual(cuts(spec({}), spec({ tools: { tickets }, grants: {} })), all);
  });
});

describe('a person who may do less is cut, and what they approved too where that is what they lost', () => {
  const dana = (person: PersonSpec): Policy => spec({ people: { ...supportDesk.people, 'dana@example.com': person } });
  const full: PersonSpec = { roles: ['approver', 'admin'], approves: ['orders/staging', 'orders/live'], proof: { keys: [key('a')] } };
  const person = ['person:dana@example.com'];
  const both = ['approver:dana@example.com', 'person:dana@example.com'];
  const table: readonly (readonly [string, PersonSpec, readonly string[]])[] = [
    ['a role less', { ...full, roles: ['approver'] }, person],
    ['no approver any more', { ...full, roles: ['admin'] }, both],
    ['one approval less', { ...full, approves: ['orders/live'] }, both],
    ['another key', { ...full, proof: { keys: [key('b')] } }, person],
    ['a role more', { ...full, roles: ['approver', 'admin', 'oncall'] }, []],
    ['all of what is not production instead of one of it', { ...full, approves: ['orders/*', 'orders/live'] }, []],
    ['* instead of production, which it never covers', { ...full, approves: ['orders/*', 'orders/staging'] }, both],
  ];
  for (const [what, after, expected] of table) test(what, () => assert.deepEqual(cuts(dana(full), dana(after)), expected));
  test('somebody who is gone', () => {
    const { 'kim@example.com': _gone, ...people } = supportDesk.people;
    assert.deepEqual(cuts(spec({}), spec({ people })), ['approver:kim@example.com', 'person:kim@example.com']);
  });
  test('somebody who is gone and approved nothing', () => {
    const { 'lee@example.com': _gone, ...people } = supportDesk.people;
    assert.deepEqual(cuts(spec({}), spec({ people })), ['person:lee@example.com']);
  });
});

test('targets come once each, in the order of their dimensions, whatever the order of the files', () => {
  const before = withGrants({ z: {}, a: {}, m: {} });
  assert.deepEqual(cuts(before, withGrants({})), ['grant:a', 'grant:m', 'grant:z']);
});

test('whatever a token could be given before and not now is hit by one of the targets', () => {
  const grant: fc.Arbitrary<GrantSpec> = fc.record({
    agents: fc.subarray(['support-agent', 'triage-agent'], { minLength: 1 }),
    env: fc.constantFrom('staging', 'sandbox'),
    actions: fc.subarray(['orders.read', 'orders.list', 'orders.note'], { minLength: 1 }),
    ends: fc.constantFrom('2027-01-01T00:00:00Z', '2027-03-01T00:00:00Z'),
  });
  const NOW = Date.parse('2027-02-01T00:00:00Z');
  fc.assert(
    fc.property(fc.array(grant, { maxLength: 3 }), fc.array(grant, { maxLength: 3 }), (were, are) => {
      const [before, after] = [were, are].map((list) => withGrants(Object.fromEntries(list.map((one, index) => [`g${index}`, one])))) as [Policy, Policy];
      const hit = new Set(cuts(before, after));
      for (const agent of ['support-agent', 'triage-agent']) {
        for (const env of ['staging', 'sandbox']) {
          for (const action of ['orders.read', 'orders.list', 'orders.note']) {
            const request = { agent, tool: 'orders', env, actions: [action] };
            const [was, is] = [decide(before, request, NOW), decide(after, request, NOW)];
            if (was.kind === 'allow' && is.kind === 'deny') assert.ok(hit.has(`grant:${was.grant.id}`));
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});
