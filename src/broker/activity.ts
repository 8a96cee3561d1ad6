/** What agents did in the last minutes, counted in memory for the status screen; the ledger is the record. */

const BUCKET_MS = 10_000;
export const ACTIVITY_WINDOW_SECONDS = 300;
const BUCKETS_KEPT = (ACTIVITY_WINDOW_SECONDS * 1000) / BUCKET_MS;

export interface AgentActivity {
  readonly issued: number;
  readonly denied: number;
}

/** Counts per agent in buckets of ten seconds. Agents are those of the policy, so their number is bounded. */
export class Activity {
  /** By the bucket's start; the newest last. */
  readonly #buckets = new Map<number, Map<string, { issued: number; denied: number }>>();

  /** Counts one answer; what no known agent did is not counted. */
  count(agent: string | undefined, what: 'issued' | 'denied', nowMs: number): void {
    if (agent === undefined) return;
    const start = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
    const bucket = this.#buckets.get(start) ?? new Map<string, { issued: number; denied: number }>();
    this.#buckets.set(start, bucket);
    const counted = bucket.get(agent) ?? { issued: 0, denied: 0 };
    counted[what] += 1;
    bucket.set(agent, counted);
    for (const old of this.#buckets.keys()) if (this.#buckets.size > BUCKETS_KEPT + 1) this.#buckets.delete(old);
  }

  /** The sums over the last `ACTIVITY_WINDOW_SECONDS`, to the bucket. */
  recent(nowMs: number): ReadonlyMap<string, AgentActivity> {
    const sums = new Map<string, { issued: number; denied: number }>();
    for (const [start, bucket] of this.#buckets) {
      if (start <= nowMs - ACTIVITY_WINDOW_SECONDS * 1000) continue;
      for (const [agent, { issued, denied }] of bucket) {
        const sum = sums.get(agent) ?? { issued: 0, denied: 0 };
        sums.set(agent, { issued: sum.issued + issued, denied: sum.denied + denied });
      }
    }
    return sums;
  }
}
