/** What a token will say. It is signed later, and worth nothing until its record is durable. */
import { toNumericDate } from '../core/clock.ts';
import { newTokenId, type SessionId, sessionOpenedBy } from '../core/names.ts';
import type { Allowance } from '../grants/decide.ts';
import { MAX_LINEAGE, type ToolTokenClaims } from '../tokens/claims.ts';
import type { BrokerContext, Caller } from './context.ts';
import type { DenialReason } from './deny.ts';
import type { Parties } from './parties.ts';

export type DraftedClaims = { readonly claims: ToolTokenClaims } | { readonly refused: DenialReason };

/** The claims of what was allowed: RFC 9068, the chain of actors, and the place in the order of stops. */
export function draftClaims(
  context: BrokerContext,
  caller: Caller,
  parties: Parties,
  allowed: Allowance & { readonly records: readonly string[] | undefined },
  { session, place, nowMs }: { readonly session: SessionId | undefined; readonly place: number; readonly nowMs: number },
): DraftedClaims {
  const { grant, environment } = allowed;
  const parent = parties.parent?.claims;
  const lineage = parent === undefined ? [] : [...parent.lineage, parent.jti];
  if (lineage.length > MAX_LINEAGE) return { refused: { reason: 'exceeds_parent', detail: `a token is exchanged at most ${MAX_LINEAGE} times` } };
  const iat = toNumericDate(nowMs);
  const exp = toNumericDate(allowed.endsMs);
  if (exp <= iat) return { refused: { reason: 'subject_expired', detail: 'nothing is left of the time that grant and identity allow' } };
  const { records, calls } = grant.limits;
  const jti = newTokenId(nowMs);
  const claims: ToolTokenClaims = {
    iss: context.issuer,
    sub: parties.requester,
    aud: environment.resource,
    client_id: caller.id,
    scope: allowed.actions.join(' '),
    iat,
    exp,
    jti,
    sid: session ?? sessionOpenedBy(jti),
    grant: grant.id,
    agent: parties.agent,
    server: environment.server.id,
    ord: parent?.ord ?? place,
    lineage,
    ...(parties.parent === undefined ? {} : { lineage_keys: [...new Set([...(parties.parent.claims.lineage_keys ?? []), parties.parent.kid])] }),
    approver: grant.approver,
    authorization_details: [
      {
        type: 'tool_access', tool: environment.tool, env: environment.env,
        limits: { ...(records === undefined ? {} : { records }), ...(calls === undefined ? {} : { calls: `${calls.calls}/${calls.windowSeconds}s` }) },
        ...(allowed.records === undefined ? {} : { records: [...allowed.records] }),
      },
    ],
    ...actorChain(caller, parties),
  };
  return { claims };
}

/** Who acts for `sub`, the latest first (RFC 8693, section 4.1): the client, then the agent. Nobody acts for themselves. */
function actorChain(caller: Caller, parties: Parties): Pick<ToolTokenClaims, 'act'> {
  const agent = parties.agent === parties.requester ? undefined : { sub: parties.agent };
  const inner = parties.parent === undefined ? agent : parties.parent.claims.act;
  const act = caller.id === (inner?.sub ?? parties.requester) ? inner : { sub: caller.id, ...(inner === undefined ? {} : { act: inner }) };
  return act === undefined ? {} : { act };
}
