/** The embedded store keeps the contract. */
import { storeContract } from './contract.ts';
import { makeSqliteStore } from './sqlite-files.ts';

storeContract('embedded store', makeSqliteStore);
