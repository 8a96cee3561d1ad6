/** The embedded store: SQLite in one file, a thread that writes, and a connection that reads. */
import { setTimeout } from 'node:timers/promises';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Commit, CommitResult, LedgerRow, RecordKind, Store, StoredRecord } from '../../store/port.ts';
import type { PlacedStop } from '../../stops/stop.ts';
import { CommitQueue } from './commit-queue.ts';
import { Reads } from './reads.ts';
import { cutIfRestored } from './restore.ts';
import { StopWatch } from './stop-watch.ts';
import { assertOurFile, ensureStoreFile } from './store-file.ts';
import { packBatch } from './wire.ts';
import { WriterThread } from './writer-thread.ts';

/** A disk that has not synced after this long is reported as a problem; the write itself goes on waiting. */
const PROBE_WAIT_MS = 2_000;

export interface SqliteStoreOptions {
  /** Made, readable by its owner only, when it is missing. Its folder must exist. */
  readonly file: string;
  /** Dates what the store itself writes into the ledger after a restore. */
  readonly clock?: Clock;
}

/**
 * Opens the store. Throws `ForeignStoreError` when the file belongs to somebody else, or to a newer Hallpass, and changes
 * nothing then. A store that was put back from an older copy gets a new epoch and a cut on everything.
 */
export async function openSqliteStore({ file, clock = systemClock }: SqliteStoreOptions): Promise<Store> {
  ensureStoreFile(file);
  assertOurFile(file);
  cutIfRestored(file, clock());
  const writer = new WriterThread();
  try {
    await writer.request({ type: 'open', file });
    return new SqliteStore(file, writer, new Reads(file));
  } catch (error) {
    await writer.terminate();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly description: string;
  readonly #writer: WriterThread;
  readonly #reads: Reads;
  readonly #watch: StopWatch;
  readonly #queue: CommitQueue;
  #probing: Promise<undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string, writer: WriterThread, reads: Reads) {
    this.description = `embedded, ${file}, synced before every answer`;
    this.#writer = writer;
    this.#reads = reads;
    this.#watch = new StopWatch(reads);
    this.#queue = new CommitQueue(
      (commits) => writer.request({ type: 'commit', batch: packBatch(commits) }),
      () => this.#watch.deliver(),
    );
  }

  async epoch(): Promise<string> {
    return this.#reads.epoch();
  }

  commit(commit: Commit): Promise<CommitResult> {
    return this.#queue.commit(commit);
  }

  async stopsAfter(place: number): Promise<readonly PlacedStop[]> {
    return this.#reads.stopsAfter(place, Number.MAX_SAFE_INTEGER);
  }

  watchStops(place: number, onStop: (stop: PlacedStop) => void, signal: AbortSignal): void {
    this.#watch.watch(place, onStop, signal);
  }

  async entriesFrom(position: number, limit: number): Promise<readonly LedgerRow[]> {
    return this.#reads.entriesFrom(position, limit);
  }

  async ledgerSize(): Promise<number> {
    return this.#reads.ledgerSize();
  }

  async record(kind: RecordKind, id: string): Promise<StoredRecord | undefined> {
    return this.#reads.record(kind, id);
  }

  async records(query: Parameters<Store['records']>[0]): Promise<readonly StoredRecord[]> {
    return this.#reads.records(query);
  }

  async countRecords({ kind, expiresAfterMs }: Parameters<Store['countRecords']>[0]): Promise<number> {
    return this.#reads.countRecords(kind, expiresAfterMs);
  }

  sweep(beforeMs: number): Promise<number> {
    return this.#writer.request({ type: 'sweep', beforeMs });
  }

  /** Calls that come while a probe waits for the disk share it. */
  async problem(): Promise<string | undefined> {
    const tooLate = new AbortController();
    try {
      this.#reads.ledgerSize();
      this.#probing ??= this.#writer.request({ type: 'probe' }).finally(() => (this.#probing = undefined));
      const waited = setTimeout(PROBE_WAIT_MS, `the disk has not answered for ${PROBE_WAIT_MS / 1000} s`, { signal: tooLate.signal });
      return (await Promise.race([this.#probing, waited])) ?? this.#watch.problem;
    } catch (error) {
      return (error as Error).message;
    } finally {
      tooLate.abort();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The writing connection is closed last: it is the one that may fold the log into the file and remove it. */
  async #close(): Promise<void> {
    await this.#queue.close();
    this.#watch.close();
    this.#reads.close();
    await this.#writer.request({ type: 'close' });
  }
}
