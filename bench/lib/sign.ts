/**
 * Keys, assertions and identity tokens, made in batches outside the timed part: each assertion works once. Signed with
 * `node:crypto` and not through jose: what is being measured must not also measure itself.
 */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { JWK } from 'jose';

export interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

export function newKey(kid: string): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const also = { kid, alg: 'ES256', use: 'sig' };
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), ...also } as JWK, privateJwk: { ...privateKey.export({ format: 'jwk' }), ...also } as JWK };
}

const LIFETIME_SECONDS = 300;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(key: Key, claims: Readonly<Record<string, unknown>>): string {
  const iat = Math.floor(Date.now() / 1000);
  const text = `${encoded({ alg: 'ES256', typ: 'JWT', kid: key.kid })}.${encoded({ ...claims, iat, exp: iat + LIFETIME_SECONDS, jti: randomUUID() })}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A `private_key_jwt`: good for one request. */
export const assertion = (key: Key, client: string, audience: string): string => signed(key, { iss: client, sub: client, aud: audience });

/** What an identity provider says of an agent. */
export const identityToken = (key: Key, issuer: string, subject: string, audience: string): string => signed(key, { iss: issuer, sub: subject, aud: audience, email: `${subject}@example.com` });
