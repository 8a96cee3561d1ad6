import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StopId } from '../../src/core/names.ts';
import { StopSet } from '../../src/stops/stop-set.ts';
import { dimensionOf, type PlacedStop, type StopRecord, type StopTarget } from '../../src/stops/stop.ts';

/** The rule as product words have it, over a plain list: slow, and too simple to be wrong. */
const naive = {
  isVoid: (records: readonly PlacedStop[], dimensions: readonly string[], ord: number): boolean =>
    records.some(({ place, record }) => record.type !== 'lift' && place > ord && dimensions.includes(dimensionOf(record.target))),
  isEngaged: (records: readonly PlacedStop[], dimensions: readonly string[]): boolean =>
    records.some(
      ({ place, record }) =>
        record.type === 'engage' &&
        dimensions.includes(dimensionOf(record.target)) &&
        !records.some((later) => later.record.type === 'lift' && later.place > place && later.record.stop === record.id),
    ),
};

const targets = [
  { kind: 'all' }, { kind: 'agent', agent: 'a' }, { kind: 'agent', agent: 'b' }, { kind: 'tool', tool: 't' }, { kind: 'tool', tool: 't', env: 'e' }, { kind: 'env', env: 'e' },
] as unknown as readonly StopTarget[];

test('whatever was stopped, cut and lifted, in whatever order: a set of stops agrees with the plain list, for tokens from any place', () => {
  const step = fc.record({ type: fc.constantFrom('engage', 'cut', 'lift'), target: fc.constantFrom(...targets), stop: fc.nat({ max: 20 }), gap: fc.integer({ min: 1, max: 3 }), atMs: fc.integer() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.subarray([...targets], { minLength: 1 }), { minLength: 1, maxLength: 4 }), fc.boolean(), (steps, tokens, twice) => {
      const set = new StopSet();
      const records: PlacedStop[] = [];
      steps.forEach(({ type, target, stop, gap, atMs }, index) => {
        const base = { id: `s${index}` as StopId, reason: '', by: '', atMs };
        const record: StopRecord = type === 'lift' ? { ...base, type, stop: `s${stop}` as StopId } : { ...base, type: type as 'engage' | 'cut', target };
        const placed: PlacedStop = { place: (records.at(-1)?.place ?? 0) + gap, record };
        records.push(placed);
        set.apply(placed);
        // An overlap of two sources brings an old record again.
        const again = records[stop % records.length];
        if (twice && again !== undefined) set.apply(again);
      });
      assert.equal(set.place, records.at(-1)?.place ?? 0);
      for (const token of tokens) {
        const dimensions = token.map(dimensionOf);
        assert.equal(set.engagedIn(dimensions) !== undefined, naive.isEngaged(records, dimensions));
        for (let ord = 0; ord <= set.place; ord += 1) {
          assert.equal(set.voidedIn(dimensions, ord) !== undefined, naive.isVoid(records, dimensions, ord));
        }
      }
    }),
    { numRuns: 300 },
  );
});
