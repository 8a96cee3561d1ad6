/** Noticing that the store went back in time, and voiding every token that may have been issued in the time it forgot. */
import { readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { newStopId } from '../../core/names.ts';
import { encodeEntry } from '../../ledger/entry.ts';
import type { Cut } from '../../stops/stop.ts';
import { inTransaction } from './batch.ts';
import { openForWriting } from './connection.ts';
import { EffectWriter } from './effects.ts';
import { newEpoch } from './store-file.ts';
import { type Testimony, testimonyOf, witnessFileOf } from './witness.ts';

const REASON = 'restored from an older copy';

const testimonySchema = z.strictObject({ epoch: z.string().max(64), place: z.int().nonnegative(), entries: z.int().nonnegative() });

/**
 * When the store is behind its witness, or has content and no witness: gives it a new epoch and cuts everything. The cut's
 * place lies after every place that was ever given: no order of stops counts as fast as the milliseconds go by, so the
 * time stands in for what a lost witness would have said.
 */
export function cutIfRestored(file: string, nowMs: number): void {
  const db = openForWriting(file);
  try {
    // The lock keeps another instance from moving the store between the two readings that are compared.
    inTransaction(db, () => {
      const now = testimonyOf(db);
      const witness = readWitness(witnessFileOf(file));
      if (isBehind(now, witness)) cutEverything(db, now, Math.max(now.place, witness?.place ?? 0, nowMs) + 1, nowMs);
    });
  } finally {
    db.close();
  }
}

function cutEverything(db: DatabaseSync, now: Testimony, place: number, nowMs: number): void {
  const cut: Cut = { type: 'cut', id: newStopId(), target: { kind: 'all' }, reason: REASON, by: 'store', atMs: nowMs };
  const entry = encodeEntry({ kind: 'store.restored', outcome: 'ok', by: 'store', stop: cut.id, target: 'all', reason: REASON }, nowMs);
  const effects = new EffectWriter(db);
  const next = { position: now.entries, place };
  db.prepare(`UPDATE meta SET value = ? WHERE name = 'epoch'`).run(newEpoch());
  effects.write({ type: 'stop', record: cut }, next);
  effects.write({ type: 'append', ...entry }, next);
}

function isBehind(now: Testimony, witness: Testimony | undefined): boolean {
  if (witness === undefined) return now.place > 0 || now.entries > 0;
  return now.epoch !== witness.epoch || now.place < witness.place || now.entries < witness.entries;
}

/** What the witness says, or undefined when it is missing or damaged. */
function readWitness(file: string): Testimony | undefined {
  try {
    return testimonySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
