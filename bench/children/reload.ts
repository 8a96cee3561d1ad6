/** A large grants folder changes. Arguments: folder, grants, rounds. */
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readGrantsFolder } from '../../src/adapters/grants-folder/read-grants-folder.ts';
import { compilePolicy } from '../../src/grants/compile.ts';
import { freePort } from '../../demo/free-port.ts';
import { rowOf } from '../lib/rows.ts';
import { rewriteGrant, writeLargeFolder } from './large-folder.ts';

// The broker's own watcher would start a second reload beside the measured one, 100 ms after the change: it is told of nothing.
fs.watch = (() => Object.assign(new EventEmitter(), { close: () => undefined })) as unknown as typeof fs.watch;
syncBuiltinESMExports();
const { startBroker } = await import('../../src/main.ts');

const [folder = '', grantCount = '', roundCount = ''] = process.argv.slice(2);
const [grants, rounds] = [Number(grantCount), Number(roundCount)];
const grantsFolder = join(folder, 'grants');
writeLargeFolder(grantsFolder, grants);

const port = await freePort();
const broker = await startBroker({
  config: { issuer: `http://127.0.0.1:${port}`, listen: { host: '127.0.0.1', port }, grants: grantsFolder, data: join(folder, 'data'), identities: [], allowPrivateHosts: [] },
});
const delay = monitorEventLoopDelay({ resolution: 1 });
const found = { inForce: [] as number[], done: [] as number[], blocked: [] as number[], read: [] as number[], compiled: [] as number[] };

for (let round = 1; round <= rounds; round += 1) {
  const before = broker.policy().digest;
  rewriteGrant(grantsFolder, round, round + 1);
  await sleep(50);
  delay.reset();
  delay.enable();
  const startedMs = performance.now();
  const reloading = broker.reload();
  while (broker.policy().digest === before) await sleep(1);
  found.inForce.push(performance.now() - startedMs);
  await reloading;
  found.done.push(performance.now() - startedMs);
  await sleep(5);
  delay.disable();
  found.blocked.push(delay.max / 1e6);

  const readMs = performance.now();
  const read = await readGrantsFolder(grantsFolder);
  found.read.push(performance.now() - readMs);
  if (!read.ok) throw new Error(JSON.stringify(read.problems.slice(0, 3)));
  const compiledMs = performance.now();
  const compiled = compilePolicy(read.files);
  found.compiled.push(performance.now() - compiledMs);
  if (!compiled.ok || compiled.policy.grants.size !== grants) throw new Error('the folder is not the one that was written');
}
await broker.close();

const what = `reload of ${grants.toLocaleString('en-US')} grants`;
console.log(
  JSON.stringify([
    rowOf(what, 'until the new policy is in force', 'ms', found.inForce),
    rowOf(what, 'until it is recorded and kept', 'ms', found.done),
    rowOf(what, 'event loop blocked at most', 'ms', found.blocked),
    rowOf(what, 'reading the folder alone', 'ms', found.read),
    rowOf(what, 'compiling it alone', 'ms', found.compiled),
  ]),
);
