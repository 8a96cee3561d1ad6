/** A folder of its own for each test, and the embedded store in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/port.ts';
import { NOW } from './pieces.ts';

export const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'hallpass-store-'));

export interface StoreFolder {
  readonly folder: string;
  readonly file: string;
  open(): Promise<Store>;
}

/** A folder with a store in it, once it is opened. What is open after the test is closed, and the folder goes. */
export function storeFolder(t: TestContext): StoreFolder {
  const folder = makeFolder();
  const file = join(folder, 'hallpass.db');
  const stores: Store[] = [];
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    rmSync(folder, { recursive: true });
  });
  const open = async (): Promise<Store> => {
    const store = await openSqliteStore({ file, clock: () => NOW });
    stores.push(store);
    return store;
  };
  return { folder, file, open };
}
