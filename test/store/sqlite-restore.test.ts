/** A store that was put back from an older copy notices it, and no token from the time that it forgot stays good. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { decodeEntry } from '../../src/ledger/entry.ts';
import type { Store } from '../../src/store/port.ts';
import { append, claim, cut, engage, noStopAfter, put, stop, TOOL, unclaimed, writerOf } from './pieces.ts';
import { storeFolder } from './sqlite-files.ts';

/** A store with two stops, a copy of its files from before the second stop, and what the first life left behind. */
async function twoLives(t: TestContext) {
  const { folder, file, open } = storeFolder(t);
  const store = await open();
  const epoch = await store.epoch();
  const write = writerOf(store, epoch);
  await write([stop(cut('c1', TOOL)), append('first')]);
  await store.close();
  const copy = `${file}.copy`;
  cpSync(file, copy);
  const later = await open();
  await writerOf(later, epoch)([stop(engage('s2', TOOL)), append('second'), claim('used')]);
  await later.close();
  const putBack = (): void => {
    for (const name of readdirSync(folder)) if (/-(wal|shm)$/.test(name)) rmSync(join(folder, name));
    cpSync(copy, file);
  };
  return { file, open, epoch, putBack };
}

async function assertRestored(store: Store, oldEpoch: string): Promise<void> {
  const epoch = await store.epoch();
  assert.notEqual(epoch, oldEpoch);
  const [first, cutAll, ...more] = await store.stopsAfter(0);
  assert.equal(first?.place, 1);
  assert.deepEqual(more, []);
  assert.ok((cutAll?.place ?? 0) > 2, 'places go on after those that were forgotten');
  assert.equal(cutAll?.record.type, 'cut');
  assert.deepEqual(cutAll?.record.type === 'cut' && [cutAll.record.target, cutAll.record.by, cutAll.record.reason], [{ kind: 'all' }, 'store', 'restored from an older copy']);
  const [, restored] = await store.entriesFrom(0, 10);
  assert.equal(decodeEntry(restored?.bytes ?? new Uint8Array()).kind, 'store.restored');
  const write = writerOf(store, epoch);
  assert.equal((await writerOf(store, oldEpoch)([])).type, 'wrongEpoch');
  assert.equal((await write([], [noStopAfter(2, 'all')])).type, 'refused', 'a token from the forgotten time is void');
  assert.equal((await write([], [noStopAfter(cutAll?.place ?? 0, 'all')])).type, 'committed');
}

test('a store that was put back from an older copy gets a new epoch and voids every older token', async (t) => {
  const { open, epoch, putBack } = await twoLives(t);
  putBack();
  const store = await open();
  await assertRestored(store, epoch);
});

test('a store that was put back without its witness, as on a new machine, voids every older token', async (t) => {
  const { file, open, epoch, putBack } = await twoLives(t);
  putBack();
  rmSync(`${file}.witness`);
  await assertRestored(await open(), epoch);
});

test('a damaged witness counts as none', async (t) => {
  const { file, open, epoch, putBack } = await twoLives(t);
  putBack();
  writeFileSync(`${file}.witness`, '{"epoch":');
  await assertRestored(await open(), epoch);
});

test('a restore that forgot ledger entries but no stop is noticed too', async (t) => {
  const { file, open } = storeFolder(t);
  const store = await open();
  const epoch = await store.epoch();
  await writerOf(store, epoch)([append('first')]);
  await store.close();
  cpSync(file, `${file}.copy`);
  const later = await open();
  await writerOf(later, epoch)([append('second'), claim('used')]);
  await later.close();
  cpSync(`${file}.copy`, file);
  assert.notEqual(await (await open()).epoch(), epoch);
});

test('a restore is dealt with once: after it the store opens like any other', async (t) => {
  const { open, putBack } = await twoLives(t);
  putBack();
  const store = await open();
  const epoch = await store.epoch();
  const places = (await store.stopsAfter(0)).map(({ place }) => place);
  const added = await writerOf(store, epoch)([stop(cut('next', TOOL)), put('t')]);
  await store.close();
  const again = await open();
  assert.equal(await again.epoch(), epoch);
  const last = places.at(-1) ?? 0;
  assert.deepEqual((await again.stopsAfter(0)).map(({ place }) => place), [...places, last + 1]);
  assert.deepEqual(added.type === 'committed' && added.stopPlaces, [last + 1]);
});

test('a store whose witness fell behind is not mistaken for a restored one', async (t) => {
  const { file, open } = storeFolder(t);
  const store = await open();
  const epoch = await store.epoch();
  const older = readFileSync(`${file}.witness`);
  await writerOf(store, epoch)([stop(cut('c', TOOL)), append('entry'), claim('a')]);
  await store.close();
  writeFileSync(`${file}.witness`, older);
  const again = await open();
  assert.equal(await again.epoch(), epoch);
  assert.equal((await again.stopsAfter(0)).length, 1);
  assert.equal((await writerOf(again, epoch)([], [unclaimed('a')])).type, 'refused');
});
