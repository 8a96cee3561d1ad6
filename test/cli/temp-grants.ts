/** Grants folders on disk, for tests that change them. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { initFiles } from '../../src/cli/init-files.ts';
import { newPublicJwk } from '../grants/grant-folder.ts';

export function tempFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-grants-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function write(folder: string, path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const EXAMPLE = join(import.meta.dirname, '../../grants');

/** The example, with every key file that it names unless `withKeys` is false. */
export function exampleFolder(context: TestContext, withKeys = true): string {
  const folder = tempFolder(context);
  cpSync(EXAMPLE, folder, { recursive: true });
  if (withKeys) {
    const named = new Set([...textsIn(folder).values()].flatMap((text) => [...text.matchAll(/\{file: ([\w@./-]+)\}/g)].map(([, file]) => file as string)));
    for (const file of named) write(folder, file, JSON.stringify(newPublicJwk()));
  }
  return folder;
}

/** What `hallpass init` writes. */
export function freshFolder(context: TestContext): string {
  const folder = tempFolder(context);
  const names = { person: 'dana@example.com', agent: 'my-agent', tool: 'notes', env: 'dev', resource: 'http://127.0.0.1:8801/mcp' };
  const files = initFiles({ ...names, expires: '2027-03-31', review: '2027-01-15', schemas: 'https://unpkg.com/hallpass/schemas/' });
  for (const [path, text] of files) if (path.startsWith('grants/')) write(folder, path.slice('grants/'.length), text);
  return folder;
}

/** Path inside the folder, with `/`, to text. */
export function textsIn(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')]));
}
