/**
 * The witness: a small file beside the store that remembers how far the store once was. A store that is behind its witness
 * was put back from an older copy. It is written after a commit, never before, so that a crash can only leave it behind.
 */
import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import * as z from 'zod';
import { syncFolderOf } from './store-file.ts';

/** Written in place: a disk writes a sector whole or not at all. The padding keeps a shorter text from leaving a tail. */
const WITNESS_BYTES = 256;

const testimonySchema = z.strictObject({
  epoch: z.string().max(64),
  /** The last place in the order of stops. */
  place: z.int().nonnegative(),
  /** How many entries the ledger had. */
  entries: z.int().nonnegative(),
});

export type Testimony = z.infer<typeof testimonySchema>;

/** What the file says, or undefined when it is missing or damaged. */
export function readWitness(file: string): Testimony | undefined {
  try {
    return testimonySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
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
