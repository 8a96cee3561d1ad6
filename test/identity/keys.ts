/** Real keys of every kind that the broker takes, and some that it does not, with hand-made JWTs. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JWK } from 'jose';
import { encodePart } from '../tokens/tokens.ts';

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
}

function made({ privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }, kid: string): TestKey {
  return { privateKey, jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid } };
}

export const ecKey = (kid: string, namedCurve = 'P-256'): TestKey => made(generateKeyPairSync('ec', { namedCurve }), kid);
export const edKey = (kid: string): TestKey => made(generateKeyPairSync('ed25519'), kid);
export const rsaKey = (kid: string): TestKey => made(generateKeyPairSync('rsa', { modulusLength: 2048 }), kid);

const HASHES: Readonly<Record<string, string>> = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', PS256: 'sha256' };

/** A JWT with any header and any payload, signed as `how` says, whatever its own `alg` claims. */
export function jwt(header: Record<string, unknown>, payload: unknown, { privateKey }: TestKey, how = String(header.alg)): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  const options = how.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : how === 'PS256' ? { padding: 6, saltLength: 32 } : {};
  return `${input}.${sign(HASHES[how] ?? null, Buffer.from(input), { key: privateKey, ...options }).toString('base64url')}`;
}

/** A JWT under an HMAC whose secret is something public. */
export function mac(header: Record<string, unknown>, payload: unknown, secret: string): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The ways in which a public key could be taken for a secret. */
export function asSecrets({ jwk }: TestKey, key: KeyObject): readonly string[] {
  return [key.export({ type: 'spki', format: 'pem' }).toString(), key.export({ type: 'spki', format: 'der' }).toString('latin1'), JSON.stringify(jwk), jwk.x ?? jwk.n ?? '', ''];
}
