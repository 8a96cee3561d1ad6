import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const ROOT = new URL('../..', import.meta.url).pathname;

test('npm run demo: every step of the support desk\'s story holds', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['demo/support-desk.ts'], { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  const [, held, all] = /(\d+) of (\d+) steps held\./.exec(stdout) ?? [];
  assert.ok(Number(all) >= 14 && held === all, stdout);
  assert.doesNotMatch(stdout, /FAILED/);
});
