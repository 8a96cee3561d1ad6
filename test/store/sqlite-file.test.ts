/** The embedded store's file: private, whole, append-only, and never somebody else's. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { append, cut, engage, ledgerOf, stop, TOOL, writerOf } from './pieces.ts';
import { storeFolder } from './sqlite-files.ts';

test('all files are readable by their owner only, and a closed store leaves the store and its witness', async (t) => {
  const { folder, open } = storeFolder(t);
  const store = await open();
  await writerOf(store, await store.epoch())([append('entry'), stop(cut('c', TOOL))]);
  const modes = () => Object.fromEntries(readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]));
  assert.deepEqual(modes(), { 'hallpass.db': '600', 'hallpass.db-shm': '600', 'hallpass.db-wal': '600', 'hallpass.db.witness': '600' });
  await store.close();
  assert.deepEqual(modes(), { 'hallpass.db': '600', 'hallpass.db.witness': '600' });
});

test('two that start on an empty folder at once get one and the same store', async (t) => {
  const { open } = storeFolder(t);
  const [one, two] = await Promise.all([open(), open()]);
  assert.equal(await one.epoch(), await two.epoch());
  await writerOf(one, await one.epoch())([append('entry')]);
  assert.deepEqual(await ledgerOf(two), ['entry']);
});

test('a missing folder is an error that names it, and is not made', async (t) => {
  const { folder } = storeFolder(t);
  await assert.rejects(openSqliteStore({ file: join(folder, 'nowhere', 'hallpass.db') }), /ENOENT.*nowhere/);
  assert.deepEqual(readdirSync(folder), []);
});

const foreign = {
  'an empty file': { make: (file: string) => writeFileSync(file, ''), says: /not even a database/ },
  'a text': { make: (file: string) => writeFileSync(file, 'Dear diary,\n'.repeat(20)), says: /not even a database/ },
  "another program's database": {
    make: (file: string) => edit(file, 'CREATE TABLE mine (x); PRAGMA application_id = 7'),
    says: /another program's database/,
  },
  'a database without an application id, in the middle of its work': {
    make: (file: string) => {
      edit(file, 'PRAGMA journal_mode = WAL; CREATE TABLE mine (x)');
      writeFileSync(`${file}-wal`, 'unfinished work');
    },
    says: /another program's database/,
  },
  'a store of a newer Hallpass': {
    make: (file: string) => edit(file, `PRAGMA application_id = ${0x48_61_6c_6c}; PRAGMA user_version = 99; CREATE TABLE newer (x)`),
    says: /version 99.*knows version 1.*newer Hallpass/,
  },
};

for (const [what, { make, says }] of Object.entries(foreign)) {
  test(`${what} is refused with a clear word and left as it was`, async (t) => {
    const { folder, file, open } = storeFolder(t);
    make(file);
    const content = () => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'hex')]));
    const before = content();
    await assert.rejects(open(), (error: Error) => error.name === 'ForeignStoreError' && says.test(error.message) && error.message.includes(file));
    assert.deepEqual(content(), before);
  });
}

function edit(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

test('no program can change, remove, replace or misplace a row of the ledger or a stop', async (t) => {
  const { file, open } = storeFolder(t);
  const store = await open();
  await writerOf(store, await store.epoch())([append('a'), append('b'), stop(engage('s', TOOL))]);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  const attempts = [
    `UPDATE ledger SET bytes = x'00' WHERE position = 0`,
    'DELETE FROM ledger WHERE position = 1',
    'DELETE FROM ledger',
    `INSERT OR REPLACE INTO ledger VALUES (0, x'00', x'00')`,
    `INSERT INTO ledger VALUES (7, x'00', x'00')`,
    `UPDATE stops SET body = '{}'`,
    'DELETE FROM stops',
    `INSERT OR REPLACE INTO stops VALUES (1, 's', NULL, '{}')`,
    `INSERT OR REPLACE INTO stops VALUES (9, 's', NULL, '{}')`,
  ];
  for (const attempt of attempts) assert.throws(() => db.exec(attempt), /append-only/, attempt);
  assert.deepEqual(await ledgerOf(store), ['a', 'b']);
  assert.equal((await store.stopsAfter(0)).length, 1);
});
