/** Differences in who agents and people are, how they prove it, and what people may approve. */
import type { Change } from './change.ts';
import { missing, proofParts } from './compare.ts';
import type { Person, Policy, Proof } from './policy.ts';
import { capitalize } from './words.ts';

export const partyChanges = (before: Policy, after: Policy): readonly Change[] => [...agentChanges(before, after), ...peopleChanges(before, after)];

function* agentChanges(before: Policy, after: Policy): Generator<Change> {
  for (const id of new Set([...before.agents.keys(), ...after.agents.keys()])) {
    const [was, is] = [before.agents.get(id), after.agents.get(id)];
    if (was === undefined) yield { direction: 'gain', who: id, sentence: `${capitalize(id)} is a new agent, owned by ${is?.owner ?? 'nobody'}.` };
    else if (is === undefined) yield { direction: 'loss', who: id, sentence: `${capitalize(id)} is no agent any more.` };
    else if (was.owner !== is.owner) yield { direction: 'change', who: id, sentence: `${capitalize(id)} is owned by ${is.owner}, it was ${was.owner}.` };
    yield* proofChanges(id, was?.proof, is?.proof);
  }
}

/** What somebody can prove themselves by, gained and lost. Absent: somebody who is not in the policy. */
export function* proofChanges(who: string, before: Proof | undefined, after: Proof | undefined): Generator<Change> {
  const [was, is] = [before, after].map((proof) => (proof === undefined ? new Map<string, string>() : proofParts(proof))) as [
    ReadonlyMap<string, string>,
    ReadonlyMap<string, string>,
  ];
  for (const [part, words] of is) {
    if (!was.has(part)) yield { direction: 'gain', who, sentence: `${capitalize(who)} can now be proved by ${words}.` };
  }
  for (const [part, words] of was) {
    if (!is.has(part)) yield { direction: 'loss', who, sentence: `${capitalize(who)} can no longer be proved by ${words}.` };
  }
}

function* peopleChanges(before: Policy, after: Policy): Generator<Change> {
  for (const id of new Set([...before.people.keys(), ...after.people.keys()])) {
    const [was, is] = [before.people.get(id), after.people.get(id)];
    const [hadRoles, hasRoles] = [new Set(was?.roles), new Set(is?.roles)];
    for (const role of missing(hasRoles, hadRoles)) yield { direction: 'gain', who: id, sentence: `${id} now has the role ${role}.` };
    for (const role of missing(hadRoles, hasRoles)) yield { direction: 'loss', who: id, sentence: `${id} no longer has the role ${role}.` };
    const [approved, approves] = [approvals(was), approvals(is)];
    for (const target of missing(approves, approved)) yield { direction: 'gain', who: id, sentence: `${id} may now approve ${target}.` };
    for (const target of missing(approved, approves)) yield { direction: 'loss', who: id, sentence: `${id} may no longer approve ${target}.` };
    yield* proofChanges(id, was?.proof, is?.proof);
  }
}

const approvals = (person: Person | undefined): ReadonlySet<string> =>
  new Set(person?.approves.map(({ tool, env }) => `${tool} in ${env === '*' ? 'every environment that is not production' : env}`));
