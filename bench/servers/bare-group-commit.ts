/**
 * The cheapest durable row that SQLite gives: rows that come while a sync is under way share the next one, on a thread of its
 * own. The same settings as the broker's store, one table, one insert.
 */
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

interface Waiting {
  readonly row: string;
  readonly resolve: () => void;
}

export class BareGroupCommit {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #underWay: readonly Waiting[] = [];

  constructor(file: string) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: { bareRows: file } });
    this.#worker.on('message', () => {
      for (const { resolve } of this.#underWay) resolve();
      this.#underWay = [];
      this.#send();
    });
  }

  /** Resolves when the row is on the disk. */
  add(row: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ row, resolve });
      if (this.#underWay.length === 0) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    if (this.#underWay.length > 0 || this.#waiting.length === 0) return;
    this.#underWay = this.#waiting.splice(0);
    this.#worker.postMessage(this.#underWay.map(({ row }) => row));
  }
}

const file = isMainThread ? undefined : (workerData as { readonly bareRows?: string } | null)?.bareRows;
if (file !== undefined) {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA wal_autocheckpoint = 4000; CREATE TABLE rows (row TEXT NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO rows VALUES (?)');
  parentPort?.on('message', (rows: readonly string[]) => {
    db.exec('BEGIN');
    for (const row of rows) insert.run(row);
    db.exec('COMMIT');
    parentPort?.postMessage(null);
  });
}
