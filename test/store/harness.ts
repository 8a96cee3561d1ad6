/** What a store under test gives the contract: instances on one and the same store, and a way to clean up. */
import { test } from 'node:test';
import type { Store } from '../../src/store/port.ts';
import { type Write, writerOf } from './pieces.ts';

export interface StoreUnderTest {
  /** Another instance on the same store, as a second broker process would have. */
  open(): Promise<Store>;
  cleanup(): Promise<void>;
}

export type MakeStore = () => Promise<StoreUnderTest>;

export interface Opened {
  readonly store: Store;
  readonly epoch: string;
  readonly write: Write;
}

export interface Bench extends Opened {
  /** Opens one more instance; it is closed after the test, if the test has not done so. */
  another(): Promise<Opened>;
}

/** A test with an empty store of its own. */
export const storeTester = (name: string, make: MakeStore) => (says: string, body: (bench: Bench) => Promise<void>): void => {
  test(`${name}: ${says}`, async () => {
    const under = await make();
    const stores: Store[] = [];
    const another = async (): Promise<Opened> => {
      const store = await under.open();
      stores.push(store);
      const epoch = await store.epoch();
      return { store, epoch, write: writerOf(store, epoch) };
    };
    try {
      await body({ ...(await another()), another });
    } finally {
      await Promise.all(stores.map((store) => store.close()));
      await under.cleanup();
    }
  });
};

export type StoreTest = ReturnType<typeof storeTester>;
