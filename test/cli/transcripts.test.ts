/** The command line as people meet it: each transcript is typed into real terminals, and every answer compared. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../demo/free-port.ts';
import { readersEnvironment, readWalk, walk } from '../docs/walk.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const FOLDER = join(ROOT, 'test/cli/transcripts');

for (const file of readdirSync(FOLDER)) {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  test(`transcript: ${/^# (.*)$/m.exec(text)?.[1] ?? file}`, async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'hallpass-transcript-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    for (const folder of ['bin', 'work', 'example']) mkdirSync(join(home, folder));
    symlinkSync(join(ROOT, 'bin/hallpass.js'), join(home, 'bin/hallpass'));
    const port = String(await freePort());
    const path = [join(home, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
    await walk(readWalk(text.replaceAll('8787', port)), join(home, 'work'), { ...readersEnvironment(), PATH: path, HOME: home, EXAMPLE: exampleWithoutKeys(home), HALLPASS_LISTEN: `127.0.0.1:${port}` });
  });
}

/** The example grants as git has them: a checkout in use has keys beside them. */
function exampleWithoutKeys(home: string): string {
  const example = join(home, 'example');
  cpSync(join(ROOT, 'grants'), example, { recursive: true, filter: (path) => !path.endsWith('.jwk') });
  return example;
}
