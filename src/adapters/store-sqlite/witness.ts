/**
 * The witness: a small file beside the store that remembers how far the store once was. A store that is behind its witness
 * was put back from an older copy. It is written after a commit, never before, so that a crash can only leave it behind.
 */
import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { syncFolderOf } from './store-file.ts';

/** How far a store is, or was. */
export interface Testimony {
  readonly epoch: string;
  /** The last place in the order of stops; 0: there was no stop. */
  readonly place: number;
  /** How many entries the ledger has. */
  readonly entries: number;
}

/** Written in place: a disk writes a sector whole or not at all. The padding keeps a shorter text from leaving a tail. */
const WITNESS_BYTES = 256;

export const witnessFileOf = (file: string): string => `${file}.witness`;

export function testimonyOf(db: DatabaseSync): Testimony {
  const row = db
    .prepare(
      `SELECT (SELECT value FROM meta WHERE name = 'epoch') AS epoch, (SELECT coalesce(max(place), 0) FROM stops) AS place,
        (SELECT coalesce(max(position) + 1, 0) FROM ledger) AS entries`,
    )
    .get();
  return { ...row } as unknown as Testimony;
}

/** The file, held open for writing. Made, readable by its owner only, when it is missing. */
export class Witness {
  readonly #fd: number;

  constructor(file: string) {
    this.#fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    syncFolderOf(file);
  }

  /** Returns when it is on the disk. */
  write(testimony: Testimony): void {
    writeSync(this.#fd, JSON.stringify(testimony).padEnd(WITNESS_BYTES), 0);
    ftruncateSync(this.#fd, WITNESS_BYTES);
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
