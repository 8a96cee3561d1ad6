/** One broker per data folder. The lock is the kernel's, by way of SQLite: however a process ends, it leaves none behind. */
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError } from './private-file.ts';

export interface FolderLock {
  release(): void;
}

/** Takes the lock, or says who has it. */
export function lockFolder(file: string, folder: string): FolderLock {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    db.close();
    throw new DataFolderError(`another broker is running on ${folder}: stop it, or give this one a data folder of its own (HALLPASS_DATA)`);
  }
  return { release: () => db.close() };
}
