/** How long a start takes: from the process's birth to the first 200 of /readyz. Beside it a Node.js that does nothing. */
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../demo/free-port.ts';
import { ROOT, start as startChild, stop } from '../lib/child.ts';
import { alternate } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/rows.ts';
import type { Scale } from '../lib/scale.ts';
import type { Measure } from './measure.ts';

export const start: Measure = { name: 'start', says: 'from `node bin/hallpass.js serve` to the first 200 of /readyz', run };

const WHAT = 'start, until /readyz says 200';
/** A look at the door costs the starting process time too. */
const LOOK_MS = 3;

async function run(scale: Scale, folder: string): Promise<readonly Row[]> {
  const grants = join(folder, 'grants');
  cpSync(join(ROOT, 'grants'), grants, { recursive: true });
  const nothing = join(folder, 'nothing.js');
  writeFileSync(nothing, '');
  const found = await alternate(scale.starts, ['started'], async (_, round) => {
    const data = join(folder, `data-${round}`);
    return { first: await started(grants, data), second: await started(grants, data), bare: await bareNode(nothing) };
  });
  return [
    rowOf(WHAT, 'Hallpass, first start', 'ms', found.started.map(({ first }) => first)),
    rowOf(WHAT, 'Hallpass, second start', 'ms', found.started.map(({ second }) => second)),
    rowOf('start and end', 'Node.js with an empty file', 'ms', found.started.map(({ bare }) => bare)),
  ];
}

async function started(grants: string, data: string): Promise<number> {
  const port = await freePort();
  const bornMs = performance.now();
  const child = startChild('bin/hallpass.js', ['serve', '--json', '--make-example-keys'], { HALLPASS_LISTEN: `127.0.0.1:${port}`, HALLPASS_GRANTS: grants, HALLPASS_DATA: data });
  while ((await statusOf(port)) !== 200) {
    if (child.exitCode !== null) throw new Error('the broker ended before it was ready');
    await sleep(LOOK_MS);
  }
  const readyMs = performance.now();
  await stop(child);
  return readyMs - bornMs;
}

const statusOf = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    // Nobody listens yet.
    request.on('error', () => resolve(undefined));
  });

async function bareNode(script: string): Promise<number> {
  const bornMs = performance.now();
  await once(startChild(script, []), 'exit');
  return performance.now() - bornMs;
}
