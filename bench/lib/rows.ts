/** What a benchmark finds out: one row per thing and side, with the median and the spread over the rounds. */

export interface Row {
  /** What was measured: `token exchange, fresh subject_token`. */
  readonly what: string;
  /** Of whom, or beside whom: `Hallpass`. */
  readonly side: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value at a share of the sorted values; between two of them for the middle of an even number. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
  return below + (above - below) * (place - Math.floor(place));
}

export const rowOf = (what: string, side: string, unit: string, values: readonly number[]): Row => ({
  what, side, unit, median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length,
});

/**
 * Ours over theirs, round by round: two sides of one round ran one after the other on the same busy machine, so that their
 * ratio says more than either figure.
 */
export const ratioRow = (what: string, side: string, ours: readonly number[], theirs: readonly number[]): Row =>
  rowOf(what, side, 'x', ours.map((value, round) => value / (theirs[round] as number)));
