/**
 * Who takes part in a request: the one who started it, the agent that acts, and the server that acts for the agent.
 * A missing or emptied subject never falls back to the client's own rights (CVE-2026-9704).
 */
import type { AgentId } from '../core/names.ts';
import type { DenyReason } from '../core/reasons.ts';
import type { Environment } from '../grants/policy.ts';
import type { ToolTokenClaims } from '../tokens/claims.ts';
import { identify } from './authenticate.ts';
import { checkToolToken } from './check-token.ts';
import type { BrokerContext, Caller } from './context.ts';
import type { TokenRequest } from './token-request.ts';

/** A token that is being exchanged for a narrower one. */
export interface Parent {
  readonly claims: ToolTokenClaims;
  /** The key that signed it. */
  readonly kid: string;
}

export interface Parties {
  readonly agent: AgentId;
  /** The person whose token proved it, or else the agent. */
  readonly requester: string;
  /** No credential outlives the proof that it was made from. */
  readonly endsMs: number;
  readonly parent?: Parent;
}

export type PartiesResult = ({ readonly ok: true } & Parties) | { readonly ok: false; readonly reason: DenyReason; readonly detail: string };

const no = (reason: DenyReason, detail: string): PartiesResult => ({ ok: false, reason, detail });

/** Finds the parties of a request whose client is proven. */
export async function findParties(context: BrokerContext, caller: Caller, request: TokenRequest, environment: Environment, nowMs: number): Promise<PartiesResult> {
  if (request.grantType === 'client_credentials') {
    if (caller.kind !== 'agent') {
      return no('client_authentication_failed', 'only an agent gets a tool token for itself: a server exchanges what the agent presented');
    }
    return { ok: true, agent: caller.id, requester: caller.id, endsMs: Number.POSITIVE_INFINITY };
  }
  if (caller.kind !== 'agent' && caller.kind !== 'server') return no('client_authentication_failed', 'agents and servers exchange tokens, people do not');
  if (caller.kind === 'server' && !mayAskFor(caller, environment)) {
    return no('not_your_environment', 'this server serves another environment and no may_call lists it here');
  }
  if (request.subjectToken === undefined || request.subjectToken === '') return no('subject_token_invalid', 'a token exchange needs a subject_token');
  return request.subjectTokenType === 'access_token'
    ? fromOwnToken(context, caller, request.subjectToken, request.actorToken, environment, nowMs)
    : fromIdentity(context, caller, request.subjectToken, request.actorToken, nowMs);
}

const mayAskFor = (caller: Caller, environment: Environment): boolean =>
  caller.kind === 'server' && (environment.server.id === caller.id || environment.mayCall.includes(caller.id));

/** The subject is a token of ours, presented to the server that it was made for; only that server may exchange it, for its own target. */
async function fromOwnToken(
  context: BrokerContext,
  caller: Caller,
  token: string,
  actorToken: string | undefined,
  environment: Environment,
  nowMs: number,
): Promise<PartiesResult> {
  if (actorToken !== undefined) return no('actor_token_invalid', 'a Hallpass token names its actors itself: send no actor_token with it');
  const checked = await checkToolToken(context, token, nowMs);
  if (!checked.ok) return no(checked.stopped ? 'stopped' : 'subject_token_invalid', checked.detail);
  const own = caller.kind === 'server' ? context.policyState().policy.byServer.get(caller.id) : undefined;
  if (own === undefined || own.resource !== checked.claims.aud) return no('subject_token_invalid', 'the subject_token was made for another server');
  // By name: a reload that changed nothing may have come in between, and then these are two of the same.
  if (own.tool !== environment.tool || own.env !== environment.env) return no('exceeds_parent', 'a token is exchanged for its own tool and environment only');
  const { claims } = checked;
  return { ok: true, agent: claims.agent as AgentId, requester: claims.sub, endsMs: claims.exp * 1000, parent: { claims, kid: checked.kid } };
}

/** The subject is another issuer's word: the agent's, or a person's with the agent as client or actor. */
async function fromIdentity(context: BrokerContext, caller: Caller, subjectToken: string, actorToken: string | undefined, nowMs: number): Promise<PartiesResult> {
  const subject = await identify(context, subjectToken, nowMs);
  if (!subject.ok) return no('subject_token_invalid', subject.detail);
  if (subject.principal.kind === 'server') return no('subject_token_invalid', 'the subject_token is a server\'s: it must be the agent\'s or a person\'s');
  if (actorToken === undefined) {
    if (subject.principal.kind === 'agent') {
      if (caller.kind === 'agent' && caller.id !== subject.principal.id) return no('subject_token_invalid', 'an agent cannot exchange another agent\'s identity');
      return { ok: true, agent: subject.principal.id, requester: subject.principal.id, endsMs: subject.expiresMs };
    }
    if (caller.kind !== 'agent') return no('actor_token_invalid', 'a person\'s subject_token needs the agent\'s identity as actor_token');
    return { ok: true, agent: caller.id, requester: subject.principal.id, endsMs: subject.expiresMs };
  }
  const actor = await identify(context, actorToken, nowMs);
  if (!actor.ok) return no('actor_token_invalid', actor.detail);
  if (actor.principal.kind !== 'agent') return no('actor_token_invalid', 'the actor_token must be an agent\'s identity');
  if (caller.kind === 'agent' && caller.id !== actor.principal.id) return no('actor_token_invalid', 'the actor_token is another agent\'s');
  if (subject.principal.kind === 'agent' && subject.principal.id !== actor.principal.id) {
    return no('actor_token_invalid', 'subject_token and actor_token name two agents: one agent acts');
  }
  return { ok: true, agent: actor.principal.id, requester: subject.principal.id, endsMs: Math.min(subject.expiresMs, actor.expiresMs) };
}
