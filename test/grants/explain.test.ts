import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GrantId } from '../../src/core/names.ts';
import { explainGrant, explainPolicy } from '../../src/grants/explain.ts';
import { type GrantSpec, policyOf, supportDesk, withGrants } from './policy-builder.ts';

const NOW = Date.parse('2027-01-15T13:00:00Z');
const explained = (spec: GrantSpec): string => {
  const policy = withGrants({ g: spec });
  const grant = policy.grants.get('g' as GrantId);
  assert.ok(grant);
  return explainGrant(policy, grant, NOW);
};

describe('a grant is said in plain words', () => {
  const table: readonly (readonly [string, GrantSpec, string])[] = [
    [
      'the short one', { records: 1 },
      'Support-agent may look up the status of one order in staging. Nothing else. Dana approved it; it ends on 31 March 2027.',
    ],
    [
      'several agents and actions', { agents: ['support-agent', 'triage-agent'], actions: ['orders.read', 'orders.list', 'orders.note'], records: 1 },
      'Support-agent and triage-agent may look up the status of one order, list orders and write a note on one order in staging. Nothing else. Dana approved it; it ends on 31 March 2027.',
    ],
    [
      'a person\'s yes', { actions: ['orders.read', 'orders.refund', 'orders.mail'], records: 1 },
      'Support-agent may look up the status of one order, refund one order and mail the customer in staging. Nothing else. A person must say yes each time before it may refund one order or mail the customer. Dana approved it; it ends on 31 March 2027.',
    ],
    [
      'hours, rate, records, long tokens', { hours: 'Mon-Fri 08:00-18:00 Europe/Berlin', calls: '60/min', records: 10, ttlSeconds: 3600 },
      'Support-agent may look up the status of one order in staging. Nothing else. Only Mon-Fri 08:00-18:00 Europe/Berlin; at most 60 calls per minute; at most 10 records per call; each token lasts up to 1h. Dana approved it; it ends on 31 March 2027.',
    ],
    [
      'no bound on records', {},
      'Support-agent may look up the status of one order in staging. Nothing else. Any number of records per call. Dana approved it; it ends on 31 March 2027.',
    ],
    [
      'an end within a day', { records: 1, ends: '2027-03-31T12:30:00Z' },
      'Support-agent may look up the status of one order in staging. Nothing else. Dana approved it; it ends on 31 March 2027 at 12:30 UTC.',
    ],
    [
      'production', { env: 'live', actions: ['orders.note'], approver: 'kim@example.com', records: 1 },
      'Support-agent may write a note on one order in live. Nothing else. A person must say yes each time before it may write a note on one order. It does nothing yet: live is production, and this is not signed. Kim is to sign it; it ends on 31 March 2027.',
    ],
    [
      'one that is over', { ends: '2027-01-15T00:00:00Z' },
      'Ended on 14 January 2027, and gives nothing any more: support-agent could look up the status of one order in staging.',
    ],
  ];
  for (const [what, spec, expected] of table) test(what, () => assert.equal(explained(spec), expected));
});

test('two people who would be called the same are named in full', () => {
  const people = { ...supportDesk.people, 'dana@example.org': { roles: ['auditor'] } } as const;
  const policy = policyOf({ ...supportDesk, people, grants: { g: {} } });
  assert.match(explainPolicy(policy, NOW), /dana@example\.com approved it/);
});

test('a whole policy is said agent by agent, those that may do nothing too', () => {
  const policy = withGrants({
    'z-orders': { records: 1 },
    'a-tickets': { tool: 'tickets', actions: ['tickets.read'] },
  });
  assert.equal(explainPolicy(policy, NOW), [
    'support-agent',
    '  a-tickets (tickets): Support-agent may read one ticket in staging. Nothing else. Dana approved it; it ends on 31 March 2027.',
    '  z-orders (orders): Support-agent may look up the status of one order in staging. Nothing else. Dana approved it; it ends on 31 March 2027.',
    '',
    'triage-agent',
    '  May do nothing: no grant names it.',
    '',
  ].join('\n'));
});
