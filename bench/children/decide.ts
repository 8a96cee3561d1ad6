/** How long one decision takes under a policy of so many grants. Arguments: grants, decisions in a round, rounds. */
import { policyOf, supportDesk } from '../../test/grants/policy-builder.ts';
import { type AccessRequest, decide } from '../../src/grants/decide.ts';
import { rowOf } from '../lib/rows.ts';

const [grants = 0, decisions = 0, rounds = 0] = process.argv.slice(2).map(Number);
/** Grants for one agent, tool and environment: more than most have, so that there is something to choose from. */
const PER_AGENT = 5;
/** So many different requests take turns that the processor's caches cannot hold what they touch. */
const REQUESTS = 20_000;
const NOW_MS = Date.parse('2026-06-01T12:00:00Z');

const agentOf = (grant: number): string => `agent-${Math.floor(grant / PER_AGENT)}`;
const numbers = Array.from({ length: grants }, (_, index) => index);
const policy = policyOf({
  ...supportDesk,
  agents: Object.fromEntries(numbers.map((grant) => [agentOf(grant), {}])),
  grants: Object.fromEntries(numbers.map((grant) => [`grant-${grant}`, { agents: [agentOf(grant)], actions: grant % 2 === 0 ? ['orders.read'] : ['orders.read', 'orders.list'] }])),
});

const requests = Array.from({ length: Math.min(REQUESTS, grants * 4) }, (_, index): AccessRequest => ({
  agent: agentOf(Math.floor((index * 7_919) % grants)), tool: 'orders', env: 'staging', actions: index % 4 === 0 ? ['orders.refund'] : ['orders.read'],
}));

/** Returns what was decided, so that nothing of it can be left out. */
function round(): { readonly ns: number; readonly allowed: number } {
  let allowed = 0;
  const startedMs = performance.now();
  for (let index = 0; index < decisions; index += 1) {
    if (decide(policy, requests[index % requests.length] as AccessRequest, NOW_MS).kind === 'allow') allowed += 1;
  }
  return { ns: ((performance.now() - startedMs) * 1e6) / decisions, allowed };
}

round();
const found = Array.from({ length: rounds }, round);
if (found.some(({ allowed }) => allowed === 0 || allowed === decisions)) throw new Error('all requests were decided alike: something is wrong with them');
console.log(JSON.stringify([rowOf('decide', `${grants.toLocaleString('en-US')} grants, ${PER_AGENT} near`, 'ns', found.map(({ ns }) => ns))]));
