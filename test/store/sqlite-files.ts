/** A folder of its own for each test, and the embedded store in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import type { StoreUnderTest } from './harness.ts';

export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hallpass-store-'));

export async function makeSqliteStore(): Promise<StoreUnderTest> {
  const folder = await makeFolder();
  return {
    open: () => openSqliteStore({ file: join(folder, 'hallpass.db') }),
    cleanup: () => rm(folder, { recursive: true }),
  };
}
