/**
 * Commits numbered issuances, and a stop at every tenth, from the number given on, and prints each number that was
 * acknowledged. Arguments: the store's file, the first number, how many (without end: until it is killed), how many at once.
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../../src/adapters/store-sqlite/sqlite-store.ts';
import { cut, stop, TOOL, writerOf } from '../pieces.ts';
import { issuance } from '../numbered.ts';

const [, , file = '', from = '0', many = 'Infinity', atOnce = '16'] = process.argv;

const store = await openSqliteStore({ file });
const write = writerOf(store, await store.epoch());
const end = Number(from) + Number(many);
let next = Number(from);

async function issueOn(): Promise<void> {
  while (next < end) {
    const number = next++;
    const { preconditions, effects } = issuance(number);
    const stops = number % 10 === 0 ? [stop(cut(`stop-${number}`, TOOL))] : [];
    const result = await write([...effects, ...stops], preconditions);
    if (result.type !== 'committed') throw new Error(JSON.stringify(result));
    // Not console.log: what is acknowledged must be out before anything else happens.
    writeSync(1, `${number}\n`);
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, issueOn));
await store.close();
