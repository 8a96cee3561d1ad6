/**
 * Who is calling: an assertion (RFC 7523) becomes a proven principal. Two kinds of proof stand beside each other: a
 * self-signed `private_key_jwt`, good once, and the word of a configured issuer, good until it expires.
 */
import type { JWK } from 'jose';
import { parseJson } from '../core/json.ts';
import { OPERATOR_ID } from '../core/names.ts';
import { identityKey, type PrincipalRef } from '../grants/policy.ts';
import { verifyIssuerToken } from '../identity/issuer-token.ts';
import { verifyKeyAssertion } from '../identity/key-assertion.ts';
import { decoyKeys, findPrincipal } from '../identity/principal.ts';
import { type Claim, commitClaims } from '../store/commits.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext, Caller } from './context.ts';

/** What a client sends to prove itself at the OAuth endpoints. */
export interface ClientCredentials {
  readonly assertion: string;
  /** The `client_id` parameter; when present it must be the one that the assertion proves. */
  readonly clientId?: string | undefined;
  /** Whether the request came over the loopback interface. */
  readonly fromLoopback: boolean;
}

export interface ProvenCaller {
  readonly caller: Caller;
  /** The single-use id of the assertion, to be used up in the commit of what was asked. */
  readonly claims: readonly Claim[];
  /** When the proof itself ends. */
  readonly expiresMs: number;
}

export type Authentication = ({ readonly ok: true } & ProvenCaller) | { readonly ok: false; readonly detail: string };

const refused = (detail: string): Authentication => ({ ok: false, detail });

/** Proves a client by its assertion. Unknown clients cost as much as known ones (GHSA-34fc-gh42-pj53). */
export async function authenticateClient(context: BrokerContext, credentials: ClientCredentials, nowMs: number): Promise<Authentication> {
  const issuer = peekIssuer(credentials.assertion);
  if (issuer === undefined) return refused('the client assertion is not a JWT');
  const proven = context.keySources.has(issuer)
    ? await proveByIssuer(context, credentials.assertion, nowMs)
    : await proveByKey(context, credentials, issuer, nowMs);
  if (proven.ok && credentials.clientId !== undefined && credentials.clientId !== proven.caller.id) {
    return refused('client_id is not the client that the assertion proves');
  }
  return proven;
}

/** Uses up the single-use id of a proof that nothing else is committed with; false when it was used before. */
export async function spendClaims(context: BrokerContext, { claims }: ProvenCaller): Promise<boolean> {
  if (claims.length === 0) return true;
  const result = await commitClaims(context.store, context.epoch, claims);
  if (result.type === 'refused') return false;
  expectCommitted(result);
  return true;
}

export type Identified =
  | { readonly ok: true; readonly principal: PrincipalRef; readonly expiresMs: number }
  | { readonly ok: false; readonly detail: string };

/** Finds out whom an identity token of a configured issuer stands for. */
export async function identify(context: BrokerContext, token: string, nowMs: number): Promise<Identified> {
  const verified = await verifyIdentityOnce(context, token, nowMs);
  if (!verified.ok) return { ok: false, detail: verified.problem };
  const principal = context.policyState().policy.byIdentity.get(identityKey(verified.identity));
  return principal === undefined
    ? { ok: false, detail: 'no agent, server or person in the grant files has this identity' }
    : { ok: true, principal, expiresMs: verified.expiresMs };
}

async function verifyIdentityOnce(context: BrokerContext, token: string, nowMs: number): ReturnType<typeof verifyIssuerToken> {
  const known = context.identities.get(token, nowMs);
  if (known !== undefined) return { ok: true, ...known };
  const issuer = peekIssuer(token);
  const keys = issuer === undefined ? undefined : context.keySources.get(issuer);
  if (issuer === undefined || keys === undefined) return { ok: false, problem: 'its issuer is not listed under identities in hallpass.yaml' };
  const verified = await verifyIssuerToken(token, { issuer, keys, audience: context.issuer, nowMs });
  if (verified.ok) context.identities.set(token, { identity: verified.identity, expiresMs: verified.expiresMs }, verified.expiresMs);
  return verified;
}

async function proveByIssuer(context: BrokerContext, assertion: string, nowMs: number): Promise<Authentication> {
  const identified = await identify(context, assertion, nowMs);
  if (!identified.ok) return refused(identified.detail);
  return { ok: true, caller: identified.principal, claims: [], expiresMs: identified.expiresMs };
}

async function proveByKey(context: BrokerContext, credentials: ClientCredentials, clientId: string, nowMs: number): Promise<Authentication> {
  const { caller, keys } = await keysOf(context, clientId);
  const verified = await verifyKeyAssertion(credentials.assertion, { keys, clientId, issuer: context.issuer, nowMs });
  // The words are the same for both too: else they would tell what the time taken does not.
  if (!verified.ok) return refused(verified.problem);
  if (caller === undefined) throw new Error('nobody holds the decoy key');
  if (caller.kind === 'operator' && !credentials.fromLoopback) return refused('the local operator key works on this machine only');
  const claim: Claim = { namespace: 'assertion-jti', id: `${clientId}\0${verified.jti}`, expiresMs: verified.expiresMs };
  return { ok: true, caller, claims: [claim], expiresMs: verified.expiresMs };
}

/** The keys to try for a client id. An unknown client gets decoys, so that the same work is done for it. */
async function keysOf(context: BrokerContext, clientId: string): Promise<{ readonly caller: Caller | undefined; readonly keys: readonly JWK[] }> {
  if (clientId === OPERATOR_ID) return { caller: { kind: 'operator', id: OPERATOR_ID }, keys: [context.operatorKey] };
  const found = findPrincipal(context.policyState().policy, clientId);
  if (found === undefined || (found.proof.keys.length === 0 && found.proof.jwksUri === undefined)) return { caller: undefined, keys: decoyKeys };
  const remote = found.proof.jwksUri === undefined ? [] : await context.remoteKeys(found.proof.jwksUri);
  return { caller: found.ref, keys: [...found.proof.keys, ...remote] };
}

/** What an assertion says of its issuer, before anything of it is believed: only to choose whom to believe. */
function peekIssuer(jwt: string): string | undefined {
  const claims = parseJson(Buffer.from(jwt.split('.', 2)[1] ?? '', 'base64url').toString('utf8')) as { readonly iss?: unknown } | null | undefined;
  const iss = claims?.iss;
  return typeof iss === 'string' && iss.length <= 512 ? iss : undefined;
}
