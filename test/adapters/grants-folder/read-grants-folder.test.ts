import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readGrantsFolder } from '../../../src/adapters/grants-folder/read-grants-folder.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

/** `path: message` of every problem. */
async function problemsOf(folder: string): Promise<readonly string[]> {
  const read = await readGrantsFolder(folder);
  assert.ok(!read.ok, 'the folder was read');
  return read.problems.map(({ file, line, column, message }) => {
    assert.deepEqual([line, column], [1, 1]);
    return `${file}: ${message}`;
  });
}

test('what counts is read, tests apart; everything else is left alone', async (t) => {
  const folder = tempFolder(t, {
    'people.yaml': 'people', 'support.yaml': 'grant', 'tools/orders.yaml': 'tool', 'tests/support.test.yaml': 'test',
    'a.jwk': 'key', 'keys/b.jwk': 'key', 'keys/team/one/c.jwk': 'key', 'tools/d.jwk': 'key',
    'README.md': 'no', 'keys/notes.txt': 'no', '.hidden.yaml': 'no', '.git/config.yaml': 'no', 'tools/orders.yaml~': 'no', '#support.yaml#': 'no', 'tests/.#x.test.yaml': 'no',
  });
  const read = await readGrantsFolder(folder.path);
  assert.ok(read.ok, JSON.stringify(read));
  assert.deepEqual(Object.fromEntries(read.files), {
    'a.jwk': 'key', 'keys/b.jwk': 'key', 'keys/team/one/c.jwk': 'key', 'people.yaml': 'people', 'support.yaml': 'grant', 'tools/d.jwk': 'key', 'tools/orders.yaml': 'tool',
  });
  assert.deepEqual([...read.tests], [['tests/support.test.yaml', 'test']]);
});

describe('a file that somebody meant to be read, but that would not be, is a problem', () => {
  const table: readonly (readonly [string, string])[] = [
    ['people.yml', 'would not be read: rename it to people.yaml'],
    ['tools/orders.YML', 'would not be read: rename it to orders.yaml'],
    ['Support.Yaml', 'would not be read: rename it to Support.yaml'],
    ['keys/a.JWK', 'would not be read: rename it to a.jwk'],
    ['tests/support.yaml', 'would not be run: rename it to support.test.yaml'],
    ['grants/support.yaml', 'would not be read: move it to tools/ if it describes a tool, or to the top of the grants folder if it is a grant'],
    ['tools/shop/orders.yaml', 'would not be read: move it to tools/ if it describes a tool, or to the top of the grants folder if it is a grant'],
  ];
  for (const [path, message] of table) {
    test(path, async (t) => assert.deepEqual(await problemsOf(tempFolder(t, { [path]: '' }).path), [`${path}: ${message}`]));
  }

  test('a folder too deep for anything in it to be read', async (t) => {
    const folder = tempFolder(t, { 'a/b/c/d/e.jwk': 'key' });
    assert.deepEqual(await problemsOf(folder.path), ['a/b/c/d: would not be read: folders lie at most 3 deep']);
  });
});

describe('nothing outside the folder is read through it', () => {
  const LINK = 'is a symbolic link: put the file itself here, so that what is reviewed is what is read';

  test('links to files and folders are refused, wherever they lead', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'people' });
    mkdirSync(join(folder.path, 'keys'));
    writeFileSync(join(folder.path, '../outside.yaml'), 'outside');
    symlinkSync('../outside.yaml', join(folder.path, 'support.yaml'));
    symlinkSync('people.yaml', join(folder.path, 'agents.yaml'));
    symlinkSync('/', join(folder.path, 'tools'));
    symlinkSync('nowhere', join(folder.path, 'keys/a.jwk'));
    assert.deepEqual(await problemsOf(folder.path), [`agents.yaml: ${LINK}`, `keys/a.jwk: ${LINK}`, `support.yaml: ${LINK}`, `tools: ${LINK}`]);
  });

  test('the folder itself may be reached through a link', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'people' });
    const link = join(folder.path, '../current');
    symlinkSync('grants', link);
    const read = await readGrantsFolder(link);
    assert.ok(read.ok);
  });

  test('a pipe is refused, and not waited for', { skip: process.platform === 'win32' }, async (t) => {
    const folder = tempFolder(t);
    execFileSync('mkfifo', [join(folder.path, 'people.yaml')]);
    assert.deepEqual(await problemsOf(folder.path), ['people.yaml: is no regular file']);
  });
});

describe('a folder that cannot be read says why', () => {
  test('there is none', async (t) => {
    const folder = join(tempFolder(t).path, 'none');
    assert.deepEqual(await problemsOf(folder), ['.: there is no such folder: make one with `hallpass init`, or correct `grants` in hallpass.yaml']);
  });

  test('it is a file', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': '' });
    assert.deepEqual(await problemsOf(join(folder.path, 'people.yaml')), ['.: is no folder: correct `grants` in hallpass.yaml']);
  });

  test('a file is too large', async (t) => {
    const folder = tempFolder(t, { 'people.yaml': 'x'.repeat(256 * 1024 + 1), 'agents.yaml': 'x'.repeat(256 * 1024) });
    assert.deepEqual(await problemsOf(folder.path), ['people.yaml: is larger than 256 KiB: split it']);
  });

  test('all files together are too large', async (t) => {
    const folder = tempFolder(t);
    const text = 'x'.repeat(256 * 1024);
    for (let index = 0; index <= 256; index += 1) folder.write(`grant-${index}.yaml`, text);
    assert.deepEqual(await problemsOf(folder.path), ['.: holds more than 64 MiB']);
  });

  test('there are too many files', async (t) => {
    const folder = tempFolder(t);
    for (let index = 0; index <= 20_000; index += 1) writeFileSync(join(folder.path, `${index}.jwk`), '');
    assert.deepEqual(await problemsOf(folder.path), ['.: holds more than 20000 files: put several grants for one agent into one']);
  });

  test('a file is no text', async (t) => {
    const folder = tempFolder(t);
    folder.write('people.yaml', new Uint8Array([0xff, 0xfe, 0x70, 0x00]));
    folder.write('agents.yaml', '\ufeffagents: ü');
    assert.deepEqual(await problemsOf(folder.path), ['people.yaml: is not UTF-8 text: save it as UTF-8']);
  });
});

describe('what is read stood there at one moment', () => {
  const FILES = 40;
  /** Writes all files at once, as far as this process is concerned: each is replaced as a whole, and the files of one round belong together. */
  const writeRound = (folder: TempFolder, round: number): void => {
    for (let index = 0; index < FILES; index += 1) {
      folder.write('.next', `${round}`);
      renameSync(join(folder.path, '.next'), join(folder.path, `grant-${index}.yaml`));
    }
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('though everything is replaced while it is read, at whatever point', async (t) => {
    const folder = tempFolder(t);
    writeRound(folder, 0);
    for (let turns = 1; turns <= 24; turns += 1) {
      const reading = readGrantsFolder(folder.path);
      for (let waited = 0; waited < turns; waited += 1) await turn();
      writeRound(folder, turns);
      const read = await reading;
      assert.ok(read.ok, JSON.stringify(read));
      assert.equal(read.files.size, FILES);
      const [round, ...others] = new Set(read.files.values());
      assert.deepEqual(others, [], 'files of different rounds were read together');
      assert.ok(round === `${turns}` || round === `${turns - 1}`, round);
    }
  });

  test('though files come and go', async (t) => {
    const folder = tempFolder(t, { 'a.yaml': 'a' });
    for (let turns = 1; turns <= 12; turns += 1) {
      const reading = readGrantsFolder(folder.path);
      for (let waited = 0; waited < turns; waited += 1) await turn();
      // The grant moves from one file to another: it is never in both, and never in none.
      const [from, to] = turns % 2 === 1 ? ['a', 'b'] : ['b', 'a'];
      renameSync(join(folder.path, `${from}.yaml`), join(folder.path, `${to}.yaml`));
      const read = await reading;
      assert.ok(read.ok, JSON.stringify(read));
      assert.equal(read.files.size, 1);
    }
  });

  test('and if it never stands still, it is not read at all', async (t) => {
    const folder = tempFolder(t);
    const over = new AbortController();
    const writing = (async () => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        writeRound(folder, round);
        await turn();
      }
    })();
    assert.deepEqual(await problemsOf(folder.path), ['.: keeps changing while it is read: it is read again after the next change']);
    over.abort();
    await writing;
  });
});
