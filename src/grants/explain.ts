/** The policy in plain words: what a support lead understands in half a minute. */
import { formatDuration } from '../core/durations.ts';
import type { AgentId, PersonId } from '../core/names.ts';
import { needsApproval } from './decide.ts';
import type { Action, Environment, Grant, Policy } from './policy.ts';
import { callsInWords, capitalize, endInWords, listInWords, personNamer, recordsInWords } from './words.ts';

/** What a token lives when its grant does not say; only a longer life is worth a word. */
const ORDINARY_TTL_SECONDS = 300;

type Namer = (id: PersonId) => string;

/**
 * One grant in a few sentences: "Support-agent may look up the status of one order in staging. Nothing else. Dana approved it;
 * it ends on 31 March 2027."
 */
export function explainGrant(policy: Policy, grant: Grant, nowMs: number): string {
  return sentencesOf(policy, grant, [...grant.agents], nowMs, personNamer(policy.people));
}

/** Every grant, under the agent that holds it; agents and grants in the order of their ids, and agents that hold nothing too. */
export function explainPolicy(policy: Policy, nowMs: number): string {
  const namer = personNamer(policy.people);
  const held = new Map<AgentId, string[]>([...policy.agents.keys()].sort().map((agent) => [agent, []]));
  for (const grant of [...policy.grants.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const agent of grant.agents) held.get(agent)?.push(`  ${grant.id} (${grant.tool}): ${sentencesOf(policy, grant, [agent], nowMs, namer)}`);
  }
  return [...held].map(([agent, grants]) => `${agent}\n${grants.length === 0 ? '  May do nothing: no grant names it.' : grants.join('\n')}\n`).join('\n');
}

function sentencesOf(policy: Policy, grant: Grant, agents: readonly AgentId[], nowMs: number, namer: Namer): string {
  const tool = policy.tools.get(grant.tool);
  const environment = tool?.environments.get(grant.env);
  if (tool === undefined || environment === undefined) throw new Error(`grant ${grant.id} speaks of a tool or environment that the policy lacks`);
  const actions = [...grant.actions].flatMap((name) => tool.actions.get(name) ?? []);
  const who = listInWords(agents);
  const what = `${listInWords(actions.map((action) => action.says))} in ${grant.env}`;
  const approver = namer(grant.approver);
  const end = endInWords(grant.expiresMs);
  if (nowMs >= grant.expiresMs) return `Ended on ${end}, and gives nothing any more: ${who} could ${what}.`;

  const sentences = [`${capitalize(who)} may ${what}.`, 'Nothing else.', ...conditionsOf(grant, actions, environment)];
  if (environment.production) {
    sentences.push(`It does nothing yet: ${grant.env} is production, and this is not signed.`, `${approver} is to sign it; it ends on ${end}.`);
  } else {
    sentences.push(`${approver} approved it; it ends on ${end}.`);
  }
  return sentences.join(' ');
}

/** What holds an allowed action back: a person's yes, hours, rates. Silent about what nobody set. */
function conditionsOf(grant: Grant, actions: readonly Action[], environment: Environment): readonly string[] {
  const { ttlSeconds, records, calls, hours } = grant.limits;
  const asked = actions.filter((action) => needsApproval(action, environment)).map((action) => action.says);
  const countsRecords = actions.some((action) => Object.keys(action.records).length > 0);
  const bounds = [
    ...(hours === undefined ? [] : [`only ${hours.text}`]),
    ...(calls === undefined ? [] : [`at most ${callsInWords(calls)}`]),
    ...(records !== undefined && records > 1 ? [`at most ${recordsInWords(records)}`] : []),
    ...(records === undefined && countsRecords ? [recordsInWords(records)] : []),
    ...(ttlSeconds > ORDINARY_TTL_SECONDS ? [`each token lasts up to ${formatDuration(ttlSeconds)}`] : []),
  ];
  return [
    ...(asked.length === 0 ? [] : [`A person must say yes each time before it may ${listInWords(asked, 'or')}.`]),
    ...(bounds.length === 0 ? [] : [`${capitalize(bounds.join('; '))}.`]),
  ];
}
