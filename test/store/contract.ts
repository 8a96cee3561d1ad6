/**
 * The contract of the store port: a store is whatever passes this, on any machine, with several instances at once.
 * Each store's own tests call it once.
 */
import { commitContract } from './contract-commits.ts';
import { ledgerContract } from './contract-ledger.ts';
import { modelContract } from './contract-model.ts';
import { raceContract } from './contract-races.ts';
import { recordContract } from './contract-records.ts';
import { stopContract } from './contract-stops.ts';
import { type MakeStore, storeTester } from './harness.ts';

/** Registers the contract's tests for one store. `make` gives an empty store each time. */
export function storeContract(name: string, make: MakeStore): void {
  const storeTest = storeTester(name, make);
  commitContract(storeTest);
  raceContract(storeTest);
  stopContract(storeTest);
  ledgerContract(storeTest);
  recordContract(storeTest);
  modelContract(name, make);
}
