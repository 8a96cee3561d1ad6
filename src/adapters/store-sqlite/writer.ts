/**
 * The writing thread: it owns the one writing connection, so that waiting for the disk holds up nobody who signs or
 * checks tokens. Requests are handled one by one and answered in the order in which they came.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { BatchWriter, inTransaction, type Outcome } from './batch.ts';
import { openForWriting } from './connection.ts';
import { toWireError } from './errors.ts';
import { Sweeper } from './sweeper.ts';
import { type PackedBatch, unpackBatch } from './wire.ts';
import { testimonyOf, Witness, witnessFileOf } from './witness.ts';
import type { WriterAnswer, WriterReply, WriterRequest } from './writer-protocol.ts';

class Writer {
  readonly #db: DatabaseSync;
  readonly #batches: BatchWriter;
  readonly #sweeper: Sweeper;
  readonly #witness: Witness;

  constructor(file: string) {
    this.#db = openForWriting(file);
    this.#witness = new Witness(witnessFileOf(file));
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

  /** A durable write that means nothing. It must change something: SQLite writes no page that stays the same. */
  probe(): void {
    inTransaction(this.#db, () => this.#db.exec(`INSERT INTO meta (name, value) VALUES ('probe', '0') ON CONFLICT (name) DO UPDATE SET value = 1 - value`));
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
    writer = new Writer(request.file);
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
