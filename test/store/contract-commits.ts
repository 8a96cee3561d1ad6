/** The one verb: what each precondition and effect means, and that a commit is all or nothing. */
import assert from 'node:assert/strict';
import type { CommitResult } from '../../src/store/port.ts';
import type { StoreTest } from './harness.ts';
import { append, claim, count, engage, HOUR_MS, ledgerOf, lift, noneIn, NOW, noStopAfter, put, recordOf, settle, stateIs, stop, TOOL, unclaimed, underRate, WINDOW_MS, WINDOW_START } from './pieces.ts';

const typesOf = (results: readonly CommitResult[]): readonly string[] => results.map(({ type }) => type);

export function commitContract(storeTest: StoreTest): void {
  storeTest('an id can be claimed once', async ({ write }) => {
    assert.equal((await write([claim('a')], [unclaimed('a')])).type, 'committed');
    assert.deepEqual(await write([claim('a')], [unclaimed('a')]), { type: 'refused', precondition: unclaimed('a') });
    assert.equal((await write([claim('b')], [unclaimed('b')])).type, 'committed');
  });

  storeTest('regression 21: an id claimed in one namespace is free in another', async ({ write }) => {
    await write([claim('a', 'assertion-jti')]);
    assert.equal((await write([], [unclaimed('a', 'lift-jti')])).type, 'committed');
    assert.equal((await write([], [unclaimed('a', 'assertion-jti')])).type, 'refused');
  });

  storeTest('a claim made again with an earlier expiry still holds as long as the first said', async ({ store, write }) => {
    await write([claim('a', 'assertion-jti', NOW + HOUR_MS)]);
    await write([claim('a', 'assertion-jti', NOW - HOUR_MS)]);
    await store.sweep(NOW);
    assert.equal((await write([], [unclaimed('a')])).type, 'refused');
  });

  storeTest('a state is what was last put or settled, and a record that does not exist has none', async ({ write }) => {
    const judge = async (...states: readonly (string | undefined)[]) => typesOf(await Promise.all(states.map((state) => write([], [stateIs('t', state)]))));
    assert.deepEqual(await judge(undefined, 'live'), ['committed', 'refused']);
    await write([put('t')]);
    assert.deepEqual(await judge(undefined, 'live', 'revoked'), ['refused', 'committed', 'refused']);
    await write([settle('t', 'revoked')]);
    assert.deepEqual(await judge(undefined, 'live', 'revoked'), ['refused', 'refused', 'committed']);
    await write([put('t', { state: 'again' })]);
    assert.deepEqual(await judge('again', 'revoked'), ['committed', 'refused']);
  });

  storeTest('a group has none when no record of it lives beyond the moment', async ({ write }) => {
    const judge = async (group: string, nowMs = NOW) => (await write([], [noneIn(group, nowMs)])).type;
    assert.equal(await judge('g'), 'committed');
    await write([put('t', { group: 'g', expiresMs: NOW + 1 })]);
    assert.equal(await judge('g'), 'refused');
    assert.equal(await judge('g', NOW + 1), 'committed', 'what ends at a moment does not live beyond it');
    assert.equal(await judge('other'), 'committed');
    await write([put('s', { kind: 'session', group: 'other' })]);
    assert.equal(await judge('other'), 'committed', 'other kinds do not count');
  });

  storeTest('settling changes the state and nothing else', async ({ store, write }) => {
    await write([put('t', { group: 'some', body: '{"kept":true}' })]);
    await write([settle('t', 'revoked')]);
    assert.deepEqual(await store.record('token', 't'), recordOf('t', { group: 'some', body: '{"kept":true}', state: 'revoked' }));
  });

  storeTest('a rate lets its limit through in each window and says when to come back', async ({ write }) => {
    const last = WINDOW_START + WINDOW_MS - 1;
    const use = (nowMs: number) => write([count('k', nowMs)], [underRate('k', 2, nowMs)]);
    assert.deepEqual(typesOf([await use(WINDOW_START), await use(last)]), ['committed', 'committed']);
    assert.deepEqual(await use(last), { type: 'refused', precondition: underRate('k', 2, last), retryAfterMs: 1 });
    assert.deepEqual(await use(WINDOW_START), { type: 'refused', precondition: underRate('k', 2, WINDOW_START), retryAfterMs: WINDOW_MS });
    assert.equal((await use(last + 1)).type, 'committed', 'the end of a window belongs to the next one');
    assert.equal((await use(WINDOW_START - 1)).type, 'committed', 'and so does the start to this one');
  });

  storeTest('counts of other keys and other windows do not add up', async ({ write }) => {
    await write([count('k', NOW), count('k', NOW), count('other', NOW)]);
    const judge = (key: string, limit: number, windowMs = WINDOW_MS) => write([], [underRate(key, limit, NOW, windowMs)]);
    assert.equal((await judge('k', 2)).type, 'refused', 'two counts in one commit are two');
    assert.equal((await judge('k', 3)).type, 'committed');
    assert.equal((await judge('other', 2)).type, 'committed');
    assert.equal((await judge('k', 1, HOUR_MS)).type, 'committed');
  });

  storeTest('a limit of nothing lets nothing through', async ({ write }) => {
    assert.equal((await write([], [underRate('k', 0, NOW)])).type, 'refused');
  });

  storeTest('a refused commit writes nothing, whichever precondition refuses it, and names the first', async ({ store, write }) => {
    await write([claim('used'), count('full', NOW), stop(engage('s', TOOL)), put('t')]);
    const refusals = [unclaimed('used'), underRate('full', 1, NOW), noStopAfter(99, 'tool:orders'), stateIs('t', 'other'), noneIn('g')];
    for (const precondition of refusals) {
      const effects = [claim('new'), count('new', NOW), put('new'), settle('t', 'moved'), append('new'), stop(lift('l', 's'))];
      const result = await write(effects, [unclaimed('new'), precondition, stateIs('t', 'another')]);
      assert.equal(result.type === 'refused' && result.precondition.type, precondition.type);
    }
    assert.equal((await write([], [unclaimed('new'), underRate('new', 1, NOW), stateIs('new', undefined), stateIs('t', 'live')])).type, 'committed');
    assert.equal((await store.stopsAfter(0)).length, 1);
    assert.equal(await store.ledgerSize(), 0);
  });

  storeTest('commits made together are judged in turn: a later one sees what an earlier one wrote', async ({ store, write }) => {
    const results = await Promise.all([
      write([put('t', { state: 'first' }), append('1')], [stateIs('t', undefined)]),
      write([settle('t', 'second'), append('2')], [stateIs('t', 'first')]),
      write([settle('t', 'wrong'), append('wrong')], [stateIs('t', 'first')]),
      write([settle('t', 'third'), append('3')], [stateIs('t', 'second')]),
    ]);
    assert.deepEqual(typesOf(results), ['committed', 'committed', 'refused', 'committed']);
    assert.equal((await store.record('token', 't'))?.state, 'third');
    assert.deepEqual(await ledgerOf(store), ['1', '2', '3']);
  });

  storeTest('a commit that cannot be done throws, writes nothing, and hurts no neighbour', async ({ store, write }) => {
    await write([stop(engage('s', TOOL)), stop(lift('l', 's'))]);
    const impossible = [settle('nobody', 'revoked'), stop(lift('l2', 'nobody')), stop(lift('l3', 's'))];
    const results = await Promise.allSettled([
      write([append('before')]),
      ...impossible.map((effect) => write([put('half'), claim('half'), append('half'), effect])),
      write([append('after')]),
    ]);
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled']);
    assert.deepEqual(await ledgerOf(store), ['before', 'after']);
    assert.equal(await store.record('token', 'half'), undefined);
    assert.equal((await write([], [unclaimed('half')])).type, 'committed');
    assert.equal((await store.stopsAfter(0)).length, 2);
  });

  storeTest('a commit of another epoch is refused and writes nothing', async ({ store, epoch }) => {
    const result = await store.commit({ epoch: 'another', preconditions: [], effects: [append('lost'), put('t')] });
    assert.deepEqual(result, { type: 'wrongEpoch', epoch });
    assert.equal(await store.ledgerSize(), 0);
    assert.equal(await store.record('token', 't'), undefined);
  });

  storeTest('reopening finds everything that was committed', async ({ store, epoch, write, another }) => {
    await write([claim('a'), count('k', NOW), put('t'), append('entry'), stop(engage('s', TOOL))]);
    await store.close();
    const again = await another();
    assert.equal(again.epoch, epoch);
    assert.deepEqual(await again.store.record('token', 't'), recordOf('t'));
    assert.deepEqual(await ledgerOf(again.store), ['entry']);
    assert.deepEqual(await again.store.stopsAfter(0), [{ place: 1, record: engage('s', TOOL) }]);
    const refused = [unclaimed('a'), underRate('k', 1, NOW), noStopAfter(1, 'tool:orders')];
    for (const precondition of refused) assert.equal((await again.write([], [precondition])).type, 'refused', precondition.type);
  });

  storeTest('closing answers what was asked before and refuses what comes after', async ({ store, write, another }) => {
    const asked = Promise.all(Array.from({ length: 20 }, (_, index) => write([append(`${index}`)])));
    const closing = store.close();
    await assert.rejects(write([append('late')]));
    await closing;
    assert.equal((await asked).length, 20);
    assert.equal(await (await another()).store.ledgerSize(), 20);
  });

  storeTest('a store that works reports no problem', async ({ store }) => {
    assert.equal(await store.problem(), undefined);
  });
}
