/** Files that only their owner may read, replaced as a whole or not at all. */
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file of the data folder that cannot be used, in one line for the operator. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

const MAX_BYTES = 64 * 1024 * 1024;

/** Writes a file 0600 so that after a crash either the old or the new one is there, whole. */
export function writePrivateFile(file: string, text: string): void {
  const fresh = `${file}.new`;
  const fd = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  moveDurably(fresh, file);
}

/** Renames within a folder and syncs the folder, so that the new name outlives a power cut. */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to);
  const folder = openSync(dirname(to), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Reads a private file; undefined when it is not there. Refuses one that others may read. */
export function readPrivateFile(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > MAX_BYTES) throw new DataFolderError(`${file} is not a file of Hallpass`);
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) throw new DataFolderError(`${file} can be read by others: chmod 600 ${file}`);
  return readFileSync(file, 'utf8');
}
