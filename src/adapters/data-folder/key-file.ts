/** Private keys as JWK files (RFC 7517): P-256 for ES256, named by their thumbprint (RFC 7638). */
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import * as z from 'zod';
import { parseJson } from '../../core/json.ts';
import { DataFolderError, readPrivateFile, writePrivateFile } from './private-file.ts';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const privateJwkSchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
  kid: z.string().min(1).max(128),
  alg: z.literal('ES256'),
  use: z.literal('sig').optional(),
  /** Milliseconds since the Unix epoch, ours: when the key was made. */
  made_ms: z.int().optional(),
});

export interface KeyPair {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly madeMs: number;
}

/** Draws a new key and returns it with the text of its file. */
export async function drawKey(nowMs: number): Promise<{ readonly pair: KeyPair; readonly text: string }> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, crv, x, y, d } = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint({ kty, crv, x, y } as JWK);
  const text = `${JSON.stringify({ kty, crv, x, y, d, kid, alg: 'ES256', use: 'sig', made_ms: nowMs })}\n`;
  return { pair: await parseKey(text, 'a new key'), text };
}

/** Reads a key from the text of its file; `file` is for the message when it is none. */
export async function parseKey(text: string, file: string): Promise<KeyPair> {
  const parsed = privateJwkSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new DataFolderError(`${file} is not a private key of Hallpass (a P-256 JWK): restore it, or move it away`);
  const { made_ms = 0, d, ...publicPart } = parsed.data;
  const publicJwk = { ...publicPart, use: 'sig' } as const;
  const [privateKey, publicKey] = (await Promise.all([importJWK({ ...publicPart, d } as JWK, 'ES256'), importJWK(publicJwk as JWK, 'ES256')])) as [CryptoKey, CryptoKey];
  return { kid: publicPart.kid, privateKey, publicKey, publicJwk: publicJwk as JWK, madeMs: made_ms };
}

/** The key in a file, made and written 0600 when there is none. */
export async function ensureKey(file: string, nowMs: number): Promise<KeyPair> {
  const known = readPrivateFile(file);
  if (known !== undefined) return parseKey(known, file);
  const { pair, text } = await drawKey(nowMs);
  writePrivateFile(file, text);
  return pair;
}
