/** The data folder: the store's file, the keys, the last good policy. It belongs to one broker, and is never somebody else's. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from './folder-lock.ts';
import { ensureKey, type KeyPair } from './key-file.ts';
import { type PolicyCacheFile, policyCacheIn } from './policy-cache.ts';
import { DataFolderError } from './private-file.ts';
import { openSigningKeys, type SigningKeyFiles } from './signing-keys.ts';

export interface DataFolder {
  readonly storeFile: string;
  readonly signingKeys: SigningKeyFiles;
  readonly operatorKey: KeyPair;
  readonly policyCache: PolicyCacheFile;
  /** Where the private keys of the example are put. */
  readonly exampleKeys: string;
  /** Whether there was nothing here before. */
  readonly isNew: boolean;
  release(): void;
}

/** What every data folder has from its first moment on. */
const MARK = 'lock';

/** Opens, or makes, a data folder and locks it. Throws `DataFolderError`, in one line, when it cannot be used; then it is as it was. */
export async function openDataFolder(folder: string, nowMs: number): Promise<DataFolder> {
  const isNew = prepareFolder(folder);
  const lock = lockFolder(join(folder, MARK), folder);
  try {
    const keys = join(folder, 'keys');
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    return {
      storeFile: join(folder, 'hallpass.db'),
      signingKeys: await openSigningKeys(keys, nowMs),
      operatorKey: await ensureKey(join(folder, 'operator.jwk'), nowMs),
      policyCache: policyCacheIn(join(folder, 'policy.json')),
      exampleKeys: join(folder, 'example-keys'),
      isNew,
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function prepareFolder(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  try {
    if (found === undefined) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return true;
    }
    if (!found.isDirectory()) throw new DataFolderError(`${folder} is a file: \`data\` must name a folder`);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(`${folder} cannot be used as data folder (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): check its owner and mode`);
  }
  if (existsSync(join(folder, MARK))) return false;
  if (readdirSync(folder).length > 0) throw new DataFolderError(`${folder} holds files that are not Hallpass's: give it an empty or a new folder as \`data\``);
  return true;
}
