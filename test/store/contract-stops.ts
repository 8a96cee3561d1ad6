/** Stops: one order of places, what hides what, and watchers that miss nothing. */
import assert from 'node:assert/strict';
import type { EnvName, ToolName } from '../../src/core/names.ts';
import type { PlacedStop, StopTarget } from '../../src/stops/stop.ts';
import type { StoreTest } from './harness.ts';
import { AGENT, append, cut, engage, lift, noStopAfter, stop, TOOL } from './pieces.ts';

const ALL: StopTarget = { kind: 'all' };
const TOOL_IN_STAGING: StopTarget = { kind: 'tool', tool: 'orders' as ToolName, env: 'staging' as EnvName };

export function stopContract(storeTest: StoreTest): void {
  storeTest('stops, cuts and lifts have places in one order that starts at 1', async ({ store, write }) => {
    const first = await write([stop(engage('s1', TOOL)), stop(cut('c1', AGENT))]);
    const second = await write([stop(lift('l1', 's1'))]);
    assert.deepEqual(first, { type: 'committed', stopPlaces: [1, 2], positions: [] });
    assert.deepEqual(second, { type: 'committed', stopPlaces: [3], positions: [] });
    const all = [
      { place: 1, record: engage('s1', TOOL) },
      { place: 2, record: cut('c1', AGENT) },
      { place: 3, record: lift('l1', 's1') },
    ];
    assert.deepEqual(await store.stopsAfter(0), all);
    assert.deepEqual(await store.stopsAfter(2), all.slice(2));
    assert.deepEqual(await store.stopsAfter(3), []);
  });

  storeTest('places keep growing after a restart', async ({ store, write, another }) => {
    await write([stop(cut('c1', TOOL)), stop(cut('c2', TOOL))]);
    await store.close();
    const again = await another();
    assert.deepEqual(await again.write([stop(cut('c3', TOOL))]), { type: 'committed', stopPlaces: [3], positions: [] });
  });

  storeTest('an engaged stop refuses every place, and only what it aims at', async ({ write }) => {
    await write([stop(engage('s', TOOL))]);
    assert.equal((await write([], [noStopAfter(1_000, 'all', 'tool:orders')])).type, 'refused');
    assert.equal((await write([], [noStopAfter(0, 'all', 'tool:tickets', 'tool-env:orders/staging')])).type, 'committed');
  });

  storeTest('a lifted stop lets newer places through and holds older ones back', async ({ write }) => {
    await write([stop(engage('s', TOOL))]);
    await write([stop(lift('l', 's'))]);
    assert.equal((await write([], [noStopAfter(0, 'tool:orders')])).type, 'refused');
    assert.equal((await write([], [noStopAfter(1, 'tool:orders')])).type, 'committed');
  });

  storeTest('of two stops on one target the lift of one leaves the other engaged', async ({ write }) => {
    await write([stop(engage('s1', TOOL)), stop(engage('s2', TOOL))]);
    await write([stop(lift('l1', 's1'))]);
    assert.equal((await write([], [noStopAfter(1_000, 'tool:orders')])).type, 'refused');
    await write([stop(lift('l2', 's2'))]);
    assert.equal((await write([], [noStopAfter(1_000, 'tool:orders')])).type, 'committed');
  });

  storeTest('a cut voids older places and holds nothing back', async ({ write }) => {
    await write([stop(cut('c', AGENT))]);
    assert.equal((await write([], [noStopAfter(0, 'agent:support-agent')])).type, 'refused');
    assert.equal((await write([], [noStopAfter(1, 'agent:support-agent')])).type, 'committed');
  });

  storeTest('regression 6: an older wide cut does not hide a newer narrow one', async ({ write }) => {
    await write([stop(cut('wide', ALL))]);
    await write([stop(cut('narrow', TOOL_IN_STAGING))]);
    assert.equal((await write([], [noStopAfter(1, 'all', 'tool:orders', 'tool-env:orders/staging')])).type, 'refused');
    assert.equal((await write([], [noStopAfter(1, 'all', 'tool:orders', 'tool-env:orders/live')])).type, 'committed');
  });

  storeTest('regression 6: an older narrow cut does not hide a newer wide one', async ({ write }) => {
    await write([stop(cut('narrow', TOOL_IN_STAGING))]);
    await write([stop(cut('wide', ALL))]);
    assert.equal((await write([], [noStopAfter(1, 'tool-env:orders/staging', 'tool:orders', 'all')])).type, 'refused');
    assert.equal((await write([], [noStopAfter(2, 'tool-env:orders/staging', 'tool:orders', 'all')])).type, 'committed');
  });

  storeTest('watchers of both instances see every stop once and in order, whoever made it', async ({ store, write, another }) => {
    const other = await another();
    await write([stop(cut('c1', TOOL)), stop(cut('c2', TOOL))]);
    const [here, there, late] = [collect(), collect(), collect()];
    store.watchStops(0, here.onStop, here.signal);
    other.store.watchStops(1, there.onStop, there.signal);
    const writing = Array.from({ length: 60 }, (_, index) => {
      const writer = index % 2 === 0 ? write : other.write;
      if (index === 30) store.watchStops(2, late.onStop, late.signal);
      return writer([stop(cut(`race-${index}`, AGENT)), append('stop')]);
    });
    await Promise.all(writing);
    for (const [watcher, from] of [[here, 1], [there, 2], [late, 3]] as const) {
      await watcher.until(62);
      assert.deepEqual(watcher.places(), Array.from({ length: 63 - from }, (_, index) => from + index));
      assert.deepEqual(watcher.seen, await store.stopsAfter(from - 1));
    }
  });

  storeTest('a watcher hears nothing after its signal', async ({ store, write }) => {
    const [gone, staying, never] = [collect(), collect(), collect()];
    never.abort();
    store.watchStops(0, never.onStop, never.signal);
    store.watchStops(0, gone.onStop, gone.signal);
    store.watchStops(0, staying.onStop, staying.signal);
    await write([stop(cut('c1', TOOL))]);
    await Promise.all([gone.until(1), staying.until(1)]);
    gone.abort();
    await write([stop(cut('c2', TOOL))]);
    await staying.until(2);
    assert.deepEqual([never.places(), gone.places(), staying.places()], [[], [1], [1, 2]]);
  });
}

/** Collects what a watcher hears. */
function collect() {
  const controller = new AbortController();
  const seen: PlacedStop[] = [];
  const waiting = new Set<() => void>();
  return {
    seen,
    signal: controller.signal,
    abort: () => controller.abort(),
    onStop: (stopped: PlacedStop): void => {
      seen.push(stopped);
      for (const wake of waiting) wake();
    },
    places: (): readonly number[] => seen.map(({ place }) => place),
    /** Resolves when this place, or a later one, was heard. */
    until: (place: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if ((seen.at(-1)?.place ?? 0) >= place) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
