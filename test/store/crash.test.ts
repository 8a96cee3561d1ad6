/** `kill -9` at any moment: nothing that was acknowledged is lost, nothing is half written, and no lock is left. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ledgerOf, unclaimed, writerOf } from './pieces.ts';
import { storeFolder } from './sqlite-files.ts';

const ROUNDS = 10;
/** The kill comes this long after the first acknowledgement. */
const MAX_DELAY_MS = 120;

test(`a process killed at ${ROUNDS} random moments loses no acknowledged issuance and no stop, and leaves no lock`, async (t) => {
  const { file, open } = storeFolder(t);
  const acknowledged: number[] = [];
  let epoch: string | undefined;
  let from = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const delayMs = Math.random() * MAX_DELAY_MS;
    const numbers = await issueUntilKilled(file, from, delayMs);
    const where = `round ${round}, killed after ${delayMs.toFixed(1)} ms and ${numbers.length} issuances`;
    assert.ok(numbers.length > 0, where);
    acknowledged.push(...numbers);
    const store = await open();
    epoch ??= await store.epoch();
    assert.equal(await store.epoch(), epoch, `${where}: a crash is no restore`);
    const write = writerOf(store, epoch);
    assert.equal((await write([])).type, 'committed', `${where}: the next commit goes through at once`);

    const rows = await store.entriesFrom(0, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(rows.map(({ position }) => position), [...rows.keys()], `${where}: positions are gapless`);
    const written = (await ledgerOf(store)).map(Number);
    assert.equal(new Set(written).size, written.length, `${where}: nothing is written twice`);
    const lost = acknowledged.filter((number) => !new Set(written).has(number));
    assert.deepEqual(lost, [], `${where}: every acknowledged issuance is in the ledger`);

    const stops = await store.stopsAfter(0);
    assert.deepEqual(stops.map(({ place }) => place), Array.from(stops.keys(), (index) => index + 1), `${where}: places are gapless`);
    const stopped = stops.map(({ record }) => Number(record.id.slice('stop-'.length)));
    assert.deepEqual(stopped.toSorted(ascending), written.filter((number) => number % 10 === 0).toSorted(ascending), `${where}: a stop and its entry are one`);
    for (const number of written.slice(-50)) {
      assert.equal((await store.record('token', `token-${number}`))?.state, 'live', `${where}: an entry and its record are one`);
      assert.equal((await write([], [unclaimed(`claim-${number}`)])).type, 'refused', `${where}: and so is its claim`);
    }
    assert.equal(await store.countRecords({ kind: 'token', expiresAfterMs: 0 }), written.length, where);
    await store.close();
    from = Math.max(...written) + 1;
  }
});

test('a process killed while it makes or opens the store leaves one that opens like any other', async (t) => {
  for (let round = 0; round < 6; round += 1) {
    const { file, open } = storeFolder(t);
    const delayMs = 80 + Math.random() * 160;
    const child = spawnIssuing(file, 0);
    await setTimeout(delayMs);
    child.kill('SIGKILL');
    await once(child, 'close');
    const where = `killed ${delayMs.toFixed(0)} ms after its start`;
    const store = await open();
    const stops = await store.stopsAfter(0);
    assert.deepEqual(stops.filter(({ record }) => record.by === 'store'), [], `${where}: a crash is no restore`);
    assert.equal((await writerOf(store, await store.epoch())([])).type, 'committed', where);
  }
});

const ascending = (a: number, b: number): number => a - b;

const spawnIssuing = (file: string, from: number) =>
  spawn(process.execPath, [new URL('./children/issuing.ts', import.meta.url).pathname, file, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });

/** The numbers that the child had acknowledged when it was killed. */
async function issueUntilKilled(file: string, from: number, delayMs: number): Promise<readonly number[]> {
  const child = spawnIssuing(file, from);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child.stdout, 'data');
  await setTimeout(delayMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  // A number without its line end was cut off by the kill.
  return output.split('\n').slice(0, -1).map(Number);
}
