/**
 * Commits until the disk takes no more, which a limit on the size of files stands in for; then lifts the limit. Prints as
 * JSON what it saw. Argument: the store's file.
 */
import { execFileSync } from 'node:child_process';
import { openSqliteStore } from '../../../src/adapters/store-sqlite/sqlite-store.ts';
import { issuance } from '../numbered.ts';
import { writerOf } from '../pieces.ts';

export interface Seen {
  readonly acknowledged: number;
  /** What each commit of the last batch was rejected with. */
  readonly rejected: readonly string[];
  readonly full: { readonly entries: number; readonly lastRecord: boolean; readonly replay: string; readonly problem: string | null };
  readonly again: { readonly commit: string; readonly entries: number; readonly problem: string | null };
}

const [, , file = ''] = process.argv;
const AT_ONCE = 8;

const store = await openSqliteStore({ file });
const write = writerOf(store, await store.epoch());
const commit = async (number: number): Promise<string> => (await write(issuance(number).effects, issuance(number).preconditions)).type;

const limitFileSize = (bytes: string): void => void execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}`]);

let acknowledged = 0;
let rejected: readonly PromiseRejectedResult[] = [];
for (let from = 0; rejected.length === 0; from += AT_ONCE) {
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, (_, index) => commit(from + index)));
  rejected = results.filter((result) => result.status === 'rejected');
  acknowledged += results.length - rejected.length;
}
const [entries, lastRecord, replay] = [await store.ledgerSize(), (await store.record('token', `token-${acknowledged}`)) !== undefined, await commit(0)];
// A probe writes less than a commit does, and could find the room that a commit did not.
limitFileSize('4096:unlimited');
const full = {
  entries,
  lastRecord,
  replay,
  problem: (await store.problem()) ?? null,
};
limitFileSize('unlimited');
const again = { commit: await commit(acknowledged), entries: await store.ledgerSize(), problem: (await store.problem()) ?? null };
await store.close();
console.log(JSON.stringify({ acknowledged, rejected: rejected.map(({ reason }) => String(reason)), full, again } satisfies Seen));
