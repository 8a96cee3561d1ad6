/** A bounded memory of tokens already verified, so that no token is checked twice. */
import { createHash } from 'node:crypto';

interface Remembered<T> {
  readonly value: T;
  readonly expiresMs: number;
}

/** Keyed by the SHA-256 of the whole token, so that it can only ever answer for that very token (GHSA-rp9m-7r4c-75qg). */
export class VerifiedCache<T> {
  readonly #entries = new Map<string, Remembered<T>>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What was verified for this token, unless it has ended by `nowMs`. */
  get(token: string, nowMs: number): T | undefined {
    const key = keyOf(token);
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    if (nowMs < found.expiresMs) return found.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** Remembers a verified token until `expiresMs`; the oldest entry makes room. */
  set(token: string, value: T, expiresMs: number): void {
    const key = keyOf(token);
    // One that is set again takes its own room, and is the youngest.
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, { value, expiresMs });
  }

  /** Forgets everything: the policy or the keys have changed. */
  clear(): void {
    this.#entries.clear();
  }
}

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
