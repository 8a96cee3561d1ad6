/** The documents that tell a newcomer what to type, word by word: from a clean checkout, with nothing of this one's but what git has. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort } from '../../demo/free-port.ts';
import { readersEnvironment, readWalk, walk } from './walk.ts';

/** What git does not have. */
const LEFT_OUT = /(?:^|\/)(?:node_modules|dist|coverage|\.git|\.hallpass|\.venv)(?:\/|$)|^grants\/keys(?:\/|$)|\.tgz$/;

const ROOT = new URL('../..', import.meta.url).pathname;

async function perform(t: TestContext, document: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'hallpass-walk-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const checkout = join(home, 'hallpass');
  cpSync(ROOT, checkout, { recursive: true, filter: (path) => !LEFT_OUT.test(relative(ROOT, path)) });
  // The document's ports may be taken on this machine: the same words with free ones.
  const broker = String(await freePort());
  const server = String(await freePort());
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll('8787', broker).replaceAll('8801', server);
  // Nor are this checkout's own commands on the path.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter);
  const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();
  await walk(readWalk(text), checkout, { ...readersEnvironment(), PATH: path, HOME: home, HALLPASS_LISTEN: `127.0.0.1:${broker}`, npm_config_cache: cache, npm_config_update_notifier: 'false' });
}

test('the README\'s sixty seconds go as they are written', (t) => perform(t, 'README.md'));

test('the first afternoon goes as it is written', (t) => perform(t, 'docs/getting-started.md'));
