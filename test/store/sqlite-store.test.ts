/** The embedded store's bounds, and what it says when it has to wait. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { cut, stop, TOOL, writerOf } from './pieces.ts';
import { storeFolder } from './sqlite-files.ts';

test('when too many commits wait, the next is refused at once and those that wait are answered', async (t) => {
  const { open } = storeFolder(t);
  const store = await open();
  const write = writerOf(store, await store.epoch());
  const waiting = Array.from({ length: 10_000 }, () => write([]));
  await assert.rejects(write([]), { name: 'StoreBusyError' });
  const results = await Promise.all(waiting);
  assert.ok(results.every(({ type }) => type === 'committed'));
  assert.equal((await write([])).type, 'committed');
});

test('a store that another process keeps locked says so while it lasts', async (t) => {
  const { file, open } = storeFolder(t);
  const store = await open();
  const other = new DatabaseSync(file);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.match((await store.problem()) ?? '', /has not answered/);
  other.exec('ROLLBACK');
  assert.equal(await writerOf(store, await store.epoch())([]).then(({ type }) => type), 'committed');
  assert.equal(await store.problem(), undefined);
});

test('a stop has reached the watchers of its own process before its commit is answered', async (t) => {
  const { open } = storeFolder(t);
  const store = await open();
  const write = writerOf(store, await store.epoch());
  const heard: number[] = [];
  store.watchStops(0, ({ place }) => heard.push(place), new AbortController().signal);
  for (let place = 1; place <= 5; place += 1) {
    await write([stop(cut(`c${place}`, TOOL))]);
    assert.equal(heard.at(-1), place);
  }
});
