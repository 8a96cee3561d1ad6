/** Identity tokens of other issuers: OIDC, Kubernetes service accounts, SPIFFE JWT-SVIDs, CI jobs. */
import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { CLOCK_SKEW_SECONDS, toNumericDate } from '../core/clock.ts';
import type { ExternalIdentity } from '../grants/policy.ts';
import { ALLOWED_ALGORITHMS, checkHeader, isAudience } from './jwt-rules.ts';

/** Finds the key for a token's header; what jose's local and remote key sets are. */
export type KeySource = JWTVerifyGetKey;

/** An issuer whose tokens prove who an agent, a server or a person is, and where its keys are. */
export type IdentityIssuer =
  | { readonly issuer: string; readonly jwks_uri: string }
  /** An absolute path. */
  | { readonly issuer: string; readonly jwks_file: string };

/** An identity token is refused when it was made longer ago than this, whatever its `exp` says. */
const MAX_AGE_SECONDS = 3_600;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  aud: z.unknown(),
  iat: z.number(),
  exp: z.number(),
});

export type IssuerTokenCheck = { readonly ok: true; readonly identity: ExternalIdentity; readonly expiresMs: number } | { readonly ok: false; readonly problem: string };

const no = (problem: string): IssuerTokenCheck => ({ ok: false, problem: `identity token: ${problem}` });

/** Checks a token of one configured issuer: signature, `aud` exactly this broker, times, age. Which principal it is, the policy says. */
export async function verifyIssuerToken(
  token: string,
  { issuer, keys, audience, nowMs }: { readonly issuer: string; readonly keys: KeySource; readonly audience: string; readonly nowMs: number },
): Promise<IssuerTokenCheck> {
  // Machines mostly get access tokens from their issuers, and those have a type of their own (RFC 9068).
  const checked = checkHeader(token, ['jwt', 'at+jwt', 'application/at+jwt']);
  if (!checked.ok) return no(checked.problem);
  let payload: unknown;
  try {
    const verified = await jwtVerify(token, keys, {
      issuer, algorithms: [...ALLOWED_ALGORITHMS], currentDate: new Date(nowMs), clockTolerance: CLOCK_SKEW_SECONDS, requiredClaims: ['sub', 'aud', 'iat', 'exp'],
    });
    payload = verified.payload;
  } catch (error) {
    return no(problemOf(error));
  }
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) return no('sub must be a string of at most 255 characters, iat and exp must be numbers');
  const { sub, aud, iat, exp } = claims.data;
  const now = toNumericDate(nowMs);
  if (!isAudience(aud, audience)) return no(`aud must be exactly ${audience}`);
  if (iat > now + CLOCK_SKEW_SECONDS) return no('from the future; check the clocks');
  if (now - iat > MAX_AGE_SECONDS + CLOCK_SKEW_SECONDS) return no('made more than an hour ago');
  return { ok: true, identity: { issuer, subject: sub }, expiresMs: Math.min(exp, iat + MAX_AGE_SECONDS) * 1000 };
}

/** jose's words about what was wrong; for a key set that cannot be had, ours. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) return error.message;
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return 'no key of its issuer made its signature';
  if (error instanceof errors.JOSEError) return 'not a valid JWT of its issuer';
  return 'the keys of its issuer cannot be had now';
}
