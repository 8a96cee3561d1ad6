/** The store's file: made whole or not at all, and never mistaken for somebody else's. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ForeignStoreError } from './errors.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** SQLite's header (file format, section 1.3): a magic string, and big-endian numbers at these offsets. */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;

/** 128 random bits that name one history of a store. */
export const newEpoch = (): string => randomBytes(16).toString('base64url');

/** Makes the file, readable by its owner only, unless it is there. The folder must exist. */
export function ensureStoreFile(file: string): void {
  if (existsSync(file)) return;
  // Made under another name and linked when it is complete: a crash leaves no half-made store, and of two starters one wins.
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    closeSync(openSync(draft, 'wx', 0o600));
    writeSchema(draft);
    linkUnlessThere(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolderOf(file);
}

/** Throws `ForeignStoreError` unless the header says that this is a store of this version. Reads 100 bytes and changes nothing. */
export function assertOurFile(file: string): void {
  const header = readHeader(file);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new ForeignStoreError(`${file} is not a Hallpass store, not even a database: move it away, or set another data folder`);
  }
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
    throw new ForeignStoreError(`${file} is another program's database: move it away, or set another data folder`);
  }
  const version = header.readUInt32BE(USER_VERSION_OFFSET);
  if (version !== SCHEMA_VERSION) {
    throw new ForeignStoreError(`${file} has tables of version ${version}, and this Hallpass knows version ${SCHEMA_VERSION}: start the newer Hallpass that made them`);
  }
}

/** Makes a file's name survive a power loss, not only its content. */
export function syncFolderOf(file: string): void {
  const fd = openSync(dirname(file), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  return header;
}

function writeSchema(draft: string): void {
  const db = new DatabaseSync(draft);
  try {
    // One transaction with a rollback journal: the header is final, in the file itself, before anybody can see it.
    db.exec(`PRAGMA synchronous = FULL; BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${SCHEMA}`);
    db.prepare(`INSERT INTO meta VALUES ('epoch', ?)`).run(newEpoch());
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

function linkUnlessThere(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
