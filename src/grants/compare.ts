/**
 * Whether the new version of something allows more or less than the old one. Where a thing stands in the files is no part
 * of it. What cannot be put on one scale is `changed`: a reader must look, and a reload cuts.
 */
import type { CallRate, Effect, Hours, Limits, Proof } from './policy.ts';

export type Comparison = 'same' | 'wider' | 'narrower' | 'changed';

/** The one answer for several parts: two that pull in different directions make `changed`. */
const together = (parts: readonly Comparison[]): Comparison =>
  parts.reduce((all, part) => (part === 'same' || part === all ? all : all === 'same' ? part : 'changed'), 'same');

/** Compares two bounds where a larger one allows more, and none at all allows most. */
export function compareBound(before: number | undefined, after: number | undefined): Comparison {
  const [was, is] = [before ?? Number.POSITIVE_INFINITY, after ?? Number.POSITIVE_INFINITY];
  return was === is ? 'same' : is > was ? 'wider' : 'narrower';
}

/** Rates over different windows are not on one scale: 60/min and 3600/h differ in what a burst may do. */
export function compareCalls(before: CallRate | undefined, after: CallRate | undefined): Comparison {
  if (before === undefined || after === undefined) return before === after ? 'same' : after === undefined ? 'wider' : 'narrower';
  return before.windowSeconds === after.windowSeconds ? compareBound(before.calls, after.calls) : 'changed';
}

/** Compares when something holds: at any of these hours, or, for an empty list, always. */
export function compareHours(before: readonly Hours[], after: readonly Hours[]): Comparison {
  const [grows, shrinks] = [coverAll(after, before), coverAll(before, after)];
  return grows && shrinks ? 'same' : grows ? 'wider' : shrinks ? 'narrower' : 'changed';
}

export const compareLimits = (before: Limits, after: Limits): Comparison =>
  together([
    compareBound(before.ttlSeconds, after.ttlSeconds),
    compareBound(before.records, after.records),
    compareCalls(before.calls, after.calls),
    // Of 10,000 grants nearly all keep their hours, and text is compared faster than days.
    before.hours?.text === after.hours?.text ? 'same' : compareHours(hoursOf(before), hoursOf(after)),
  ]);

/** A softer effect allows more, for it asks for less: reads are given by default, and only risky actions need a yes each time. */
export function compareEffect(before: Effect, after: Effect): Comparison {
  if (before === after) return 'same';
  const [was, is] = [hardness(before), hardness(after)];
  return is < was ? 'wider' : is > was ? 'narrower' : 'changed';
}

/** What `from` holds and `other` lacks, in the order of `from`. */
export const missing = <T>(from: Iterable<T>, other: ReadonlySet<T>): readonly T[] => [...from].filter((item) => !other.has(item));

/** Whether `from` holds anything that `other` lacks. */
export function isMissingAny<T>(from: Iterable<T>, other: ReadonlySet<T>): boolean {
  for (const item of from) if (!other.has(item)) return true;
  return false;
}

/** Each way in which a principal can prove itself, as its whole content, with words that name it for a reader. */
export function proofParts(proof: Proof): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const key of proof.keys) parts.set(`key ${sortedJson(key)}`, key.kid === undefined ? `a key (${key.kty})` : `the key ${key.kid}`);
  if (proof.jwksUri !== undefined) parts.set(`jwks_uri ${proof.jwksUri}`, `the key set at ${proof.jwksUri}`);
  if (proof.identity !== undefined) {
    const { issuer, subject } = proof.identity;
    parts.set(`identity ${JSON.stringify([issuer, subject])}`, `the identity ${subject} of ${issuer}`);
  }
  return parts;
}

/** Text that is equal for equal records, whatever order their members were written in. For flat values, which keys and records are. */
export const sortedJson = (value: object): string => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

const hoursOf = ({ hours }: Limits): readonly Hours[] => (hours === undefined ? [] : [hours]);

const coverAll = (wide: readonly Hours[], narrow: readonly Hours[]): boolean =>
  wide.length === 0 || (narrow.length > 0 && narrow.every((hours) => wide.some((other) => covers(other, hours))));

const covers = (wide: Hours, narrow: Hours): boolean =>
  wide.timeZone === narrow.timeZone &&
  wide.fromMinute <= narrow.fromMinute &&
  wide.toMinute >= narrow.toMinute &&
  narrow.days.values().every((day) => wide.days.has(day));

const hardness = (effect: Effect): number => (effect === 'read' ? 0 : effect === 'write' ? 1 : 2);
