/** What a person signs to lift a stop: a statement about that one stop, fresh and good once. */
import type { JWK } from 'jose';
import * as z from 'zod';
import { CLOCK_SKEW_SECONDS, toNumericDate } from '../core/clock.ts';
import { checkHeader } from './jwt-rules.ts';
import { verifySignature } from './key-assertion.ts';

export const LIFT_TYPE = 'hallpass-lift+jwt';
const MAX_AGE_SECONDS = 300;

const claimsSchema = z.strictObject({ iss: z.string(), aud: z.string(), stop: z.string(), iat: z.int(), jti: z.string().min(16).max(128) });

export type LiftSignatureCheck =
  | { readonly ok: true; readonly jti: string; /** Until when the `jti` must be remembered. */ readonly expiresMs: number }
  | { readonly ok: false; readonly problem: string };

const no = (problem: string): LiftSignatureCheck => ({ ok: false, problem: `lift signature: ${problem}` });

/** Checks that the holder of one of `keys`, named `signer`, signed the lift of this stop at this broker in the last five minutes. */
export async function verifyLiftSignature(
  signature: string,
  expected: { readonly keys: readonly JWK[]; readonly signer: string; readonly issuer: string; readonly stop: string; readonly nowMs: number },
): Promise<LiftSignatureCheck> {
  const checked = checkHeader(signature, [LIFT_TYPE]);
  if (!checked.ok) return no(checked.problem);
  if (checked.header.typ === undefined) return no(`its typ must be ${LIFT_TYPE}`);
  const claims = claimsSchema.safeParse(await verifySignature(signature, expected.keys, checked.header));
  if (!claims.success) return no('no key of this person made it, or its claims are not iss, aud, stop, iat and jti');
  const { iss, aud, stop, iat, jti } = claims.data;
  const now = toNumericDate(expected.nowMs);
  if (iss !== expected.signer) return no('iss must be the person who lifts');
  if (aud !== expected.issuer) return no(`aud must be ${expected.issuer}`);
  if (stop !== expected.stop) return no('it is about another stop');
  if (iat > now + CLOCK_SKEW_SECONDS || now - iat > MAX_AGE_SECONDS) return no('not fresh: sign again, and check the clock');
  return { ok: true, jti, expiresMs: (iat + MAX_AGE_SECONDS + CLOCK_SKEW_SECONDS + 1) * 1000 };
}
