/** Plain words for people: dates, lists and names, the same in every sentence that the policy is told in. */
import { formatDuration } from '../core/durations.ts';
import { NAME_PATTERN, type PersonId } from '../core/names.ts';
import type { CallRate, Person } from './policy.ts';

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] as const;
const DAY_MS = 86_400_000;

/**
 * When something ends, given the first millisecond after it: `31 March 2027` for the end of a day UTC, which is how a date in
 * a grant file is meant, else `31 March 2027 at 12:30 UTC`.
 */
export function endInWords(endMs: number): string {
  const isEndOfDay = endMs % DAY_MS === 0;
  const date = new Date(isEndOfDay ? endMs - 1 : endMs);
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
  return isEndOfDay ? day : `${day} at ${date.toISOString().slice(11, 16)} UTC`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listInWords(items: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

/** `60 calls per minute`. */
export function callsInWords({ calls, windowSeconds }: CallRate): string {
  const window = { 1: 'second', 60: 'minute', 3600: 'hour', 86400: 'day' }[windowSeconds] ?? formatDuration(windowSeconds);
  return `${calls} ${calls === 1 ? 'call' : 'calls'} per ${window}`;
}

/** `1 record per call`, and for no bound `any number of records per call`. */
export const recordsInWords = (records: number | undefined): string =>
  records === undefined ? 'any number of records per call' : `${records} ${records === 1 ? 'record' : 'records'} per call`;

/** A name as somebody asked for it, which may be anything: quoted, short and printable unless it is a proper name. */
export const askedName = (asked: string): string =>
  NAME_PATTERN.test(asked) ? asked : JSON.stringify(asked.slice(0, 64)).replace(/[^\x20-\x7e]/g, '?');

export const capitalize = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/**
 * How to call each person: `dana@example.com` is Dana and `kim.lee@example.com` is Kim Lee, unless another person would be
 * called the same. Made once for many sentences.
 */
export function personNamer(people: ReadonlyMap<PersonId, Person>): (id: PersonId) => string {
  const owners = new Map<string, PersonId | undefined>();
  for (const id of people.keys()) owners.set(shortName(id), owners.has(shortName(id)) ? undefined : id);
  return (id) => (owners.get(shortName(id)) === id ? shortName(id) : id);
}

const shortName = (id: PersonId): string => {
  const local = id.slice(0, id.indexOf('@'));
  return /^[a-z]+([._-][a-z]+)*$/.test(local) ? local.split(/[._-]/).map(capitalize).join(' ') : id;
};
