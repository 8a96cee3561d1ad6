/** The broker's signing keys as files: the newest signs, older ones check until their last token has ended. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SigningKeys } from '../../tokens/signer.ts';
import { drawKey, type KeyPair, parseKey } from './key-file.ts';
import { moveDurably, readPrivateFile, writePrivateFile } from './private-file.ts';

/** The longest life of a token, and a minute for clocks: so long after a rotation the old key may go. */
const OVERLAP_MS = 3_660_000;
const NAME = /^signing-[A-Za-z0-9_-]{1,128}\.jwk$/;
const PREPARED = /^signing-[A-Za-z0-9_-]{1,128}\.jwk\.(?:prepared|new)$/;

export interface SigningKeyFiles {
  current(): SigningKeys;
  /** Makes a key that signs nothing until `use()`; one that is never used goes at the next start. */
  prepare(nowMs: number): Promise<{ readonly kid: string; use(): void }>;
  /** Removes keys whose last token has ended. */
  retire(nowMs: number): void;
}

/** Opens the keys in a folder and makes the first one when there is none. The caller holds the folder's lock. */
export async function openSigningKeys(folder: string, nowMs: number): Promise<SigningKeyFiles> {
  const names = readdirSync(folder);
  for (const name of names) if (PREPARED.test(name)) rmSync(join(folder, name));
  const pairs = await Promise.all(names.filter((name) => NAME.test(name)).map((name) => parseKey(readPrivateFile(join(folder, name)) ?? '', join(folder, name))));
  const keys = new SigningKeyFolder(folder, pairs);
  if (pairs.length === 0) (await keys.prepare(nowMs)).use();
  keys.retire(nowMs);
  return keys;
}

class SigningKeyFolder implements SigningKeyFiles {
  readonly #folder: string;
  /** The oldest first. */
  #pairs: readonly KeyPair[];
  #current: SigningKeys | undefined;

  constructor(folder: string, pairs: readonly KeyPair[]) {
    this.#folder = folder;
    this.#pairs = pairs.toSorted((a, b) => a.madeMs - b.madeMs);
  }

  current(): SigningKeys {
    this.#current ??= signingKeysOf(this.#pairs);
    return this.#current;
  }

  async prepare(nowMs: number): Promise<{ readonly kid: string; use(): void }> {
    // Keys are in the order of their making, even where the clock went back.
    const madeMs = Math.max(nowMs, (this.#pairs.at(-1)?.madeMs ?? 0) + 1);
    const { pair, text } = await drawKey(madeMs);
    const file = this.#fileOf(pair);
    writePrivateFile(`${file}.prepared`, text);
    return {
      kid: pair.kid,
      use: () => {
        moveDurably(`${file}.prepared`, file);
        this.#set([...this.#pairs, pair]);
      },
    };
  }

  retire(nowMs: number): void {
    const ended = this.#pairs.filter((_, index) => (this.#pairs[index + 1]?.madeMs ?? Number.POSITIVE_INFINITY) + OVERLAP_MS < nowMs);
    if (ended.length === 0) return;
    for (const pair of ended) rmSync(this.#fileOf(pair), { force: true });
    this.#set(this.#pairs.filter((pair) => !ended.includes(pair)));
  }

  #fileOf({ kid }: KeyPair): string {
    return join(this.#folder, `signing-${kid}.jwk`);
  }

  #set(pairs: readonly KeyPair[]): void {
    this.#pairs = pairs;
    this.#current = undefined;
  }
}

function signingKeysOf(pairs: readonly KeyPair[]): SigningKeys {
  const newest = pairs.at(-1);
  if (newest === undefined) throw new Error('there is no signing key');
  return {
    current: { kid: newest.kid, privateKey: newest.privateKey },
    verify: new Map(pairs.map(({ kid, publicKey }) => [kid, publicKey])),
    publicJwks: pairs.map(({ publicJwk }) => publicJwk),
  };
}
