/**
 * The embedded store with its writing thread, beside the same store writing on the main thread, under the commits of
 * issuances. Once with nothing else to do, once with the signatures of an issuance beside each commit: the thread exists so
 * that waiting for the disk holds up nobody who signs. Arguments: folder, commits in a round, rounds, commits in flight.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { importJWK, jwtVerify, SignJWT } from 'jose';
import { BatchWriter } from '../../src/adapters/store-sqlite/batch.ts';
import { CommitQueue } from '../../src/adapters/store-sqlite/commit-queue.ts';
import { openForWriting } from '../../src/adapters/store-sqlite/connection.ts';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { ensureStoreFile } from '../../src/adapters/store-sqlite/store-file.ts';
import type { Commit, CommitResult } from '../../src/store/port.ts';
import { alternate } from '../lib/rounds.ts';
import { ratioRow, type Row, rowOf } from '../lib/rows.ts';
import { assertion, newKey } from '../lib/sign.ts';
import { issuanceOf } from './issuance.ts';

const [folder = '', ...counts] = process.argv.slice(2);
const [commits = 0, rounds = 0, inFlight = 0] = counts.map(Number);
mkdirSync(folder, { recursive: true });

interface Side {
  readonly epoch: string;
  commit(commit: Commit): Promise<CommitResult>;
  close(): Promise<void>;
}

async function onThread(file: string): Promise<Side> {
  const store = await openSqliteStore({ file });
  return { epoch: await store.epoch(), commit: (commit) => store.commit(commit), close: () => store.close() };
}

/** The same tables, settings, group commit and rules; only the sync is waited for where everything else runs too. */
function onMainThread(file: string): Side {
  ensureStoreFile(file);
  const db = openForWriting(file);
  const batches = new BatchWriter(db);
  const queue = new CommitQueue(async (batch) => batches.write(batch), () => undefined);
  const { epoch } = db.prepare(`SELECT value AS epoch FROM meta WHERE name = 'epoch'`).get() as { epoch: string };
  return {
    epoch, commit: (commit) => queue.commit(commit),
    close: async () => {
      await queue.close();
      db.close();
    },
  };
}

const key = newKey('bench');
const [privateKey, publicKey] = await Promise.all([importJWK(key.privateJwk, 'ES256'), importJWK(key.publicJwk, 'ES256')]);
const shown = assertion(key, 'bench', 'bench');

/** What an issuance checks and signs. */
async function signatures(): Promise<void> {
  const { payload } = await jwtVerify(shown, publicKey);
  await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).sign(privateKey);
}

interface Found {
  readonly perSecond: number;
  readonly pauseMs: number;
}

async function run(side: Side, withSignatures: boolean, count: number): Promise<Found> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(5);
  let left = count;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) {
        // As a request would, each commit comes in a turn of the loop of its own.
        await setImmediate();
        if (withSignatures) await signatures();
        const { type } = await side.commit(issuanceOf(side.epoch));
        if (type !== 'committed') throw new Error(`the commit was ${type}`);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  delay.disable();
  return { perSecond: count / seconds, pauseMs: delay.max / 1e6 };
}

const sides = { 'writing thread': await onThread(join(folder, 'thread.db')), 'main thread': onMainThread(join(folder, 'main.db')) };
const names = ['writing thread', 'main thread'] as const;
const rows: Row[] = [];
for (const withSignatures of [false, true]) {
  const count = withSignatures ? commits / 2 : commits;
  for (const name of names) await run(sides[name], withSignatures, count / 2);
  const found = await alternate(rounds, names, (name) => run(sides[name], withSignatures, count));
  const what = `commits, ${inFlight} in flight${withSignatures ? ', a check and a signature beside each' : ''}`;
  const speed = (name: (typeof names)[number]): readonly number[] => found[name].map(({ perSecond }) => perSecond);
  for (const name of names) {
    rows.push(rowOf(what, name, 'commits/s', speed(name)));
    rows.push(rowOf(what, name, 'longest pause ms', found[name].map(({ pauseMs }) => pauseMs)));
  }
  rows.push(ratioRow(what, 'writing thread / main thread', speed('writing thread'), speed('main thread')));
}
for (const name of names) await sides[name].close();
console.log(JSON.stringify(rows));
