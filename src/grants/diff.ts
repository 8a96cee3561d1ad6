/** What a change of the policy means: who gains what, and who loses what, in sentences for the person who reviews it. */
import type { Change } from './change.ts';
import { accessChanges } from './diff-access.ts';
import { partyChanges } from './diff-parties.ts';
import { toolChanges } from './diff-tools.ts';
import type { Policy } from './policy.ts';

/** Everything that differs between two policies in what they allow, ordered by who it is about. Wording of reasons and dates of review are left out. */
export function diffPolicies(before: Policy, after: Policy): readonly Change[] {
  if (before.digest === after.digest) return [];
  const changes = [...partyChanges(before, after), ...accessChanges(before, after), ...toolChanges(before, after)];
  return changes.sort((a, b) => (a.who === b.who ? 0 : a.who < b.who ? -1 : 1));
}
