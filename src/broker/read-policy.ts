/** The policy in words, and what it would say to a request: for people who look before they ask. */
import { type AccessRequest, decide, type Decision } from '../grants/decide.ts';
import { explainGrant, explainPolicy } from '../grants/explain.ts';
import type { Grant, Policy } from '../grants/policy.ts';
import { readProblem, type Refused } from './authorize.ts';
import type { BrokerContext, Caller } from './context.ts';
import { type PolicyView, policyView } from './status.ts';

export interface GrantView {
  readonly grant: string;
  readonly version: number;
  readonly agents: readonly string[];
  readonly tool: string;
  readonly env: string;
  readonly actions: readonly string[];
  readonly approver: string;
  readonly reason: string;
  readonly expires: string;
  readonly review?: string;
  /** Inside the grants folder. */
  readonly file: string;
  readonly line: number;
  /** The grant in plain words. */
  readonly says: string;
}

export interface PolicyInWords {
  readonly kind: 'policy';
  readonly policy: PolicyView;
  readonly words: string;
  readonly grants: readonly GrantView[];
}

/** Every grant, with its place and what it means. */
export function readPolicy(context: BrokerContext, caller: Caller, nowMs: number): PolicyInWords | Refused {
  const problem = readProblem(context, caller);
  if (problem !== undefined) return problem;
  const state = context.policyState();
  return {
    kind: 'policy', policy: policyView(state), words: explainPolicy(state.policy, nowMs),
    grants: [...state.policy.grants.values()].map((grant) => grantView(state.policy, grant, nowMs)),
  };
}

export interface DryRun {
  readonly kind: 'decision';
  readonly decision: Decision['kind'];
  readonly grant?: string;
  readonly actions?: readonly string[];
  readonly ends?: string;
  readonly reasons?: readonly { readonly reason: string; readonly detail: string; readonly grant?: string }[];
}

/** What `decide` would answer at a moment; nothing is issued, counted or recorded. Stops and rates are not part of it. */
export function dryRun(context: BrokerContext, caller: Caller, request: AccessRequest, atMs: number): DryRun | Refused {
  const problem = readProblem(context, caller);
  if (problem !== undefined) return problem;
  const decision = decide(context.policyState().policy, request, atMs);
  if (decision.kind === 'deny') {
    const reasons = decision.denials.map(({ reason, detail, grant }) => ({ reason, detail, ...(grant === undefined ? {} : { grant: grant.id }) }));
    return { kind: 'decision', decision: 'deny', reasons };
  }
  return { kind: 'decision', decision: decision.kind, grant: decision.grant.id, actions: decision.actions, ends: new Date(decision.endsMs).toISOString() };
}

const grantView = (policy: Policy, grant: Grant, nowMs: number): GrantView => ({
  grant: grant.id, version: grant.version, agents: [...grant.agents], tool: grant.tool, env: grant.env, actions: [...grant.actions],
  approver: grant.approver, reason: grant.reason, expires: new Date(grant.expiresMs).toISOString(),
  ...(grant.review === undefined ? {} : { review: grant.review }),
  file: grant.source.file, line: grant.source.line, says: explainGrant(policy, grant, nowMs),
});
