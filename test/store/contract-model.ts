/** Any sequence of commits, many of them at once, does to the store what it does to the model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Commit, Effect, Precondition } from '../../src/store/port.ts';
import { dimensionOf, type StopTarget } from '../../src/stops/stop.ts';
import type { MakeStore } from './harness.ts';
import { ModelStore } from './model.ts';
import { AGENT, append, claim, count, cut, engage, ledgerOf, lift, noneIn, noStopAfter, put, settle, stateIs, stop, TOOL, unclaimed, underRate, WINDOW_MS, WINDOW_START } from './pieces.ts';

const RUNS = 25;
const TARGETS: readonly StopTarget[] = [TOOL, AGENT, { kind: 'all' }];

/** Few names and moments, so that commits meet. */
const id = fc.constantFrom('a', 'b', 'c');
const state = fc.constantFrom('live', 'spent');
const moment = fc.constantFrom(WINDOW_START, WINDOW_START + WINDOW_MS - 1, WINDOW_START + WINDOW_MS);
const place = fc.integer({ min: 0, max: 6 });
const target = fc.constantFrom(...TARGETS);
const stopId = fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6');

const precondition: fc.Arbitrary<Precondition> = fc.oneof(
  fc.tuple(place, fc.subarray(TARGETS.map(dimensionOf))).map(([after, dimensions]) => noStopAfter(after, ...dimensions)),
  fc.tuple(id, fc.constantFrom('assertion-jti' as const, 'lift-jti' as const)).map(([name, namespace]) => unclaimed(name, namespace)),
  fc.tuple(id, fc.integer({ min: 1, max: 3 }), moment).map(([key, limit, nowMs]) => underRate(key, limit, nowMs)),
  fc.tuple(id, fc.option(state, { nil: undefined })).map(([name, is]) => stateIs(name, is)),
  id.map((group) => noneIn(group)),
);

const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.tuple(id, fc.constantFrom('assertion-jti' as const, 'lift-jti' as const)).map(([name, namespace]) => claim(name, namespace)),
  fc.tuple(id, moment).map(([key, nowMs]) => count(key, nowMs)),
  fc.tuple(id, state, id).map(([name, is, group]) => put(name, { state: is, group })),
  fc.tuple(id, state).map(([name, becomes]) => settle(name, becomes)),
  fc.string({ maxLength: 20 }).map(append),
  fc.tuple(stopId, target).map(([name, on]) => stop(engage(name, on))),
  fc.tuple(stopId, target).map(([name, on]) => stop(cut(name, on))),
  fc.tuple(stopId, stopId).map(([name, lifted]) => stop(lift(`l${name}`, lifted))),
);

const commit = fc.record({ preconditions: fc.array(precondition, { maxLength: 2 }), effects: fc.array(effect, { maxLength: 4 }) });
/** Batches of commits that are made in one go, each batch after the answer to the one before. */
const batches = fc.array(fc.array(commit, { maxLength: 12 }), { maxLength: 5 });

export function modelContract(name: string, make: MakeStore): void {
  test(`${name}: any commits, many at once, do what they do to the model`, async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(batches, async (drawn) => {
        const under = await make();
        const store = await under.open();
        try {
          const epoch = await store.epoch();
          const model = new ModelStore();
          for (const batch of drawn) {
            const commits = batch.map((parts): Commit => ({ epoch, ...parts }));
            const expected = commits.map((one) => model.commit(one));
            const results = await Promise.allSettled(commits.map((one) => store.commit(one)));
            const actual = results.map((result) => (result.status === 'fulfilled' ? result.value : 'impossible'));
            assert.deepEqual(actual, expected);
            for (const result of expected) seen.add(result === 'impossible' ? result : result.type);
          }
          assert.deepEqual(await ledgerOf(store), model.state.ledger);
          assert.deepEqual(await store.stopsAfter(0), model.state.stops);
          const records = await store.records({ kind: 'token', expiresAfterMs: 0, limit: 100 });
          assert.deepEqual(records, [...model.state.records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)));
        } finally {
          await store.close();
          await under.cleanup();
        }
      }),
      { numRuns: RUNS },
    );
    assert.deepEqual([...seen].toSorted(), ['committed', 'impossible', 'refused'], 'the draw reached every outcome');
  });
}
