/**
 * Loaded into a server before everything else (`--import`), it counts the signatures that the process checks and makes, so
 * that the comparison rests on counts and not on what we believe. At SIGUSR2 it writes them to the file in `BENCH_COUNTS`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const counts = { checks: 0, signatures: 0 };
const subtle = Object.getPrototypeOf(crypto.subtle) as typeof crypto.subtle;
const { verify, sign } = subtle;
subtle.verify = function (this: typeof crypto.subtle, ...args: Parameters<typeof verify>) {
  counts.checks += 1;
  return verify.apply(this, args);
};
subtle.sign = function (this: typeof crypto.subtle, ...args: Parameters<typeof sign>) {
  counts.signatures += 1;
  return sign.apply(this, args);
};
const { BENCH_COUNTS: file = '' } = process.env;
if (isMainThread) {
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts));
    renameSync(`${file}.new`, file);
  });
}
