/** The ledger: gapless, in one order, byte for byte, for ever. */
import assert from 'node:assert/strict';
import type { StoreTest } from './harness.ts';
import { append, cut, ledgerOf, put, stateIs, stop, TOOL } from './pieces.ts';

export function ledgerContract(storeTest: StoreTest): void {
  storeTest('positions start at 0 and follow the order of the appends in a commit', async ({ store, write }) => {
    assert.equal(await store.ledgerSize(), 0);
    assert.deepEqual(await store.entriesFrom(0, 10), []);
    assert.deepEqual(await write([append('a'), put('t'), append('b')]), { type: 'committed', stopPlaces: [], positions: [0, 1] });
    assert.deepEqual(await write([append('c')]), { type: 'committed', stopPlaces: [], positions: [2] });
    assert.equal(await store.ledgerSize(), 3);
  });

  storeTest('entries come back byte for byte with their leaf hashes', async ({ store, write }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const pool = Uint8Array.from({ length: 64 }, (_, index) => 255 - index);
    const leafHash = pool.subarray(7, 39);
    await write([{ type: 'append', bytes, leafHash }, append(''), append('naïve ☃')]);
    const [binary, empty, text] = await store.entriesFrom(0, 10);
    assert.deepEqual(binary && { ...binary, bytes: [...binary.bytes], leafHash: [...binary.leafHash] }, { position: 0, bytes: [...bytes], leafHash: [...leafHash] });
    assert.equal(empty?.bytes.length, 0);
    assert.deepEqual(text && [...text.bytes], [...append('naïve ☃').bytes]);
    assert.deepEqual(text && [...text.leafHash], [...append('naïve ☃').leafHash]);
  });

  storeTest('entries are read from a position on, in order, up to the limit', async ({ store, write }) => {
    await write(Array.from({ length: 10 }, (_, index) => append(`${index}`)));
    const positions = async (from: number, limit: number) => (await store.entriesFrom(from, limit)).map(({ position }) => position);
    assert.deepEqual(await positions(0, 3), [0, 1, 2]);
    assert.deepEqual(await positions(8, 5), [8, 9]);
    assert.deepEqual(await positions(10, 5), []);
  });

  storeTest('positions are gapless when two instances append at once and some commits are refused', async ({ store, write, another }) => {
    const writers = [write, (await another()).write];
    const results = await Promise.all(
      Array.from({ length: 400 }, (_, index) => {
        const writer = writers[index % 2] ?? write;
        return index % 5 === 0 ? writer([append('refused')], [stateIs('nobody', 'here')]) : writer([append(`${index}`), append(`${index} again`)]);
      }),
    );
    const size = await store.ledgerSize();
    assert.equal(size, 640);
    const rows = await store.entriesFrom(0, 1_000);
    assert.deepEqual(rows.map(({ position }) => position), Array.from({ length: size }, (_, index) => index));
    const ledger = await ledgerOf(store);
    for (const [index, result] of results.entries()) {
      if (result.type !== 'committed') continue;
      const [first = -1, second = -1] = result.positions;
      assert.deepEqual([ledger[first], ledger[second], second - first], [`${index}`, `${index} again`, 1]);
    }
  });

  storeTest('nothing that a caller holds, or does later, changes an entry', async ({ store, write }) => {
    const effect = append('kept as it was');
    await write([effect]);
    effect.bytes.fill(0);
    (await store.entriesFrom(0, 1))[0]?.bytes.fill(0);
    await write([append('next'), stop(cut('c', TOOL))]);
    await store.sweep(Number.MAX_SAFE_INTEGER);
    assert.deepEqual(await ledgerOf(store), ['kept as it was', 'next']);
  });
}
