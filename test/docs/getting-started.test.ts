/** docs/getting-started.md, word by word: from a clean checkout, with nothing of this one's but what git has. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../http/broker.ts';
import { readWalk, walk } from './walk.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

test('the first afternoon goes as it is written', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'hallpass-walk-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const checkout = join(home, 'hallpass');
  for (const file of execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    cpSync(join(ROOT, file), join(checkout, file));
  }
  // The document's ports may be taken on this machine: the same words with free ones.
  const broker = String(await freePort());
  const server = String(await freePort());
  const text = readFileSync(join(ROOT, 'docs/getting-started.md'), 'utf8').replaceAll('8787', broker).replaceAll('8801', server);
  // npm's own variables would tell the commands in there that they were run by this checkout's npm.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|HALLPASS_|XDG_|NODE_TEST)/.test(name)));
  await walk(readWalk(text), checkout, { ...env, HOME: home, HALLPASS_LISTEN: `127.0.0.1:${broker}`, npm_config_cache: execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim(), npm_config_update_notifier: 'false' });
});
