/** `private_key_jwt` (RFC 7523, section 3): a client proves itself with an assertion that it signed with its own key. */
import { compactVerify, type CryptoKey, importJWK, type JWK } from 'jose';
import * as z from 'zod';
import { CLOCK_SKEW_SECONDS, toNumericDate } from '../core/clock.ts';
import { checkHeader, isAudience } from './jwt-rules.ts';

/** What `client_assertion_type` says of such an assertion (RFC 7523, section 2.2). */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const MAX_LIFETIME_SECONDS = 300;
/** With no `kid` to choose by, at most this many keys are tried, so that an assertion costs a bounded amount. */
const MAX_KEYS_TRIED = 4;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.unknown(),
  iat: z.number(),
  exp: z.number(),
  nbf: z.number().optional(),
  jti: z.string().min(1).max(128),
});

export type AssertionCheck = { readonly ok: true; readonly jti: string; /** Until when the `jti` must be remembered. */ readonly expiresMs: number } | { readonly ok: false; readonly problem: string };

const no = (problem: string): AssertionCheck => ({ ok: false, problem: `client assertion: ${problem}` });

/**
 * Checks an assertion: signature by one of the client's keys, `iss` and `sub` the client id, `aud` exactly this broker's
 * issuer (CVE-2025-27370), at most five minutes long. That its `jti` is used once is for the store to say.
 */
export async function verifyKeyAssertion(
  assertion: string,
  { keys, clientId, issuer, nowMs }: { readonly keys: readonly JWK[]; readonly clientId: string; readonly issuer: string; readonly nowMs: number },
): Promise<AssertionCheck> {
  const checked = checkHeader(assertion, ['jwt', 'client-authentication+jwt']);
  if (!checked.ok) return no(checked.problem);
  const payload = await verifySignature(assertion, keys, checked.header);
  if (payload === undefined) return no('no key of this client made its signature, or there is no client of this name');
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) return no('iss, sub, aud, iat, exp and jti are required');
  const { iss, sub, aud, iat, exp, nbf, jti } = claims.data;
  const now = toNumericDate(nowMs);
  if (iss !== clientId || sub !== clientId) return no('iss and sub must both be the client id');
  if (!isAudience(aud, issuer)) return no(`aud must be exactly ${issuer}`);
  if (exp - iat > MAX_LIFETIME_SECONDS || exp <= iat) return no(`it may live at most ${MAX_LIFETIME_SECONDS} seconds from iat to exp`);
  if (now >= exp + CLOCK_SKEW_SECONDS) return no('expired; check the clock of the client');
  if (Math.max(iat, nbf ?? iat) > now + CLOCK_SKEW_SECONDS) return no('from the future; check the clock of the client');
  return { ok: true, jti, expiresMs: (exp + CLOCK_SKEW_SECONDS + 1) * 1000 };
}

/** The payload of a JWS whose header was checked, or undefined when none of the keys made the signature. */
export async function verifySignature(jwt: string, keys: readonly JWK[], header: { readonly alg?: string; readonly kid?: string }): Promise<unknown> {
  const fitting = keys.filter((key) => fits(key, header.alg));
  const named = fitting.filter((key) => header.kid !== undefined && key.kid === header.kid);
  for (const key of (named.length > 0 ? named : fitting).slice(0, MAX_KEYS_TRIED)) {
    try {
      const { payload } = await compactVerify(jwt, await imported(key, header.alg as string), { algorithms: [header.alg as string] });
      return JSON.parse(new TextDecoder().decode(payload));
    } catch {
      // The next key may be the one.
    }
  }
  return undefined;
}

/** Whether a key may be used with an algorithm: its own `alg` if it names one, else what its type and curve allow. */
function fits(key: JWK, alg: string | undefined): boolean {
  if (alg === undefined || (key.use !== undefined && key.use !== 'sig')) return false;
  if (key.alg !== undefined && key.alg !== alg) return false;
  switch (alg) {
    case 'ES256': return key.kty === 'EC' && key.crv === 'P-256';
    case 'ES384': return key.kty === 'EC' && key.crv === 'P-384';
    case 'EdDSA':
    case 'Ed25519': return key.kty === 'OKP' && key.crv === 'Ed25519';
    case 'RS256':
    case 'PS256': return key.kty === 'RSA';
    default: return false;
  }
}

const importedKeys = new WeakMap<JWK, Map<string, CryptoKey>>();

/** Imports a key once per algorithm; the entry goes when the policy that held the key does. */
async function imported(key: JWK, alg: string): Promise<CryptoKey> {
  const known = importedKeys.get(key) ?? new Map<string, CryptoKey>();
  importedKeys.set(key, known);
  const found = known.get(alg);
  if (found !== undefined) return found;
  const made = (await importJWK(key, alg)) as CryptoKey;
  known.set(alg, made);
  return made;
}
