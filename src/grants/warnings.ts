/** What is no error in a policy, but that a person should look at. */
import type { Grant, Policy } from './policy.ts';
import { type Problem, problemAt, sortProblems } from './problem.ts';
import { endInWords, personNamer } from './words.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;

/** Grants that are over or soon will be, that are due for review, or that do nothing; agents that may do nothing. Each with its place. */
export function policyWarnings(policy: Policy, nowMs: number): readonly Problem[] {
  const namer = personNamer(policy.people);
  const holders = new Set([...policy.grants.values()].flatMap(({ agents }) => [...agents]));
  return sortProblems([
    ...[...policy.grants.values()].flatMap((grant) =>
      grantWarnings(policy, grant, namer(grant.approver), nowMs).map((message) => problemAt(grant.source, `${grant.id} ${message}`)),
    ),
    ...[...policy.agents.values()]
      .filter(({ id }) => !holders.has(id))
      .map(({ id, source }) => problemAt(source, `${id} may do nothing: no grant names it`)),
  ]);
}

function grantWarnings(policy: Policy, { tool, env, expiresMs, review }: Grant, approver: string, nowMs: number): readonly string[] {
  const end = endInWords(expiresMs);
  if (nowMs >= expiresMs) return [`ended on ${end} and gives nothing any more: remove it, or ask ${approver} for a later \`expires\``];
  const warnings: string[] = [];
  if (expiresMs - nowMs <= SOON_MS) warnings.push(`ends on ${end}: if it is still needed, ask ${approver} for a later \`expires\``);
  if (review !== undefined && nowMs >= Date.parse(review)) warnings.push(`was to be reviewed by ${review}: ask ${approver} to look at it and set the next \`review\``);
  if (policy.tools.get(tool)?.environments.get(env)?.production === true) {
    warnings.push(`does nothing yet: ${env} of ${tool} is production, and this version cannot sign grants`);
  }
  return warnings;
}
