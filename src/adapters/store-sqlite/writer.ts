/**
 * The writing thread: it owns the one writing connection, so that waiting for the disk holds up nobody who signs or
 * checks tokens. Requests are handled one by one and answered in the order in which they came.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { BatchWriter, inTransaction, type Outcome } from './batch.ts';
import { toWireError } from './errors.ts';
import { cutAfterRestore, testimonyOf } from './restore.ts';
import { assertKnownSchema } from './store-file.ts';
import { Sweeper } from './sweeper.ts';
import { type PackedBatch, unpackBatch } from './wire.ts';
import { readWitness, Witness } from './witness.ts';
import type { WriterAnswer, WriterReply, WriterRequest } from './writer-protocol.ts';

/** Pages of 4 KiB that the log may hold before they are copied into the file: fewer copies, at the price of a longer log. */
const CHECKPOINT_PAGES = 4_000;
/** Memory for pages, in KiB. */
const CACHE_KIB = 32_000;
/** How long another process may keep the lock before a batch is given up. */
const LOCK_WAIT_MS = 5_000;

class Writer {
  readonly #db: DatabaseSync;
  readonly #batches: BatchWriter;
  readonly #sweeper: Sweeper;
  readonly #witness: Witness;

  constructor(file: string, nowMs: number) {
    this.#db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    assertKnownSchema(this.#db, file);
    // fullfsync matters on macOS alone, where a plain fsync does not reach the disk.
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`);
    const witnessFile = `${file}.witness`;
    cutAfterRestore(this.#db, readWitness(witnessFile), nowMs);
    this.#witness = new Witness(witnessFile);
    this.#testify();
    this.#batches = new BatchWriter(this.#db);
    this.#sweeper = new Sweeper(this.#db);
  }

  commit(batch: PackedBatch): readonly Outcome[] {
    const outcomes = this.#batches.write(unpackBatch(batch));
    const stopped = outcomes.some((outcome) => outcome.type === 'committed' && outcome.stopPlaces.length > 0);
    if (stopped) this.#testifyIfPossible();
    return outcomes;
  }

  sweep(beforeMs: number): number {
    return this.#sweeper.sweep(beforeMs);
  }

  /** A durable write that changes nothing. */
  probe(): void {
    inTransaction(this.#db, () => this.#db.exec(`UPDATE meta SET value = value WHERE name = 'epoch'`));
    this.#testify();
  }

  close(): void {
    this.#testifyIfPossible();
    this.#witness.close();
    this.#db.close();
  }

  #testify(): void {
    this.#witness.write(testimonyOf(this.#db));
  }

  #testifyIfPossible(): void {
    try {
      this.#testify();
    } catch {
      // The commit itself is durable and must be acknowledged. A witness left behind is still true; the next probe reports it.
    }
  }
}

let writer: Writer | undefined;

function answer(request: WriterRequest): WriterAnswer {
  if (request.type === 'open') {
    writer = new Writer(request.file, request.nowMs);
    return undefined;
  }
  if (writer === undefined) throw new Error('the writing thread was asked to write before it was asked to open');
  switch (request.type) {
    case 'commit': return writer.commit(request.batch);
    case 'sweep': return writer.sweep(request.beforeMs);
    case 'probe': return writer.probe() as undefined;
    case 'close': return writer.close() as undefined;
    default: return request satisfies never;
  }
}

function reply(request: WriterRequest): WriterReply {
  try {
    return { ok: true, answer: answer(request) };
  } catch (error) {
    return { ok: false, error: toWireError(error) };
  }
}

parentPort?.on('message', (request: WriterRequest) => {
  parentPort?.postMessage(reply(request));
  if (request.type === 'close') parentPort?.close();
});
