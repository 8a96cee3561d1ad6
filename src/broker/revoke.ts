/** Token revocation (RFC 7009): the client that got a token gives it back; what was exchanged from it dies too. */
import { newStopId, type TokenId } from '../core/names.ts';
import { encodeEntry } from '../ledger/entry.ts';
import { commitClaims, commitStops } from '../store/commits.ts';
import type { CommitResult } from '../store/port.ts';
import type { ProvenCaller } from './authenticate.ts';
import { checkToolToken } from './check-token.ts';
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
  const checked = await checkToolToken(context, token, nowMs);
  const isTheirs = checked.ok && checked.claims.client_id === caller.id;
  if (!isTheirs) return orReplayed(await commitClaims(context.store, context.epoch, used), checked.ok ? 'not_yours' : 'revoked');
  const { claims } = checked;
  const { tool, env } = accessOf(claims);
  const record = { type: 'cut', id: newStopId(), target: { kind: 'token', token: claims.jti as TokenId }, reason: 'revoked by its client', by: caller.id, atMs: nowMs } as const;
  const entry = encodeEntry(
    { kind: 'token.revoked', outcome: 'ok', by: caller.id, token: claims.jti, agent: claims.agent, server: claims.server, tool, env, session: claims.sid, stop: record.id },
    nowMs,
  );
  return orReplayed(await commitStops(context.store, context.epoch, [{ record, entry }], { claims: used }), 'revoked');
}

function orReplayed(result: CommitResult, otherwise: Revocation): Revocation {
  if (result.type === 'refused' && result.precondition.type === 'unclaimed') return 'replayed';
  expectCommitted(result);
  return otherwise;
}
