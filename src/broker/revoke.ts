/** Token revocation (RFC 7009): the client that got a token gives it back; what was exchanged from it dies too. */
import { newStopId, type TokenId } from '../core/names.ts';
import { encodeEntry } from '../ledger/entry.ts';
import { commitClaims, commitStops } from '../store/commits.ts';
import type { CommitResult } from '../store/port.ts';
import type { ApiTokenClaims, ToolTokenClaims } from '../tokens/claims.ts';
import type { ProvenCaller } from './authenticate.ts';
import { checkApiToken, checkToolToken, type OwnTokenCheck } from './check-token.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext } from './context.ts';
import { accessOf } from './live-token.ts';

export type Revocation = 'revoked' | 'not_yours' | 'replayed';

/**
 * Revokes a token of this client's. A token that is no longer good needs nothing. Throws when the revocation cannot be
 * stored: an error is never answered with success (CVE-2020-15223).
 */
export async function revoke(context: BrokerContext, proven: ProvenCaller, token: string, nowMs: number): Promise<Revocation> {
  const { caller, claims: used } = proven;
  const checked = await checkEither(context, token, nowMs);
  const isTheirs = checked.ok && checked.claims.client_id === caller.id;
  if (!isTheirs) return orReplayed(await commitClaims(context.store, context.epoch, used), checked.ok ? 'not_yours' : 'revoked');
  const { claims } = checked;
  const record = { type: 'cut', id: newStopId(), target: { kind: 'token', token: claims.jti as TokenId }, reason: 'revoked by its client', by: caller.id, atMs: nowMs } as const;
  const entry = encodeEntry(
    { kind: 'token.revoked', outcome: 'ok', by: caller.id, token: claims.jti, ...partiesOf(claims), stop: record.id },
    nowMs,
  );
  return orReplayed(await commitStops(context.store, context.epoch, [{ record, entry }], { claims: used }), 'revoked');
}

/** Both kinds of our tokens can be given back, also the one for the broker's own API. */
async function checkEither(context: BrokerContext, token: string, nowMs: number): Promise<OwnTokenCheck<ToolTokenClaims | ApiTokenClaims>> {
  const forTool = await checkToolToken(context, token, nowMs);
  return forTool.ok || forTool.stopped !== undefined ? forTool : checkApiToken(context, token, nowMs);
}

function partiesOf(claims: ToolTokenClaims | ApiTokenClaims): { agent?: string; server?: string; tool?: string; env?: string; session?: string } {
  if (!('agent' in claims)) return {};
  const { tool, env } = accessOf(claims);
  return { agent: claims.agent, server: claims.server, tool, env, session: claims.sid };
}

function orReplayed(result: CommitResult, otherwise: Revocation): Revocation {
  if (result.type === 'refused' && result.precondition.type === 'unclaimed') return 'replayed';
  expectCommitted(result);
  return otherwise;
}
