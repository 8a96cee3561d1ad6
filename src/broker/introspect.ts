/** Token introspection (RFC 7662): a server asks about a token that was presented to it, and about no other. */
import type { ToolTokenClaims } from '../tokens/claims.ts';
import { checkToolToken } from './check-token.ts';
import type { BrokerContext, Caller } from './context.ts';

/** `stopped` tells a server that a token for it was good until a stop: it answers 403 then, for a new one would not help. */
export type Introspection = { readonly active: true; readonly claims: ToolTokenClaims } | { readonly active: false; readonly stopped?: true };

const INACTIVE: Introspection = { active: false };

/** Whether a token is good now. Whoever is not the server that it is for learns nothing at all (CVE-2026-37979). */
export async function introspect(context: BrokerContext, caller: Caller, token: string, nowMs: number): Promise<Introspection> {
  const own = caller.kind === 'server' ? context.policyState().policy.byServer.get(caller.id) : undefined;
  if (own === undefined) return INACTIVE;
  const checked = await checkToolToken(context, token, nowMs);
  const claims = checked.ok ? checked.claims : checked.stopped;
  if (claims === undefined || claims.aud !== own.resource || claims.server !== own.server.id) return INACTIVE;
  return checked.ok ? { active: true, claims } : { active: false, stopped: true };
}
