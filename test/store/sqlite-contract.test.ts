/** The embedded store keeps the contract. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { storeContract } from './contract.ts';
import { makeFolder } from './sqlite-files.ts';

storeContract('embedded store', async () => {
  const folder = makeFolder();
  return {
    open: () => openSqliteStore({ file: join(folder, 'hallpass.db') }),
    cleanup: () => rm(folder, { recursive: true }),
  };
});
