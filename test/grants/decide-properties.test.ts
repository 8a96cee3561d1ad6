/** What must hold for every policy, request and moment, not only for those that somebody thought of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AccessRequest, decide } from '../../src/grants/decide.ts';
import { EFFECTS, isRisky } from '../../src/grants/policy.ts';
import { type GrantSpec, policyOf, type PolicySpec, supportDesk } from './policy-builder.ts';

const agents = ['a', 'b', 'c'];
const tools = ['t', 'u'];
const envs = ['staging', 'sandbox', 'live'];
const actions = ['r1', 'r2', 'w1', 'x1', 'x2'];
const START = Date.parse('2027-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const moment = fc.integer({ min: START, max: START + 20 * DAY_MS });
const end = fc.integer({ min: START, max: START + 60 * DAY_MS });

/** Names that meet often enough for something to be allowed. */
const mostly = (usual: string, all: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, { arbitrary: fc.constantFrom(...all), weight: 1 });

const toolSpec = fc
  .tuple(fc.array(fc.constantFrom(...EFFECTS), { minLength: actions.length, maxLength: actions.length }), fc.boolean())
  .map(([effects, sandboxIsProduction]) => ({
    actions: Object.fromEntries(actions.map((action, index) => [action, { effect: effects[index] ?? 'bulk', says: action }])),
    environments: { staging: { production: false }, sandbox: { production: sandboxIsProduction }, live: {} },
  }));

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const grantSpec: fc.Arbitrary<GrantSpec> = fc
  .record({
    agents: fc.subarray(agents, { minLength: 1 }),
    tool: mostly('t', tools),
    env: mostly('staging', envs),
    actions: fc.subarray(actions, { minLength: 1 }),
    ends: end.map((ms) => new Date(ms).toISOString()),
    ttlSeconds: fc.integer({ min: 1, max: 3600 }),
    records: optional(fc.integer({ min: 1, max: 3 })),
    hours: optional(fc.constantFrom('Mon-Fri 08:00-18:00 Europe/Berlin', 'Mon-Sun 00:00-24:00 UTC')),
  })
  .map(({ records, hours, ...grant }) => ({ ...grant, ...(records === undefined ? {} : { records }), ...(hours === undefined ? {} : { hours }) }));

const policySpec: fc.Arbitrary<PolicySpec> = fc
  .tuple(toolSpec, toolSpec, fc.array(grantSpec, { minLength: 1, maxLength: 8 }))
  .map(([t, u, grants]) => ({
    people: supportDesk.people,
    agents: { a: {}, b: {}, c: {} },
    tools: { t, u },
    grants: Object.fromEntries(grants.map((grant, index) => [`g${index}`, grant])),
  }));

const request: fc.Arbitrary<AccessRequest> = fc
  .record({
    agent: mostly('a', [...agents, 'nobody']),
    tool: mostly('t', [...tools, 'nothing']),
    env: mostly('staging', envs),
    actions: fc.oneof(fc.subarray(actions, { maxLength: 2 }), fc.array(fc.constantFrom(...actions, 'unknown'), { maxLength: 3 })),
    records: optional(fc.integer({ min: 0, max: 3 })),
  })
  .map(({ records, ...rest }) => ({ ...rest, ...(records === undefined ? {} : { records }) }));

test('whatever comes of it is granted, was asked, ends in time, is not in production, and asks if it is risky', () => {
  let allowed = 0;
  fc.assert(
    fc.property(policySpec, request, moment, (spec, asked, nowMs) => {
      const decision = decide(policyOf(spec), asked, nowMs);
      if (decision.kind === 'deny') return;
      allowed += 1;
      const grant = spec.grants[decision.grant.id] as Required<GrantSpec>;
      assert.ok(grant.agents.includes(asked.agent) && grant.tool === asked.tool && grant.env === asked.env);
      assert.ok(decision.actions.length > 0);
      assert.equal(spec.tools[asked.tool]?.environments[asked.env]?.production, false);
      const effects = decision.actions.map((name) => {
        assert.ok(grant.actions.includes(name), 'outside the grant');
        assert.ok(asked.actions.length === 0 || asked.actions.includes(name), 'not asked for');
        const effect = spec.tools[asked.tool]?.actions[name]?.effect;
        assert.ok(effect !== undefined);
        return effect;
      });
      assert.ok(effects.every((effect) => effect === 'read') || effects.length === 1, 'reads, or one other');
      assert.equal(decision.kind === 'ask', effects.some(isRisky));
      if (asked.actions.length === 0) assert.deepEqual(new Set(effects), new Set(['read']));
      assert.ok(asked.records === undefined || grant.records === undefined || asked.records <= grant.records);
      assert.ok(decision.endsMs > nowMs && decision.endsMs <= Math.min(Date.parse(grant.ends), nowMs + 3_600_000, nowMs + grant.ttlSeconds * 1000));
    }),
    { numRuns: 1_500 },
  );
  assert.ok(allowed > 50, `only ${allowed} requests were allowed, so this shows little`);
});

test('a grant for another agent never changes a decision', () => {
  fc.assert(
    fc.property(policySpec, grantSpec, request, moment, (spec, grant, asked, nowMs) => {
      const others = agents.filter((agent) => agent !== asked.agent);
      const more = policyOf({ ...spec, grants: { 'a-new': { ...grant, agents: others }, ...spec.grants, 'z-new': { ...grant, agents: others } } });
      assert.deepEqual(decide(more, asked, nowMs), decide(policyOf(spec), asked, nowMs));
    }),
    { numRuns: 300 },
  );
});

test('taking a grant away never allows what was denied, nor more actions than before', () => {
  fc.assert(
    fc.property(policySpec, request, moment, fc.nat(), (spec, asked, nowMs, pick) => {
      const ids = Object.keys(spec.grants);
      const gone = ids[pick % ids.length] as string;
      const { [gone]: _gone, ...rest } = spec.grants;
      const before = decide(policyOf(spec), asked, nowMs);
      const after = decide(policyOf({ ...spec, grants: rest }), asked, nowMs);
      if (before.kind === 'deny') assert.equal(after.kind, 'deny');
      else if (after.kind !== 'deny') assert.ok(after.actions.length <= before.actions.length);
    }),
    { numRuns: 300 },
  );
});
