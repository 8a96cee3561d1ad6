/** Signing and checking the broker's own tokens: ES256, `typ: at+jwt` (RFC 9068). */
import { hash } from 'node:crypto';
import { CompactSign, type CryptoKey, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import type * as z from 'zod';

const TOKEN_TYPE = 'at+jwt';
/** A token longer than this is not one of ours; refusing it costs nothing. */
const MAX_TOKEN_LENGTH = 8_192;
/** Exactly the compact serialization (RFC 7515): decoders skip spaces and line ends, and one token must have one spelling. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

const encoder = new TextEncoder();

/** The signing keys at one moment. `verify` holds the current key and those that still have live tokens. */
export interface SigningKeys {
  readonly current: { readonly kid: string; readonly privateKey: CryptoKey };
  readonly verify: ReadonlyMap<string, CryptoKey>;
  /** What `/.well-known/jwks.json` serves. */
  readonly publicJwks: readonly JWK[];
}

export interface SignedToken {
  readonly token: string;
  readonly kid: string;
  /** Of the token, base64url: what the ledger keeps of it. */
  readonly sha256: string;
}

/** Signs claims as an access token with the current key. */
export async function signToken(keys: SigningKeys, claims: Readonly<Record<string, unknown>>): Promise<SignedToken> {
  const { kid, privateKey } = keys.current;
  // The claims are ours and final: signed as they are, they are not copied and looked through once more.
  const token = await new CompactSign(encoder.encode(JSON.stringify(claims))).setProtectedHeader({ alg: 'ES256', typ: TOKEN_TYPE, kid }).sign(privateKey);
  return { token, kid, sha256: hash('sha256', token, 'base64url') };
}

export type TokenCheck<T> = { readonly ok: true; readonly claims: T; readonly kid: string } | { readonly ok: false; readonly problem: string };

/**
 * Checks a token of ours: signature by a known key, ES256 and nothing else, `typ`, issuer, time without leeway (our own
 * clock made it), and the exact shape of its claims. It does not look at stops.
 */
export async function verifyToken<T>(
  keys: SigningKeys,
  token: string,
  expected: { readonly issuer: string; readonly schema: z.ZodType<T>; readonly nowMs: number },
): Promise<TokenCheck<T>> {
  if (token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token)) return { ok: false, problem: 'not a token of this broker' };
  try {
    const { kid } = decodeProtectedHeader(token);
    const key = kid === undefined ? undefined : keys.verify.get(kid);
    if (kid === undefined || key === undefined) return { ok: false, problem: 'signed by a key that this broker does not have' };
    const { payload } = await jwtVerify(token, key, {
      issuer: expected.issuer,
      algorithms: ['ES256'],
      typ: TOKEN_TYPE,
      currentDate: new Date(expected.nowMs),
      requiredClaims: ['exp', 'jti', 'aud', 'sub'],
    });
    const claims = expected.schema.safeParse(payload);
    return claims.success ? { ok: true, claims: claims.data, kid } : { ok: false, problem: 'its claims are not those of such a token' };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : 'not a token' };
  }
}
