/** A full disk: the commit fails and leaves nothing, what was there can be read, and with space again everything goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Seen } from './children/filling.ts';
import { ledgerOf } from './pieces.ts';
import { storeFolder } from './sqlite-files.ts';

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const skip = hasPrlimit ? false : 'prlimit is not installed: `apt-get install util-linux`';
const LIMIT_BYTES = 1_000_000;

test('on a full disk a commit rejects and nothing of it is visible; once there is space it goes on', { skip }, async (t) => {
  const { file, open } = storeFolder(t);
  const child = [process.execPath, new URL('./children/filling.ts', import.meta.url).pathname, file];
  const { stdout, stderr, status } = spawnSync('prlimit', [`--fsize=${LIMIT_BYTES}:unlimited`, ...child], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { acknowledged, rejected, full, again } = JSON.parse(stdout) as Seen;
  assert.ok(acknowledged > 0);
  assert.equal(rejected.length, 8, 'all that shared the batch are rejected');
  for (const error of rejected) assert.match(error, /^StoreFailedError: the store could not write: /);
  assert.equal(full.entries, acknowledged);
  assert.equal(full.lastRecord, false);
  assert.equal(full.replay, 'refused', 'a used id stays used');
  assert.match(full.problem ?? '', /could not write/);
  assert.deepEqual(again, { commit: 'committed', entries: acknowledged + 1, problem: null });
  const numbers = (await ledgerOf(await open())).map(Number);
  assert.deepEqual(numbers, Array.from({ length: acknowledged + 1 }, (_, index) => index));
});
