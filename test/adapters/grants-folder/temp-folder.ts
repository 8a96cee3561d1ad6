/** A grants folder of one test, gone when the test is over. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

export interface TempFolder {
  /** The folder itself, inside one that the test may also use. */
  readonly path: string;
  write(path: string, text: string | Uint8Array): void;
  remove(path: string): void;
}

export function tempFolder(t: TestContext, files: Readonly<Record<string, string>> = {}): TempFolder {
  const around = mkdtempSync(join(tmpdir(), 'hallpass-grants-'));
  t.after(() => rmSync(around, { recursive: true, force: true }));
  const path = join(around, 'grants');
  mkdirSync(path);
  const folder: TempFolder = {
    path,
    write: (file, text) => {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    },
    remove: (file) => rmSync(join(path, file), { recursive: true }),
  };
  for (const [file, text] of Object.entries(files)) folder.write(file, text);
  return folder;
}
