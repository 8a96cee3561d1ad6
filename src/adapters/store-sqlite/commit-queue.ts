/** Collects commits while one batch is on its way to the disk, and sends them together as the next. */
import type { Commit, CommitResult, Precondition } from '../../store/port.ts';
import type { Outcome } from './batch.ts';
import { fromWireError, StoreBusyError, StoreClosedError } from './errors.ts';

/** More in one batch would make the first wait for the last. */
const MAX_BATCH = 512;
/** Commits that may wait: some seconds' worth. Beyond that, waiting helps nobody. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes a batch durably; one outcome per commit, in order. */
export type WriteBatch = (commits: readonly Commit[]) => Promise<readonly Outcome[]>;

export class CommitQueue {
  readonly #write: WriteBatch;
  readonly #onStops: () => void;
  readonly #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  /** `onStops` is called when stops have become durable, before their own commits resolve. */
  constructor(write: WriteBatch, onStops: () => void) {
    this.#write = write;
    this.#onStops = onStops;
  }

  commit(commit: Commit): Promise<CommitResult> {
    if (this.#closed) return Promise.reject(new StoreClosedError('the store is closed'));
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new StoreBusyError(`${MAX_WAITING} commits wait for the disk already: try again later`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Takes no more commits, and resolves when those that were taken have been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // those that come in the same turn of the loop share the first batch
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const outcomes = await this.#write(batch.map(({ commit }) => commit));
        if (outcomes.some((outcome) => outcome.type === 'committed' && outcome.stopPlaces.length > 0)) this.#onStops();
        for (const [index, waiting] of batch.entries()) settle(waiting, outcomes[index]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#draining = undefined;
  }
}

function settle({ commit, resolve, reject }: Waiting, outcome: Outcome | undefined): void {
  if (outcome === undefined) reject(new Error('the writing thread left a command unanswered'));
  else if (outcome.type === 'failed') reject(fromWireError(outcome.error));
  else if (outcome.type === 'refused') {
    const { index, ...rest } = outcome;
    resolve({ ...rest, precondition: commit.preconditions[index] as Precondition });
  } else resolve(outcome);
}
