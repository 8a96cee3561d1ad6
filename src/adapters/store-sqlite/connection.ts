/** How the store's file is opened for writing: the settings that durability rests on. */
import { DatabaseSync } from 'node:sqlite';

/** Pages of 4 KiB that the log may hold before they are copied into the file: fewer copies, at the price of a longer log. */
const CHECKPOINT_PAGES = 4_000;
/** Memory for pages, in KiB. */
const CACHE_KIB = 32_000;
/** How long another process may keep the lock before a write is given up. */
const LOCK_WAIT_MS = 5_000;

export function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  // fullfsync matters on macOS alone, where a plain fsync does not reach the disk.
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`);
  return db;
}
