import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DENY_REASONS, type DenyReason } from '../../src/core/reasons.ts';
import { locate } from '../../src/grants/why.ts';
import { withGrants } from './policy-builder.ts';

const policy = withGrants({ 'support-orders': {} });
const target = { agent: 'support-agent', tool: 'orders', env: 'staging' } as const;
const place = (reason: DenyReason, grant?: string): string | undefined => {
  const located = locate(policy, { reason, ...target, ...(grant === undefined ? {} : { grant }) });
  return located.place && `${located.place.file}:${located.place.line}`;
};

describe('every reason has a rule, and something to do about it', () => {
  for (const reason of DENY_REASONS) {
    test(reason, () => {
      const { rule, todo } = locate(policy, { reason });
      assert.match(rule, /^[A-Z`].{15,}\.$/i);
      assert.match(todo, /^[A-Z].{15,}\.$/);
    });
  }
  test('no two reasons are explained alike', () => assert.equal(new Set(DENY_REASONS.map((reason) => locate(policy, { reason }).rule)).size, DENY_REASONS.length));
});

describe('a rule is found in the files of today', () => {
  const table: readonly (readonly [DenyReason, string | undefined, string | undefined])[] = [
    ['grant_expired', 'support-orders', 'support-orders.yaml:1'],
    ['outside_hours', 'support-orders', 'support-orders.yaml:1'],
    ['action_not_granted', 'support-orders', 'support-orders.yaml:1'],
    ['grant_expired', 'gone-since', undefined],
    ['unsigned', 'support-orders', 'support-orders.yaml:1'],
    ['unknown_action', undefined, 'tools/orders.yaml:2'],
    ['not_your_environment', undefined, 'tools/orders.yaml:9'],
    ['no_grant', undefined, 'agents.yaml:3'],
    ['replayed', undefined, undefined],
  ];
  for (const [reason, grant, expected] of table) {
    test(`${reason}${grant === undefined ? '' : ` of ${grant}`}: ${expected ?? 'no file'}`, () => assert.equal(place(reason, grant), expected));
  }
});

test('the words name what was asked, and show nothing that a terminal would obey', () => {
  const { rule } = locate(policy, { reason: 'no_grant', ...target, agent: '\u001b[2Jevil\u202e', tool: 'x'.repeat(500) });
  assert.match(rule, /staging/);
  assert.match(rule, /^[\x20-\x7e]{1,300}$/);
});
