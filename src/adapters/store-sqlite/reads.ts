/** Reads on a read-only connection: a reader sees what is durable, and nothing that is still on its way. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { LedgerRow, RecordKind, StoredRecord } from '../../store/port.ts';
import type { PlacedStop, StopRecord } from '../../stops/stop.ts';

/** A reader waits for a lock only while another process recovers the log after a crash. */
const LOCK_WAIT_MS = 1_000;

const RECORD_COLUMNS = 'kind, id, "group", state, body, expires AS expiresMs';

export class Reads {
  readonly #db: DatabaseSync;
  readonly #epoch: StatementSync;
  readonly #stops: StatementSync;
  readonly #entries: StatementSync;
  readonly #ledgerSize: StatementSync;
  readonly #record: StatementSync;
  readonly #records: StatementSync;
  readonly #recordsOfGroup: StatementSync;
  readonly #recordCount: StatementSync;
  readonly #dataVersion: StatementSync;

  constructor(file: string) {
    const db = new DatabaseSync(file, { readOnly: true, timeout: LOCK_WAIT_MS });
    this.#db = db;
    this.#epoch = db.prepare(`SELECT value AS epoch FROM meta WHERE name = 'epoch'`);
    this.#stops = db.prepare('SELECT place, body FROM stops WHERE place > ? ORDER BY place LIMIT ?');
    this.#entries = db.prepare('SELECT position, bytes, leaf_hash AS leafHash FROM ledger WHERE position >= ? ORDER BY position LIMIT ?');
    this.#ledgerSize = db.prepare('SELECT coalesce(max(position) + 1, 0) AS size FROM ledger');
    this.#record = db.prepare(`SELECT ${RECORD_COLUMNS} FROM records WHERE kind = ? AND id = ?`);
    // The index is named because the planner might prefer the one on expiry, and sort everything for one page.
    this.#records = db.prepare(`SELECT ${RECORD_COLUMNS} FROM records INDEXED BY records_by_id
      WHERE kind = ? AND id > ? AND expires > ? ORDER BY id LIMIT ?`);
    this.#recordsOfGroup = db.prepare(`SELECT ${RECORD_COLUMNS} FROM records INDEXED BY records_by_group
      WHERE kind = ? AND "group" = ? AND id > ? AND expires > ? ORDER BY id LIMIT ?`);
    this.#recordCount = db.prepare('SELECT count(*) AS count FROM records WHERE kind = ? AND expires > ?');
    this.#dataVersion = db.prepare('PRAGMA data_version');
  }

  epoch(): string {
    return (this.#epoch.get() as { epoch: string }).epoch;
  }

  /** In order, at most `limit`. */
  stopsAfter(place: number, limit: number): readonly PlacedStop[] {
    const rows = this.#stops.all(place, limit) as unknown as readonly { place: number; body: string }[];
    return rows.map((row) => ({ place: row.place, record: JSON.parse(row.body) as StopRecord }));
  }

  entriesFrom(position: number, limit: number): readonly LedgerRow[] {
    return this.#entries.all(position, limit).map((row) => ({ ...row }) as unknown as LedgerRow);
  }

  ledgerSize(): number {
    return (this.#ledgerSize.get() as { size: number }).size;
  }

  record(kind: RecordKind, id: string): StoredRecord | undefined {
    const row = this.#record.get(kind, id);
    return row === undefined ? undefined : asRecord(row);
  }

  records(query: { kind: RecordKind; group?: string; expiresAfterMs: number; afterId?: string; limit: number }): readonly StoredRecord[] {
    const { kind, group, expiresAfterMs, afterId = '', limit } = query;
    const rows =
      group === undefined
        ? this.#records.all(kind, afterId, expiresAfterMs, limit)
        : this.#recordsOfGroup.all(kind, group, afterId, expiresAfterMs, limit);
    return rows.map(asRecord);
  }

  countRecords(kind: RecordKind, expiresAfterMs: number): number {
    return (this.#recordCount.get(kind, expiresAfterMs) as { count: number }).count;
  }

  /** A number that changes when any other connection, of this process or another, has committed. */
  dataVersion(): number {
    return (this.#dataVersion.get() as { data_version: number }).data_version;
  }

  close(): void {
    this.#db.close();
  }
}

/** SQLite's rows have no prototype; a record is a plain object. */
const asRecord = (row: object): StoredRecord => ({ ...row }) as StoredRecord;
