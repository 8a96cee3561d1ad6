/** How much is measured: enough for figures, or just enough to see that everything runs. */

export interface Scale {
  readonly rounds: number;
  /** Requests of one side in one round, and before the first. */
  readonly requests: number;
  readonly warmUp: number;
  /** Requests of one round when one is sent after the other. */
  readonly single: number;
  readonly starts: number;
  readonly reloadedGrants: number;
  readonly reloads: number;
  readonly decidedGrants: readonly number[];
  readonly decisions: number;
  readonly commits: number;
}

export const FULL: Scale = {
  rounds: 5, requests: 3_000, warmUp: 4_000, single: 200, starts: 7,
  reloadedGrants: 10_000, reloads: 4, decidedGrants: [10, 100_000], decisions: 300_000, commits: 6_000,
};

export const QUICK: Scale = {
  rounds: 1, requests: 64, warmUp: 64, single: 5, starts: 1,
  reloadedGrants: 50, reloads: 1, decidedGrants: [10, 1_000], decisions: 1_000, commits: 128,
};

/** Requests, or commits, that are under way at the same time. */
export const IN_FLIGHT = 64;
