/** What must hold when many ask at once, of one instance or of two. */
import assert from 'node:assert/strict';
import type { CommitResult } from '../../src/store/port.ts';
import type { Opened, StoreTest } from './harness.ts';
import { append, claim, count, engage, ledgerOf, noStopAfter, NOW, put, settle, stateIs, stop, TOOL, unclaimed, underRate } from './pieces.ts';

const committed = (results: readonly CommitResult[]): number => results.filter(({ type }) => type === 'committed').length;

/** Calls for 0 to `times` - 1, taking turns between the instances. */
const together = <T>(times: number, instances: readonly Opened[], call: (instance: Opened, index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => call(instances[index % instances.length] as Opened, index)));

export function raceContract(storeTest: StoreTest): void {
  storeTest('regression 3: of 100 concurrent uses of a single-use id exactly one wins', async (bench) => {
    const results = await together(100, [bench], ({ write }, index) => write([claim('once'), append(`${index}`)], [unclaimed('once')]));
    assert.equal(committed(results), 1);
    assert.equal(await bench.store.ledgerSize(), 1);
  });

  storeTest('regression 2: a single-use id used on two instances works on one of them', async (bench) => {
    const both = [bench, await bench.another()];
    const results = await together(100, both, ({ write }, index) => write([claim('once'), append(`${index}`)], [unclaimed('once')]));
    assert.equal(committed(results), 1);
    assert.equal(await bench.store.ledgerSize(), 1);
    for (const { write } of both) assert.equal((await write([], [unclaimed('once')])).type, 'refused');
  });

  storeTest('regression 3: of 100 concurrent moves out of one state exactly one wins, also on two instances', async (bench) => {
    const both = [bench, await bench.another()];
    await bench.write([put('t')]);
    const results = await together(100, both, ({ write }, index) => write([settle('t', `by-${index}`)], [stateIs('t', 'live')]));
    assert.equal(committed(results), 1);
    assert.equal((await bench.store.record('token', 't'))?.state, `by-${results.findIndex(({ type }) => type === 'committed')}`);
  });

  storeTest('a rate lets exactly its limit through however many ask at once, also on two instances', async (bench) => {
    const both = [bench, await bench.another()];
    const results = await together(100, both, ({ write }) => write([count('k', NOW)], [underRate('k', 7, NOW)]));
    assert.equal(committed(results), 7);
  });

  for (const instances of [1, 2]) {
    storeTest(`regression 4: no issuance commits after the stop that it races, on ${instances === 1 ? 'one instance' : 'two instances'}`, async (bench) => {
      const stopping = instances === 1 ? bench : await bench.another();
      const issue = (index: number) => bench.write([put(`t${index}`), append(`issued ${index}`)], [noStopAfter(0, 'all', 'agent:support-agent', 'tool:orders')]);
      const issuing: Promise<CommitResult>[] = [];
      let engaging: Promise<CommitResult> | undefined;
      for (let index = 0; index < 1_000; index += 1) {
        if (index === 500) engaging = stopping.write([stop(engage('s', TOOL)), append('stopped')]);
        issuing.push(issue(index));
        if (index % 50 === 49) await new Promise(setImmediate);
      }
      const results = await Promise.all(issuing);
      assert.equal((await engaging)?.type, 'committed');
      const ledger = await ledgerOf(bench.store);
      assert.equal(ledger.at(-1), 'stopped', 'nothing was issued after the stop');
      assert.equal(ledger.length - 1, committed(results), 'what was answered as committed is what was written');
      for (const [index, { type }] of results.entries()) {
        assert.equal((await bench.store.record('token', `t${index}`)) !== undefined, type === 'committed');
      }
      assert.equal((await issue(1_000)).type, 'refused');
    });
  }
}
