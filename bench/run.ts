/**
 * Measures everything in one run and prints a table. `--json` prints JSON instead, `--quick` only sees that everything runs,
 * `--only token,store` leaves the rest out. It works in a folder of its own under TMPDIR: point that at the disk that counts.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineOf, machineWords } from './lib/machine.ts';
import type { Row } from './lib/rows.ts';
import { FULL, QUICK } from './lib/scale.ts';
import { tableOf } from './lib/table.ts';
import { exchange } from './measures/exchange.ts';
import { decide, reload, store } from './measures/in-child.ts';
import { start } from './measures/start.ts';
import { token } from './measures/token.ts';

const MEASURES = [token, exchange, start, reload, decide, store];

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } } });
const chosen = values.only?.split(',') ?? MEASURES.map(({ name }) => name);
const unknown = chosen.find((name) => MEASURES.every((measure) => measure.name !== name));
if (unknown !== undefined) throw new Error(`nothing here is called ${unknown}: choose among ${MEASURES.map(({ name }) => name).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'hallpass-bench-'));
try {
  const machine = machineOf(folder);
  const rows: Row[] = [];
  const startedMs = performance.now();
  for (const measure of MEASURES.filter(({ name }) => chosen.includes(name))) {
    console.error(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${measure.says}`);
    const own = join(folder, measure.name);
    mkdirSync(own);
    rows.push(...(await measure.run(values.quick === true ? QUICK : FULL, own)));
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(values.json === true ? JSON.stringify({ machine, quick: values.quick === true, seconds, rows }) : `${machineWords(machine)}, ${seconds} s\n\n${tableOf(rows)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
