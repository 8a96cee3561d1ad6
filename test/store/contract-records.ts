/** Records: how they are found, paged, counted and, once expired, swept. */
import assert from 'node:assert/strict';
import type { StoreTest } from './harness.ts';
import { claim, count, HOUR_MS, NOW, put, recordOf, settle, unclaimed, underRate, WINDOW_MS } from './pieces.ts';

export function recordContract(storeTest: StoreTest): void {
  storeTest('a record comes back as it was put, whatever its id and body hold', async ({ store, write }) => {
    const records = ['plain', 'nul\0inside', 'naïve ☃ 🎟', "quote'\"\\", 'a'.repeat(300)].map((id) => recordOf(id, { group: `${id}\0group`, body: JSON.stringify({ id, text: id.repeat(3) }) }));
    await write(records.map((record) => ({ type: 'put', record })));
    for (const record of records) assert.deepEqual(await store.record('token', record.id), record);
    const found = await Promise.all(records.map(({ group }) => store.records({ kind: 'token', group, expiresAfterMs: NOW, limit: 5 })));
    assert.deepEqual(found.flat(), records);
  });

  storeTest('one id may stand in several kinds', async ({ store, write }) => {
    await write([put('x', { body: '1' }), put('x', { kind: 'session', body: '2' })]);
    await write([settle('x', 'gone')]);
    assert.deepEqual(await store.record('session', 'x'), recordOf('x', { kind: 'session', body: '2' }));
    assert.equal((await store.record('token', 'x'))?.state, 'gone');
    assert.equal(await store.record('decision', 'x'), undefined);
  });

  storeTest('a record that is put again moves to its new group', async ({ store, write }) => {
    await write([put('x', { group: 'old' })]);
    await write([put('x', { group: 'new' })]);
    assert.deepEqual(await store.records({ kind: 'token', group: 'old', expiresAfterMs: NOW, limit: 5 }), []);
    assert.deepEqual(await store.records({ kind: 'token', group: 'new', expiresAfterMs: NOW, limit: 5 }), [recordOf('x', { group: 'new' })]);
  });

  storeTest('records are paged by id, of one group or of all, without the expired', async ({ store, write }) => {
    const ids = Array.from({ length: 30 }, (_, index) => `r${String(index).padStart(2, '0')}`);
    const shuffled = ids.toSorted((a, b) => Number(a.slice(1)) % 7 - (Number(b.slice(1)) % 7));
    const expired = new Set(['r04', 'r05', 'r29']);
    await write(shuffled.map((id) => put(id, { group: Number(id.slice(1)) % 2 === 0 ? 'even' : 'odd', expiresMs: expired.has(id) ? NOW : NOW + HOUR_MS })));
    await write([put('r00a', { kind: 'session', group: 'even' })]);
    const pageThrough = async (group?: string): Promise<readonly string[]> => {
      const seen: string[] = [];
      for (;;) {
        const afterId = seen.at(-1);
        const page = await store.records({ kind: 'token', expiresAfterMs: NOW, limit: 4, ...(group === undefined ? {} : { group }), ...(afterId === undefined ? {} : { afterId }) });
        assert.ok(page.length <= 4);
        if (page.length === 0) return seen;
        seen.push(...page.map(({ id }) => id));
      }
    };
    const live = ids.filter((id) => !expired.has(id));
    assert.deepEqual(await pageThrough(), live);
    assert.deepEqual(await pageThrough('even'), live.filter((id) => Number(id.slice(1)) % 2 === 0));
    assert.equal(await store.countRecords({ kind: 'token', expiresAfterMs: NOW }), live.length);
    assert.equal(await store.countRecords({ kind: 'decision', expiresAfterMs: NOW }), 0);
  });

  storeTest('sweeping drops all that expired, in bounded steps, and nothing else', async ({ store, write }) => {
    const old = NOW - HOUR_MS;
    const many = (prefix: string, size: number, expiresMs: number) => Array.from({ length: size }, (_, index) => put(`${prefix}-${index}`, { expiresMs }));
    for (const part of ['old1', 'old2', 'old3', 'old4']) await write(many(part, 700, old));
    const sweepAt = NOW + HOUR_MS;
    await write(many('new', 50, sweepAt));
    await write([claim('old', 'assertion-jti', old), claim('new', 'assertion-jti', sweepAt), count('old', old - WINDOW_MS), count('new', sweepAt)]);
    let steps = 0;
    while ((await store.sweep(sweepAt)) > 0) {
      steps += 1;
      assert.ok(steps < 1_000, 'sweeping comes to an end');
    }
    assert.equal(await store.countRecords({ kind: 'token', expiresAfterMs: 0 }), 50, 'what expires at this very moment has not expired before it');
    assert.equal(await store.record('token', 'old1-0'), undefined);
    assert.deepEqual(await store.record('token', 'new-49'), recordOf('new-49', { expiresMs: sweepAt }));
    assert.equal((await write([], [unclaimed('old'), underRate('old', 1, old - WINDOW_MS)])).type, 'committed');
    assert.equal((await write([], [unclaimed('new')])).type, 'refused');
    assert.equal((await write([], [underRate('new', 1, sweepAt)])).type, 'refused');
  });
}
