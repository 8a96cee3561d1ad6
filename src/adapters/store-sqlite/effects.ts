/** Writes effects inside the running transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { dimensionOf, type StopRecord } from '../../stops/stop.ts';
import type { Effect } from '../../store/port.ts';
import { UnknownRecordError, UnknownStopError } from './errors.ts';
import { windowStart } from './rate-window.ts';

/** The next free position and place. They move with every append and stop of a transaction, and are read anew for the next one. */
export interface Counters {
  position: number;
  place: number;
}

export class EffectWriter {
  readonly #claim: StatementSync;
  readonly #count: StatementSync;
  readonly #put: StatementSync;
  readonly #settle: StatementSync;
  readonly #append: StatementSync;
  readonly #stop: StatementSync;
  readonly #mark: StatementSync;
  readonly #stopNamed: StatementSync;
  readonly #unmark: StatementSync;

  constructor(db: DatabaseSync) {
    // A claim made twice holds until the later expiry: it can never be shortened.
    this.#claim = db.prepare(`INSERT INTO claims (namespace, id, expires) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET expires = max(expires, excluded.expires)`);
    this.#count = db.prepare(`INSERT INTO counts (key, window, start, count, expires) VALUES (?, ?, ?, 1, ?)
      ON CONFLICT DO UPDATE SET count = count + 1`);
    this.#put = db.prepare(`INSERT INTO records (kind, id, "group", state, body, expires) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (kind, id) DO UPDATE SET "group" = excluded."group", state = excluded.state, body = excluded.body, expires = excluded.expires`);
    this.#settle = db.prepare('UPDATE records SET state = ? WHERE kind = ? AND id = ?');
    this.#append = db.prepare('INSERT INTO ledger (position, bytes, leaf_hash) VALUES (?, ?, ?)');
    this.#stop = db.prepare('INSERT INTO stops (place, id, lifts, body) VALUES (?, ?, ?, ?)');
    this.#mark = db.prepare(`INSERT INTO stop_marks (dimension, place, engaged) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET place = excluded.place, engaged = engaged + excluded.engaged`);
    this.#stopNamed = db.prepare('SELECT body, EXISTS (SELECT 1 FROM stops AS lift WHERE lift.lifts = stops.id) AS lifted FROM stops WHERE id = ?');
    this.#unmark = db.prepare('UPDATE stop_marks SET engaged = engaged - 1 WHERE dimension = ?');
  }

  write(effect: Effect, next: Counters): void {
    switch (effect.type) {
      case 'claim':
        this.#claim.run(effect.namespace, effect.id, effect.expiresMs);
        return;
      case 'count': {
        const start = windowStart(effect.windowMs, effect.nowMs);
        this.#count.run(effect.key, effect.windowMs, start, start + effect.windowMs);
        return;
      }
      case 'put': {
        const { kind, id, group, state, body, expiresMs } = effect.record;
        this.#put.run(kind, id, group, state, body, expiresMs);
        return;
      }
      case 'settle': {
        const { changes } = this.#settle.run(effect.state, effect.kind, effect.id);
        if (changes === 0) throw new UnknownRecordError(`there is no ${effect.kind} record of this id to settle`);
        return;
      }
      case 'append':
        this.#append.run(next.position, effect.bytes, effect.leafHash);
        next.position += 1;
        return;
      case 'stop':
        this.#writeStop(effect.record, next.place);
        next.place += 1;
        return;
      default:
        effect satisfies never;
    }
  }

  #writeStop(record: StopRecord, place: number): void {
    if (record.type === 'lift') {
      this.#unmark.run(this.#engagedDimension(record.stop));
      this.#stop.run(place, record.id, record.stop, JSON.stringify(record));
      return;
    }
    this.#stop.run(place, record.id, null, JSON.stringify(record));
    this.#mark.run(dimensionOf(record.target), place, record.type === 'engage' ? 1 : 0);
  }

  #engagedDimension(id: string): string {
    const row = this.#stopNamed.get(id) as { body: string; lifted: number } | undefined;
    const stop = row === undefined ? undefined : (JSON.parse(row.body) as StopRecord);
    if (stop?.type !== 'engage' || row?.lifted === 1) throw new UnknownStopError(`stop ${id} is not engaged: there is nothing to lift`);
    return dimensionOf(stop.target);
  }
}
