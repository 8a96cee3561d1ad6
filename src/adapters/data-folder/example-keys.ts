/** Keys for the example: made on the machine that runs it, for nobody ships keys. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ensureKey } from './key-file.ts';

/**
 * Makes the key files that a grants folder names and lacks: the public half there, the private half 0600 in `folder`, named
 * by the principal. Returns the names of those it made.
 */
export async function makeExampleKeys(grantsFolder: string, missing: readonly string[], folder: string, nowMs: number): Promise<readonly string[]> {
  if (missing.length > 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  for (const file of missing) {
    const name = basename(file, '.jwk');
    const target = join(grantsFolder, file);
    if (existsSync(target)) continue;
    const { publicJwk } = await ensureKey(join(folder, `${name}.jwk`), nowMs);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, `${JSON.stringify(publicJwk)}\n`, { flag: 'wx' });
    made.push(name);
  }
  return made;
}
