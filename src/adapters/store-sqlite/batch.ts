/** The group commit: many commands, one transaction, one disk sync; each command is all or nothing by itself. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Commit, CommitResult, Precondition } from '../../store/port.ts';
import { type Counters, EffectWriter } from './effects.ts';
import { StoreBusyError, StoreFailedError, toWireError, type WireError } from './errors.ts';
import { PreconditionJudge } from './preconditions.ts';
import { windowStart } from './rate-window.ts';

/** What became of one command; a refusal names its precondition by index, so that it need not travel back. */
export type Outcome =
  | Exclude<CommitResult, { type: 'refused' }>
  | { readonly type: 'refused'; readonly index: number; readonly retryAfterMs?: number }
  | { readonly type: 'failed'; readonly error: WireError };

/** SQLite's primary result codes (the low byte of `errcode`). */
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT = 19;

export class BatchWriter {
  readonly #db: DatabaseSync;
  readonly #judge: PreconditionJudge;
  readonly #effects: EffectWriter;
  readonly #epoch: StatementSync;
  readonly #next: StatementSync;
  readonly #save: StatementSync;
  readonly #undo: StatementSync;
  readonly #release: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#judge = new PreconditionJudge(db);
    this.#effects = new EffectWriter(db);
    this.#epoch = db.prepare(`SELECT value AS epoch FROM meta WHERE name = 'epoch'`);
    this.#next = db.prepare(`SELECT (SELECT coalesce(max(position) + 1, 0) FROM ledger) AS position, (SELECT coalesce(max(place) + 1, 1) FROM stops) AS place`);
    this.#save = db.prepare('SAVEPOINT command');
    this.#undo = db.prepare('ROLLBACK TO command');
    this.#release = db.prepare('RELEASE command');
  }

  /** One outcome per command, in order, all durable. Throws when the transaction failed: then nothing of it is visible. */
  write(commits: readonly Commit[]): readonly Outcome[] {
    return inTransaction(this.#db, () => {
      const { epoch } = this.#epoch.get() as { epoch: string };
      const next = { ...this.#next.get() } as unknown as Counters;
      return commits.map((commit) => this.#run(commit, epoch, next));
    });
  }

  #run(commit: Commit, epoch: string, next: Counters): Outcome {
    if (commit.epoch !== epoch) return { type: 'wrongEpoch', epoch };
    const before = { ...next };
    this.#save.run();
    try {
      const index = commit.preconditions.findIndex((precondition) => !this.#judge.holds(precondition));
      if (index >= 0) return refusal(index, commit.preconditions[index] as Precondition);
      for (const effect of commit.effects) this.#effects.write(effect, next);
      return { type: 'committed', stopPlaces: range(before.place, next.place), positions: range(before.position, next.position) };
    } catch (error) {
      if (isStorageFailure(error)) throw error;
      // A bug of this command alone: its neighbours go on as if it had never come.
      this.#undo.run();
      Object.assign(next, before);
      return { type: 'failed', error: toWireError(error) };
    } finally {
      if (this.#db.isTransaction) this.#release.run();
    }
  }
}

/** Runs `work` and commits durably. Throws `StoreBusyError` or `StoreFailedError` when that fails, with everything rolled back. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  try {
    db.exec('BEGIN IMMEDIATE');
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    if (primaryCode(error) === SQLITE_BUSY) throw new StoreBusyError('another process keeps the store locked: try again', { cause: error });
    if (isStorageFailure(error)) throw new StoreFailedError(`the store could not write: ${(error as Error).message}`, { cause: error });
    throw error;
  }
}

function refusal(index: number, precondition: Precondition): Outcome {
  if (precondition.type !== 'underRate') return { type: 'refused', index };
  const { windowMs, nowMs } = precondition;
  return { type: 'refused', index, retryAfterMs: windowStart(windowMs, nowMs) + windowMs - nowMs };
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, index) => from + index);

const primaryCode = (error: unknown): number | undefined => {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
};

/** Whether SQLite failed by itself (disk, lock, damage) and not because of what one command asked for. */
const isStorageFailure = (error: unknown): boolean => {
  const code = primaryCode(error);
  return code !== undefined && code !== SQLITE_CONSTRAINT;
};
