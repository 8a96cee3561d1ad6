/** Noticing that the store went back in time, and voiding every token that may have been issued in the time it forgot. */
import type { DatabaseSync } from 'node:sqlite';
import { newStopId } from '../../core/names.ts';
import { encodeEntry } from '../../ledger/entry.ts';
import type { Cut } from '../../stops/stop.ts';
import { EffectWriter } from './effects.ts';
import { inTransaction } from './batch.ts';
import { newEpoch } from './store-file.ts';
import type { Testimony } from './witness.ts';

const REASON = 'restored from an older copy';

/** How far the store is now. */
export function testimonyOf(db: DatabaseSync): Testimony {
  return {
    ...db
      .prepare(
        `SELECT (SELECT value FROM meta WHERE name = 'epoch') AS epoch, (SELECT coalesce(max(place), 0) FROM stops) AS place,
          (SELECT coalesce(max(position) + 1, 0) FROM ledger) AS entries`,
      )
      .get(),
  } as unknown as Testimony;
}

/**
 * When the store is behind its witness, or has content and no witness: gives it a new epoch and cuts everything. The cut's
 * place lies after every place that was ever given: no order of stops counts as fast as the milliseconds go by, so the
 * time stands in for what a lost witness would have said.
 */
export function cutAfterRestore(db: DatabaseSync, witness: Testimony | undefined, nowMs: number): void {
  inTransaction(db, () => {
    const now = testimonyOf(db);
    if (!isBehind(now, witness)) return;
    db.prepare(`UPDATE meta SET value = ? WHERE name = 'epoch'`).run(newEpoch());
    const cut: Cut = { type: 'cut', id: newStopId(), target: { kind: 'all' }, reason: REASON, by: 'store', atMs: nowMs };
    const entry = encodeEntry({ kind: 'store.restored', outcome: 'ok', by: 'store', stop: cut.id, target: 'all', reason: REASON }, nowMs);
    const effects = new EffectWriter(db);
    const next = { position: now.entries, place: Math.max(now.place, witness?.place ?? 0, nowMs) + 1 };
    effects.write({ type: 'stop', record: cut }, next);
    effects.write({ type: 'append', ...entry }, next);
  });
}

function isBehind(now: Testimony, witness: Testimony | undefined): boolean {
  if (witness === undefined) return now.place > 0 || now.entries > 0;
  return now.epoch !== witness.epoch || now.place < witness.place || now.entries < witness.entries;
}
