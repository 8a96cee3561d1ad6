/** The benchmarks run, and print every row that the documents speak of. How fast anything is, is not for a test to say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Row } from '../../bench/lib/rows.ts';
import { tableOf } from '../../bench/lib/table.ts';

const RUN = new URL('../../bench/run.ts', import.meta.url).pathname;

const SIDES: Readonly<Record<string, readonly string[]>> = {
  'client_credentials, 64 in flight': ['Hallpass', 'node-oidc-provider', 'limit', 'Hallpass / node-oidc-provider', 'Hallpass / limit', 'limit / node-oidc-provider'],
  'client_credentials, 1 in flight': ['Hallpass', 'node-oidc-provider', 'limit'],
  client_credentials: ['Hallpass', 'node-oidc-provider', 'limit'],
  'exchange, fresh subject_token': ['Hallpass', 'limit', 'Hallpass / limit'],
  'exchange, reused subject_token': ['Hallpass', 'limit', 'Hallpass / limit'],
  'start, until /readyz says 200': ['Hallpass, first start', 'Hallpass, second start'],
  'start and end': ['Node.js with an empty file'],
  'reload of 50 grants': ['until the new policy is in force', 'until it is recorded and kept', 'event loop blocked at most', 'reading the folder alone', 'compiling it alone'],
  decide: ['10 grants, 5 near', '1,000 grants, 5 near'],
  'commits, 64 in flight': ['writing thread', 'main thread', 'writing thread / main thread'],
  'commits, 64 in flight, a check and a signature beside each': ['writing thread', 'main thread', 'writing thread / main thread'],
};

test('a quick run prints every row, and both sides of a comparison check and sign alike', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, '--quick', '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { rows, machine } = JSON.parse(stdout) as { readonly rows: readonly Row[]; readonly machine: { readonly node: string } };

  assert.equal(machine.node, process.version);
  const found = Object.fromEntries(Object.keys(SIDES).map((what) => [what, [...new Set(rows.filter((row) => row.what === what).map(({ side }) => side))]]));
  assert.deepEqual(found, SIDES);
  assert.deepEqual(rows.filter(({ what }) => SIDES[what] === undefined), []);
  for (const row of rows) {
    assert.ok([row.median, row.min, row.max].every(Number.isFinite) && row.min <= row.median && row.median <= row.max, JSON.stringify(row));
    assert.ok(tableOf(rows).includes(`| ${row.what}`));
  }

  const counts = (what: string, unit: string): readonly number[] => rows.filter((row) => row.what === what && row.unit === unit).map(({ median }) => median);
  assert.deepEqual(counts('client_credentials', 'checks/req'), [1, 1, 1]);
  assert.deepEqual(counts('exchange, fresh subject_token', 'checks/req'), [2, 2]);
  assert.deepEqual(counts('exchange, reused subject_token', 'checks/req'), [1, 1]);
  for (const what of ['client_credentials', 'exchange, fresh subject_token', 'exchange, reused subject_token']) assert.ok(counts(what, 'signatures/req').every((count) => count === 1));
});

test('only what was asked for is run, and a name that is none is an error', () => {
  const { status, stderr } = spawnSync(process.execPath, [RUN, '--quick', '--only', 'tokens'], { encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stderr, /nothing here is called tokens: choose among token, /);
});
