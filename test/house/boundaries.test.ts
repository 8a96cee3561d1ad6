/** The check of import directions is itself checked: it has to read the files, and to see what is planted. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const ROOT = new URL('../..', import.meta.url).pathname;

interface Cruise {
  readonly summary: { readonly totalCruised: number; readonly totalDependenciesCruised: number; readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[] };
}

describe('the check of import directions', () => {
  let tree: string;
  before(() => {
    tree = mkdtempSync(join(tmpdir(), 'hallpass-boundaries-'));
    for (const name of ['src', 'package.json', '.dependency-cruiser.mjs', 'tsconfig.json']) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  });
  after(() => rmSync(tree, { recursive: true }));

  const cruise = (): Cruise['summary'] => {
    const { stdout } = spawnSync('node_modules/.bin/depcruise', ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'], { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    return (JSON.parse(stdout) as Cruise).summary;
  };

  test('reads every file, and finds nothing in ours', () => {
    const { totalCruised, totalDependenciesCruised, violations } = cruise();
    const sources = readdirSync(join(tree, 'src'), { recursive: true }).filter((name) => String(name).endsWith('.ts'));
    assert.ok(totalCruised >= sources.length, `${totalCruised} of ${sources.length}`);
    assert.ok(totalDependenciesCruised > 2 * sources.length, 'imports of types are seen too');
    assert.deepEqual(violations, []);
  });

  const planted: readonly (readonly [string, string, string])[] = [
    ['core/planted.ts', "import { deny } from '../broker/deny.ts';\nexport const planted = deny;", 'not-in-allowed'],
    ['core/planted.ts', "import type { Policy } from '../grants/policy.ts';\nexport type Planted = Policy;", 'not-in-allowed'],
    ['grants/planted.ts', "import { fastify } from 'fastify';\nexport const planted = fastify;", 'not-in-allowed'],
    ['broker/planted.ts', "import { openSqliteStore } from '../adapters/store-sqlite/sqlite-store.ts';\nexport const planted = openSqliteStore;", 'not-in-allowed'],
    ['broker/planted.ts', "export { createApp } from '../http/app.ts';", 'not-in-allowed'],
    ['http/planted.ts', "export const planted = () => import('../adapters/jwks/key-sets.ts');", 'not-in-allowed'],
    ['adapters/jwks/planted.ts', "import { ensureKey } from '../data-folder/key-file.ts';\nexport const planted = ensureKey;", 'not-in-allowed'],
    ['cli/planted.ts', "import { deny } from '../broker/deny.ts';\nexport const planted = deny;", 'not-in-allowed'],
    ['guard/planted.ts', "import { systemClock } from '../core/clock.ts';\nexport const planted = systemClock;", 'not-in-allowed'],
    ['main-planted.ts', "import { startBroker } from './main.ts';\nexport const planted = startBroker;", 'not-in-allowed'],
    ['core/planted.ts', "import { nowhere } from './nowhere.ts';\nexport const planted = nowhere;", 'nothing-unresolved'],
  ];
  for (const [file, text, rule] of planted) {
    test(`sees in ${file}: ${text.split('\n', 1)[0]}`, () => {
      const path = join(tree, 'src', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${text}\n`);
      try {
        const { violations } = cruise();
        assert.ok(violations.some((violation) => violation.from === `src/${file}` && violation.rule.name === rule), JSON.stringify(violations));
        assert.ok(violations.every((violation) => violation.from === `src/${file}`), JSON.stringify(violations));
      } finally {
        rmSync(path);
      }
    });
  }

  test('the command line takes only types from the use cases', () => {
    const files = readdirSync(join(ROOT, 'src/cli')).map((name) => readFileSync(join(ROOT, 'src/cli', name), 'utf8'));
    assert.ok(files.length > 10);
    for (const text of files) assert.doesNotMatch(text, /^import (?!type )[^;]*from '\.\.\/broker\//m);
  });

  test('fails the command when it finds something', () => {
    writeFileSync(join(tree, 'src/core/planted.ts'), "export * from '../main.ts';\n");
    try {
      assert.throws(() => execFileSync('node_modules/.bin/depcruise', ['--config', '.dependency-cruiser.mjs', 'src'], { cwd: tree, stdio: 'pipe' }));
    } finally {
      rmSync(join(tree, 'src/core/planted.ts'));
    }
  });
});
