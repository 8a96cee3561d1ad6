/** The bounds of a grant: what the file says, or what holds when it says nothing. */
import { parseCallRate, parseDurationSeconds } from '../core/durations.ts';
import { parseHours } from './hours.ts';
import type { Action, Environment, Limits } from './policy.ts';
import type { GrantFile } from './schema.ts';

const DEFAULT_TTL_SECONDS = 300;
const MAX_TTL_SECONDS = 3_600;

/** What one call may touch under a grant for more than reads, unless the grant says more. */
const DEFAULT_RECORDS = 1;

type Report = (key: 'ttl' | 'calls' | 'hours', message: string) => void;

/** `actions` are those that the grant names. */
export function compileLimits(written: GrantFile['limits'], actions: readonly Action[], environment: Environment, report: Report): Limits {
  const ttlSeconds = written?.ttl === undefined ? DEFAULT_TTL_SECONDS : (parseDurationSeconds(written.ttl) ?? 0);
  if (ttlSeconds > MAX_TTL_SECONDS) report('ttl', 'a token lives at most 1h: write `1h` or less');
  const records = written?.records ?? (actions.some(({ effect }) => effect !== 'read') ? DEFAULT_RECORDS : undefined);
  const calls = written?.calls === undefined ? undefined : parseCallRate(written.calls);
  if (calls !== undefined && environment.enforcedBy === 'signature') {
    report('calls', `nothing counts calls where tokens are checked by signature alone: remove it, or change \`enforced_by\` of ${environment.env}`);
  }
  const parsed = written?.hours === undefined ? undefined : parseHours(written.hours);
  if (parsed?.ok === false) report('hours', parsed.problem);
  return {
    ttlSeconds,
    ...(records === undefined ? {} : { records }),
    ...(calls === undefined ? {} : { calls }),
    ...(parsed?.ok === true ? { hours: parsed.hours } : {}),
  };
}
