/** Whether one of the broker's own tokens is good now: signature, time, shape, and every stop that came after it. */
import * as z from 'zod';
import { apiDimensionsOf, apiTokenClaimsSchema, type ApiTokenClaims, type ToolTokenClaims, toolDimensionsOf, toolTokenClaimsSchema } from '../tokens/claims.ts';
import { verifyToken } from '../tokens/signer.ts';
import type { BrokerContext } from './context.ts';
import type { VerifiedToken } from './verified.ts';

export type OwnTokenCheck<T> =
  | { readonly ok: true; readonly claims: T; readonly kid: string }
  /** `stopped`: the token was good and a stop has voided it; its claims say for whom. */
  | { readonly ok: false; readonly detail: string; readonly stopped?: T };

const anyClaims = z.union([
  toolTokenClaimsSchema.transform((claims) => ({ type: 'tool' as const, claims })),
  apiTokenClaimsSchema.transform((claims) => ({ type: 'api' as const, claims })),
]);

/** Checks a token for a tool's server. */
export async function checkToolToken(context: BrokerContext, token: string, nowMs: number): Promise<OwnTokenCheck<ToolTokenClaims>> {
  const verified = await verifyOnce(context, token, nowMs);
  if (typeof verified === 'string') return { ok: false, detail: verified };
  if (verified.type !== 'tool') return { ok: false, detail: 'this is a token for the broker, not for a tool' };
  const { claims, kid } = verified;
  const hit = context.stops.voidedIn(toolDimensionsOf(claims, kid), claims.ord);
  return hit === undefined ? { ok: true, claims, kid } : { ok: false, detail: `stopped (${hit})`, stopped: claims };
}

/** Checks a token for the broker's own API. */
export async function checkApiToken(context: BrokerContext, token: string, nowMs: number): Promise<OwnTokenCheck<ApiTokenClaims>> {
  const verified = await verifyOnce(context, token, nowMs);
  if (typeof verified === 'string') return { ok: false, detail: verified };
  if (verified.type !== 'api' || verified.claims.aud !== context.issuer) return { ok: false, detail: 'this is a token for a tool, not for the broker' };
  const { claims, kid } = verified;
  const hit = context.stops.voidedIn(apiDimensionsOf(claims, kid), claims.ord);
  return hit === undefined ? { ok: true, claims, kid } : { ok: false, detail: `stopped (${hit})`, stopped: claims };
}

/** Verifies a signature once per token: while it lives, the answer is remembered under the whole token. */
async function verifyOnce(context: BrokerContext, token: string, nowMs: number): Promise<VerifiedToken | string> {
  const known = context.tokens.get(token, nowMs);
  if (known !== undefined) return known;
  const checked = await verifyToken(context.keyRing.current(), token, { issuer: context.issuer, schema: anyClaims, nowMs });
  if (!checked.ok) return checked.problem;
  const verified: VerifiedToken = { ...checked.claims, kid: checked.kid };
  context.tokens.set(token, verified, verified.claims.exp * 1000);
  return verified;
}
