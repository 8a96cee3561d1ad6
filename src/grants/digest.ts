/** One short text for a whole policy. */
import { createHash } from 'node:crypto';
import type { Policy } from './policy.ts';

/** SHA-256 (base64url) over what the policy says, wherever in the files it stands and in whatever order. */
export function policyDigest({ people, agents, tools, grants }: Pick<Policy, 'people' | 'agents' | 'tools' | 'grants'>): string {
  return createHash('sha256').update(JSON.stringify(canonical({ people, agents, tools, grants }))).digest('base64url');
}

/** Maps, sets and the members of objects in the order of their names; lists, whose order may mean something, as they are. */
function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  if (value instanceof Set) return [...value].sort();
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value).filter(([name]) => name !== 'source');
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, canonical(member)]);
}
