import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readGrantsFolder } from '../../src/adapters/grants-folder/read-grants-folder.ts';
import { readGitFolder } from '../../src/cli/git-folder.ts';
import { compilePolicy } from '../../src/grants/compile.ts';
import { exampleFolder, tempFolder, write } from './temp-grants.ts';

/** Git as on a machine where nobody set anything. */
const env = {
  PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Dana', GIT_AUTHOR_EMAIL: 'dana@example.com', GIT_COMMITTER_NAME: 'Dana', GIT_COMMITTER_EMAIL: 'dana@example.com',
};
const git = (folder: string, ...args: string[]): string => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();

function commit(repository: string, message: string): string {
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--message', message);
  return git(repository, 'rev-parse', 'HEAD');
}

interface Repository {
  readonly root: string;
  readonly grants: string;
}

function newRepository(context: TestContext): Repository {
  const root = tempFolder(context);
  git(root, 'init', '--quiet', '--initial-branch', 'main');
  mkdirSync(join(root, 'grants/tools'), { recursive: true });
  return { root, grants: join(root, 'grants') };
}

const entriesOf = (files: ReadonlyMap<string, string> | undefined): Record<string, string> => Object.fromEntries(files ?? []);

describe('a grants folder as it was in a revision', () => {
  test('is what was committed, not what lies in the folder now', (context) => {
    const { root, grants } = newRepository(context);
    write(grants, 'people.yaml', 'first: é\r\n');
    write(grants, 'tools/orders.yaml', '');
    const first = commit(root, 'one');
    write(grants, 'people.yaml', 'second');
    git(root, 'tag', 'v2', commit(root, 'two'));
    write(grants, 'people.yaml', 'not committed');
    write(grants, 'agents.yaml', 'not committed');
    const one = { 'people.yaml': 'first: é\r\n', 'tools/orders.yaml': '' };
    const two = { 'people.yaml': 'second', 'tools/orders.yaml': '' };
    for (const name of [first, first.slice(0, 10), 'HEAD~1', 'HEAD^', 'v2~1', 'main~1', 'HEAD^{commit}~1']) assert.deepEqual(entriesOf(readGitFolder(grants, name)), one, name);
    for (const name of ['HEAD', 'main', 'v2', 'refs/heads/main', '@']) assert.deepEqual(entriesOf(readGitFolder(grants, name)), two, name);
  });

  test('has each file under the name that it had then', (context) => {
    const { root, grants } = newRepository(context);
    write(grants, 'support.yaml', 'the grant');
    write(grants, 'tools/orders.yaml', 'the tool');
    commit(root, 'one');
    renameSync(join(grants, 'support.yaml'), join(grants, 'support-orders.yaml'));
    renameSync(join(grants, 'tools/orders.yaml'), join(grants, 'tools/shop orders ü.yaml'));
    commit(root, 'rename');
    rmSync(join(grants, 'tools'), { recursive: true });
    commit(root, 'remove');
    assert.deepEqual(entriesOf(readGitFolder(grants, 'HEAD~2')), { 'support.yaml': 'the grant', 'tools/orders.yaml': 'the tool' });
    assert.deepEqual(entriesOf(readGitFolder(grants, 'HEAD~1')), { 'support-orders.yaml': 'the grant', 'tools/shop orders ü.yaml': 'the tool' });
    assert.deepEqual(entriesOf(readGitFolder(grants, 'HEAD')), { 'support-orders.yaml': 'the grant' });
  });

  test('holds policy files only, and keeps their places when others lie between them', (context) => {
    const { root, grants } = newRepository(context);
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    write(grants, 'a.yaml', 'a: 1\n');
    write(grants, 'b.png', noise);
    write(grants, 'c.yaml', 'line one\n\nline three');
    write(grants, 'keys/dana@example.com.jwk', '{"kty":"EC"}\n');
    write(grants, 'tests/support.test.yaml', 'now: x\n');
    write(grants, 'README.md', 'words');
    write(grants, '.hidden.yaml', 'hidden');
    write(grants, 'z.yaml~', 'a copy of an editor');
    write(grants, 'z.yaml', 'z: 1\n');
    write(root, 'elsewhere.yaml', 'not in the folder');
    commit(root, 'one');
    assert.deepEqual(entriesOf(readGitFolder(grants, 'HEAD')), { 'a.yaml': 'a: 1\n', 'c.yaml': 'line one\n\nline three', 'keys/dana@example.com.jwk': '{"kty":"EC"}\n', 'z.yaml': 'z: 1\n' });
  });

  test('has the whole of a file that is large, or binary under the name of a policy file', (context) => {
    const { root, grants } = newRepository(context);
    const binary = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7) % 256));
    write(grants, 'a.yaml', binary);
    write(grants, 'b.yaml', 'x\n'.repeat(200_000));
    write(grants, 'c.yaml', 'c: 1\n');
    commit(root, 'one');
    const files = readGitFolder(grants, 'HEAD');
    assert.equal(files?.get('a.yaml'), binary.toString('utf8'));
    assert.equal(files?.get('b.yaml'), 'x\n'.repeat(200_000));
    assert.equal(files?.get('c.yaml'), 'c: 1\n');
    assert.ok(!compilePolicy(files ?? new Map()).ok);
  });

  test('does not follow a symbolic link, and says that one is there', (context) => {
    const { root, grants } = newRepository(context);
    write(root, 'secret.yaml', 'people: {}');
    write(grants, 'people.yaml', 'people: {}');
    symlinkSync('../secret.yaml', join(grants, 'agents.yaml'));
    commit(root, 'one');
    assert.throws(() => readGitFolder(grants, 'HEAD'), { message: /^agents\.yaml is a symbolic link in HEAD/ });
  });

  test('is the folder itself when that is the root of the repository', (context) => {
    const root = tempFolder(context);
    git(root, 'init', '--quiet');
    write(root, 'people.yaml', 'people: {}');
    commit(root, 'one');
    assert.deepEqual(entriesOf(readGitFolder(root, 'HEAD')), { 'people.yaml': 'people: {}' });
  });

  test('reads the example as the reader of folders does', async (context) => {
    const folder = exampleFolder(context);
    git(folder, 'init', '--quiet');
    commit(folder, 'one');
    const read = await readGrantsFolder(folder);
    assert.ok(read.ok);
    assert.deepEqual(entriesOf(readGitFolder(folder, 'HEAD')), entriesOf(read.files));
    assert.ok(compilePolicy(readGitFolder(folder, 'HEAD') ?? new Map()).ok);
  });
});

describe('what is no revision', () => {
  test('is no folder either: a name that nobody gave, an option, a path, a range, more than one word', (context) => {
    const { root, grants } = newRepository(context);
    write(grants, 'people.yaml', 'people: {}');
    commit(root, 'one');
    for (const name of ['nothing', 'HEAD~7', '', ' ', '-p', '--all', '--output=/tmp/x', 'HEAD:grants', 'HEAD..main', 'HEAD main', 'HEAD;ls', '$(ls)', 'a'.repeat(201), 'HEAD^{tree}', 'HEAD\0', 'HEAD\n']) {
      assert.equal(readGitFolder(grants, name), undefined, JSON.stringify(name));
    }
  });

  test('is told apart from one in which the folder was not there yet', (context) => {
    const { root, grants } = newRepository(context);
    write(root, 'README.md', 'words');
    commit(root, 'one');
    write(grants, 'people.yaml', 'people: {}');
    commit(root, 'two');
    assert.throws(() => readGitFolder(grants, 'HEAD~1'), { message: 'there are no grants in HEAD~1: the folder was not in git then' });
  });

  test('is what every name is outside of git', (context) => {
    const folder = tempFolder(context);
    write(folder, 'people.yaml', 'people: {}');
    assert.equal(readGitFolder(folder, 'HEAD'), undefined);
  });
});
