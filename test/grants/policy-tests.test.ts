import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicyTests, type PolicyTest, type PolicyTestResult, runPolicyTests } from '../../src/grants/policy-tests.ts';
import { withGrants } from './policy-builder.ts';

const policy = withGrants({ 'support-orders': { actions: ['orders.read', 'orders.refund'], records: 1 }, live: { env: 'live' } });
const FILE = 'tests/support.test.yaml';
const parsed = (text: string): readonly PolicyTest[] => {
  const result = parsePolicyTests(FILE, text);
  assert.ok(result.ok, JSON.stringify(result));
  return result.tests;
};
const one = (test: string): PolicyTestResult => {
  const [result] = runPolicyTests(policy, parsed(`now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agent: support-agent, tool: orders, env: staging, ${test}}\n`));
  assert.ok(result);
  return result;
};

test('a file of tests is read, and run in its order', () => {
  const results = runPolicyTests(policy, parsed(`
now: 2027-01-15T13:00:00Z
tests:
  - name: support reads orders
    agent: support-agent
    tool: orders
    env: staging
    actions: [orders.read]
    expect: allow
  - name: but not in production
    agent: support-agent
    tool: orders
    env: live
    actions: [orders.read]
    expect: allow
`));
  assert.deepEqual(results, [
    { name: 'support reads orders', passed: true, expected: 'allow', got: 'allow', reasons: [], file: FILE, line: 4 },
    { name: 'but not in production', passed: false, expected: 'allow', got: 'deny as unsigned', reasons: ['unsigned'], file: FILE, line: 10 },
  ]);
});

describe('a test passes when what comes is what it expects', () => {
  const table: readonly (readonly [string, boolean, string])[] = [
    ['actions: [orders.read], expect: allow', true, 'allow'],
    ['expect: allow', true, 'allow'],
    ['actions: [orders.read], expect: deny', false, 'allow'],
    ['actions: [orders.read], expect: ask', false, 'allow'],
    ['actions: [orders.refund], expect: ask', true, 'ask'],
    ['actions: [orders.refund], expect: allow', false, 'ask'],
    ['actions: [orders.mail], expect: deny', true, 'deny as action_not_granted'],
    ['actions: [orders.mail], expect: deny, reason: action_not_granted', true, 'deny as action_not_granted'],
    ['actions: [orders.mail], expect: deny, reason: unsigned', false, 'deny as action_not_granted'],
    ['actions: [orders.read], records: 1, expect: allow', true, 'allow'],
    ['actions: [orders.read], records: 2, expect: deny, reason: too_many_records', true, 'deny as too_many_records'],
    ['actions: [orders.mail], records: 2, expect: deny, reason: too_many_records', true, 'deny as action_not_granted, too_many_records'],
    ['expect: deny, reason: grant_expired, now: 2027-04-01T00:00:00Z', true, 'deny as grant_expired'],
    ['expect: allow, now: 2027-04-01T01:59:59+02:00', true, 'allow'],
  ];
  for (const [text, passed, got] of table) {
    test(text, () => {
      const result = one(text);
      assert.deepEqual([result.passed, result.got], [passed, got]);
    });
  }
});

test('a misspelt name does not pass as a denial, unless that is what is tested', () => {
  const typo = one('actions: [orders.raed], expect: deny');
  assert.ok(!typo.passed);
  assert.match(typo.expected, /add `reason: unknown_action`/);
  assert.ok(one('actions: [orders.raed], expect: deny, reason: unknown_action').passed);
});

describe('a file that cannot be understood says where and why', () => {
  const good = '{name: t, agent: a, tool: b, env: c, expect: allow}';
  const table: readonly (readonly [string, RegExp])[] = [
    [`now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agnet: a, agent: a, tool: b, env: c, expect: allow}\n`, /^3:15 unknown key `agnet` \(did you mean `agent`\?\)$/],
    [`now: 2027-01-15T13:00:00Z\ntest: []\ntests:\n  - ${good}\n`, /^2:1 unknown key `test` \(did you mean `tests`\?\)$/],
    [`tests:\n  - ${good}\n`, /^1:1 `now` is missing: the moment/],
    [`now: yesterday\ntests:\n  - ${good}\n`, /^1:6 `now` must be an instant/],
    ['now: 2027-01-15T13:00:00Z\ntests: []\n', /^2:8 `tests` must name at least one$/],
    ['now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agent: a, tool: b, env: c, expect: maybe}\n', /^3:\d+ `expect` must be `allow`, `ask` or `deny`$/],
    ['now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agent: a, tool: b, env: c, expect: deny, reason: because}\n', /^3:\d+ `reason` must be `unknown_tool`, /],
    ['now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agent: a, tool: b, env: c, expect: allow, reason: unsigned}\n', /^3:\d+ `reason` is there, but only a denial has a reason$/],
    ['now: 2027-01-15T13:00:00Z\ntests:\n  - {name: t, agent: a, tool: b, env: c, expect: allow, records: -1}\n', /^3:\d+ `records` must be at least 0$/],
    [`now: 2027-01-15T13:00:00Z\ntests:\n  - ${good}\n  - ${good}\n`, /^4:\d+ another test has this name$/],
    ['now: [', /^1:/],
    ['', /the file is empty/],
  ];
  for (const [text, expected] of table) {
    test(expected.source, () => {
      const result = parsePolicyTests(FILE, text);
      assert.ok(!result.ok);
      const said = result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
      assert.ok(said.some((problem) => expected.test(problem)), said.join('\n'));
      assert.ok(result.problems.every(({ file }) => file === FILE));
    });
  }
});
