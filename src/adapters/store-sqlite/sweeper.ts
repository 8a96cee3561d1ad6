/** Drops what has expired, a bounded number at a time, so that no sweep holds up commits for long. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RecordKind } from '../../store/port.ts';
import { inTransaction } from './batch.ts';

/** Rows of each table that one sweep may drop. */
const ROWS_PER_SWEEP = 1_000;

/** Every kind, so that each is found by the index on kind and expiry. */
const RECORD_KINDS: Readonly<Record<RecordKind, true>> = { token: true, session: true, 'closed-session': true, 'lift-request': true, decision: true };
const KIND_LIST = Object.keys(RECORD_KINDS)
  .map((kind) => `'${kind}'`)
  .join(', ');

export class Sweeper {
  readonly #db: DatabaseSync;
  readonly #deletions: readonly StatementSync[];

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#deletions = [
      'DELETE FROM claims WHERE (namespace, id) IN (SELECT namespace, id FROM claims WHERE expires < ? ORDER BY expires LIMIT ?)',
      'DELETE FROM counts WHERE (key, window, start) IN (SELECT key, window, start FROM counts WHERE expires < ? ORDER BY expires LIMIT ?)',
      `DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE kind IN (${KIND_LIST}) AND expires < ? LIMIT ?)`,
    ].map((sql) => db.prepare(sql));
  }

  /** Drops what expired before `beforeMs`; returns how many rows went: zero says that nothing is left to drop. */
  sweep(beforeMs: number): number {
    return inTransaction(this.#db, () => this.#deletions.reduce((gone, deletion) => gone + Number(deletion.run(beforeMs, ROWS_PER_SWEEP).changes), 0));
  }
}
