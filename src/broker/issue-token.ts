/**
 * `POST /token` for a tool: prove, decide, mint in memory, record, and only then answer. The commit refuses when a stop came
 * after the place that was noted before deciding; then everything is decided again, once.
 */
import { createHash } from 'node:crypto';
import type { SessionId } from '../core/names.ts';
import { type Allowance, decide, type Decision } from '../grants/decide.ts';
import type { Action, Tool } from '../grants/policy.ts';
import { encodeEntry, type EntryDraft } from '../ledger/entry.ts';
import { mask, maskLabel } from '../ledger/mask.ts';
import { commitIssuance } from '../store/commits.ts';
import type { CommitResult } from '../store/port.ts';
import { type ToolTokenClaims, toolDimensionsOf } from '../tokens/claims.ts';
import { signToken } from '../tokens/signer.ts';
import type { ProvenCaller } from './authenticate.ts';
import type { BrokerContext } from './context.ts';
import { type Denied, type DenialReason, deny, REPLAYED } from './deny.ts';
import { findParties, type Parties } from './parties.ts';
import { recordsOf, resolveTarget } from './target.ts';
import { groupOf, liveRecords } from './live-token.ts';
import { draftClaims } from './draft-claims.ts';
import type { TokenRequest } from './token-request.ts';

export interface Issued {
  readonly kind: 'issued';
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly scope: string;
  readonly session: SessionId;
  readonly claims: ToolTokenClaims;
}

/** Issues a token for one tool in one environment, or says no. Throws when the store cannot record it: then nothing leaves. */
export async function issueToolToken(context: BrokerContext, proven: ProvenCaller, request: TokenRequest, nowMs: number): Promise<Issued | Denied> {
  const first = await attempt(context, proven, request, nowMs);
  // A stop came between deciding and recording: decide again with it in view. A second time means stops keep coming: no.
  return first === 'stop_came_between' ? orStopped(await attempt(context, proven, request, nowMs), context, proven, request, nowMs) : first;
}

async function orStopped(second: Issued | Denied | 'stop_came_between', context: BrokerContext, proven: ProvenCaller, request: TokenRequest, nowMs: number): Promise<Issued | Denied> {
  if (second !== 'stop_came_between') return second;
  return deny(context, about(proven, request), [{ reason: 'stopped', detail: 'stopped while this was being decided' }], { nowMs, claims: proven.claims });
}

async function attempt(context: BrokerContext, proven: ProvenCaller, request: TokenRequest, nowMs: number): Promise<Issued | Denied | 'stop_came_between'> {
  // The place is noted before the policy is read: a reload swaps the policy first and cuts after, so that every issuance
  // either sees the new policy or is refused by the cut.
  const { place } = context.stops;
  const { policy } = context.policyState();
  const refuse = (draft: ReturnType<typeof about>, reasons: readonly [DenialReason, ...DenialReason[]], retryAfterSeconds?: number): Promise<Denied> =>
    deny(context, draft, reasons, { nowMs, claims: proven.claims, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });

  const target = resolveTarget(policy, request);
  if (!target.ok) return refuse({ ...about(proven, request), ...(target.tool === undefined ? {} : { tool: target.tool }) }, [target]);
  const { environment } = target;
  // The server is the one that asks; where the agent asks for itself, the one that its token is for.
  const known = { ...(proven.caller.kind === 'agent' ? { server: environment.server.id } : {}), ...about(proven, request), tool: environment.tool, env: environment.env };
  const parties = await findParties(context, proven.caller, request, environment, nowMs);
  if (!parties.ok) return refuse(known, [parties]);
  const draft = { ...known, agent: parties.agent, requester: parties.requester };

  const tool = policy.tools.get(environment.tool) as Tool;
  const call = announcedRecords(tool, request);
  if (!call.ok) return refuse(draft, [call.denial]);
  const asked = request.scope.length === 0 && parties.parent !== undefined ? parties.parent.claims.scope.split(' ') : request.scope;
  const decision = decide(
    policy,
    {
      agent: parties.agent, tool: environment.tool, env: environment.env, actions: asked,
      ...(call.records === undefined ? {} : { records: call.records.length }),
      ...(parties.parent === undefined ? {} : { grant: parties.parent.claims.grant }),
    },
    nowMs,
  );
  const denials = denialsOf(decision);
  if (denials !== undefined) return refuse({ ...draft, actions: knownActions(tool, asked) }, denials);
  const narrowed = narrowToParent(decision as Allowance, parties, call.records);
  if (!narrowed.ok) return refuse({ ...draft, actions: knownActions(tool, asked) }, [narrowed.denial]);

  const session = sessionOf(context, proven, parties, request);
  const drafted = draftClaims(context, proven.caller, parties, { ...(decision as Allowance), ...narrowed }, { session, place, nowMs });
  if ('refused' in drafted) return refuse(draft, [drafted.refused]);
  const { claims } = drafted;
  const keys = context.keyRing.current();
  const dimensions = toolDimensionsOf(claims, keys.current.kid);
  const hit = context.stops.engagedIn(dimensions);
  if (hit !== undefined) return refuse({ ...draft, grant: claims.grant }, [{ reason: 'stopped', detail: `stopped (${hit})` }]);
  const { token, kid, sha256 } = await signToken(keys, claims);

  const { grant } = decision as Allowance;
  const { calls } = grant.limits;
  const entry: EntryDraft = {
    ...draft, kind: 'token.issued', outcome: 'ok', actions: claims.scope.split(' '), session: claims.sid, grant: claims.grant, token: claims.jti, token_sha256: sha256,
    expires: new Date(claims.exp * 1000).toISOString(), policy: policy.digest, duration_ms: Math.max(0, context.clock() - nowMs),
    ...(narrowed.records === undefined ? {} : { records: narrowed.records.map((record) => maskLabel(record)) }),
    ...(parties.parent === undefined ? {} : { parent: parties.parent.claims.jti }),
  };
  const result = await commitIssuance(context.store, context.epoch, {
    place: claims.ord,
    dimensions,
    closedGroup: groupOf(claims),
    claims: proven.claims,
    rates: calls === undefined ? [] : [{ key: `grant:${grant.id}`, limit: calls.calls, windowMs: calls.windowSeconds * 1000 }],
    records: liveRecords({
      claims, kid, production: environment.production,
      ...(request.sessionLabel === undefined ? {} : { sessionLabel: maskLabel(request.sessionLabel) }),
    }),
    entry: encodeEntry(entry, nowMs),
    nowMs,
  });
  if (result.type === 'committed') {
    context.activity.count(claims.agent, 'issued', nowMs);
    context.meter.issued('tool');
    return { kind: 'issued', token, expiresInSeconds: claims.exp - claims.iat, scope: claims.scope, session: claims.sid as SessionId, claims };
  }
  return refusal(result) === 'stop' ? 'stop_came_between' : refuseCommit(result, refuse, draft);
}

/** What every entry about a request says, as far as it is known before anything is decided. */
function about(proven: ProvenCaller, request: TokenRequest): Omit<EntryDraft, 'kind' | 'outcome'> {
  const { caller } = proven;
  return {
    ...(caller.kind === 'agent' ? { agent: caller.id } : caller.kind === 'server' ? { server: caller.id } : { by: caller.id }),
    ...(request.requestId === undefined ? {} : { request_id: maskLabel(request.requestId) }),
    ...(request.sessionLabel === undefined ? {} : { session_label: maskLabel(request.sessionLabel) }),
    ...(request.prompt === undefined ? {} : { prompt: mask(request.prompt) }),
  };
}

/** Only names that the policy knows go into an entry: what a client made up could be anything. */
const knownActions = (tool: Tool, asked: readonly string[]): string[] => asked.filter((name) => tool.actions.has(name as Action['name']));

function denialsOf(decision: Decision): readonly [DenialReason, ...DenialReason[]] | undefined {
  if (decision.kind === 'allow') return undefined;
  if (decision.kind === 'ask') {
    return [{ reason: 'approval_required', detail: `${decision.action} needs a person's yes each time, and approvals cannot be given yet`, grant: decision.grant.id }];
  }
  const [first, ...rest] = decision.denials.map(({ reason, detail, grant }): DenialReason => ({ reason, detail, ...(grant === undefined ? {} : { grant: grant.id }) }));
  return [first as DenialReason, ...rest];
}

type Narrowed = { readonly ok: true; readonly actions: Allowance['actions']; readonly records: readonly string[] | undefined; readonly endsMs: number } | { readonly ok: false; readonly denial: DenialReason };

/** An exchange only narrows: no action, no record and no second beyond the parent's. */
function narrowToParent(allowed: Allowance, parties: Parties, records: readonly string[] | undefined): Narrowed {
  const endsMs = Math.min(allowed.endsMs, parties.endsMs);
  if (parties.parent === undefined) return { ok: true, actions: allowed.actions, records, endsMs };
  const { claims } = parties.parent;
  const held = new Set(claims.scope.split(' '));
  const actions = allowed.actions.filter((action) => held.has(action));
  if (actions.length === 0) return { ok: false, denial: { reason: 'exceeds_parent', detail: 'the subject_token holds none of these actions' } };
  const parentRecords = claims.authorization_details[0]?.records;
  if (parentRecords !== undefined && records?.some((record) => !parentRecords.includes(record))) {
    return { ok: false, denial: { reason: 'exceeds_parent', detail: 'the subject_token is for other records' } };
  }
  return { ok: true, actions, records: records ?? parentRecords, endsMs };
}

type AnnouncedRecords = { readonly ok: true; readonly records: readonly string[] | undefined } | { readonly ok: false; readonly denial: DenialReason };

function announcedRecords(tool: Tool, request: TokenRequest): AnnouncedRecords {
  if (request.call === undefined) return { ok: true, records: undefined };
  const { call } = request;
  const action = tool.actions.get(call.action as Action['name']);
  if (action === undefined) return { ok: false, denial: { reason: 'unknown_action', detail: `tool ${tool.name} has no action of that name` } };
  if (!request.scope.includes(call.action)) return { ok: false, denial: { reason: 'malformed_request', detail: 'the announced call\'s action must stand in scope' } };
  const records = recordsOf(action, call.arguments);
  return records === undefined
    ? { ok: false, denial: { reason: 'malformed_request', detail: `the announced call lacks a record id at ${Object.values(action.records).join(', ')}` } }
    : { ok: true, records };
}

/**
 * The session is minted here and bound to agent, client and requester; the client's own `session_id` only labels it, so that
 * nobody joins another's session by naming it. With the same label the same session comes out, without a look-up; without
 * one (undefined) each token opens its own.
 */
function sessionOf(context: BrokerContext, proven: ProvenCaller, parties: Parties, request: TokenRequest): SessionId | undefined {
  if (parties.parent !== undefined) return parties.parent.claims.sid as SessionId;
  if (request.sessionLabel === undefined) return undefined;
  const bound = JSON.stringify([context.epoch, parties.agent, proven.caller.id, parties.requester, request.sessionLabel]);
  return `ses_${createHash('sha256').update(bound).digest('base64url').slice(0, 22)}` as SessionId;
}

const refusal = (result: Exclude<CommitResult, { type: 'committed' }>): 'stop' | 'closed' | 'claim' | 'rate' | 'epoch' => {
  if (result.type === 'wrongEpoch') return 'epoch';
  switch (result.precondition.type) {
    case 'noStopAfter': return 'stop';
    case 'noneIn': return 'closed';
    case 'unclaimed': return 'claim';
    case 'underRate': return 'rate';
    case 'stateIs': throw new Error('an issuance depends on no record\'s state');
    default: return result.precondition satisfies never;
  }
};

function refuseCommit(
  result: Exclude<CommitResult, { type: 'committed' }>,
  refuse: (draft: ReturnType<typeof about>, reasons: readonly [DenialReason], retryAfterSeconds?: number) => Promise<Denied>,
  draft: ReturnType<typeof about>,
): Promise<Denied> {
  switch (refusal(result)) {
    case 'closed': return refuse(draft, [{ reason: 'session_closed', detail: 'a stop closed a session of this agent here: a person must clear it first (hallpass sessions)' }]);
    case 'claim': return refuse(draft, [REPLAYED]);
    case 'rate': {
      const waitMs = result.type === 'refused' ? (result.retryAfterMs ?? 1000) : 1000;
      return refuse(draft, [{ reason: 'rate_limited', detail: 'the grant\'s calls for this time are used up' }], Math.max(1, Math.ceil(waitMs / 1000)));
    }
    default: throw new Error('the store is not the one this broker started with: restart the broker');
  }
}
