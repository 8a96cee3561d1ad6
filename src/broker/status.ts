/** The one screen for three in the morning. */
import { readProblem, type Refused } from './authorize.ts';
import { ACTIVITY_WINDOW_SECONDS } from './activity.ts';
import type { BrokerContext, Caller, PolicyState } from './context.ts';
import { listStops, type StopView } from './engage-stop.ts';
import { liveTokens } from './list-tokens.ts';
import { accessOf } from './live-token.ts';

const MAX_AGENTS = 50;

export interface BrokerStatus {
  readonly kind: 'status';
  readonly issuer: string;
  readonly version: string;
  readonly started: string;
  readonly now: string;
  readonly store: { readonly description: string; readonly problem?: string };
  readonly policy: PolicyView & { readonly grants: number; readonly agents: number; readonly tools: number };
  readonly live_tokens: number;
  /** Whether `live_tokens` counts them all; false: there are more. */
  readonly live_tokens_complete: boolean;
  readonly window_seconds: number;
  /** The busiest first. */
  readonly agents: readonly { readonly agent: string; readonly issued: number; readonly denied: number; readonly live_tokens: number }[];
  readonly tools: readonly { readonly tool: string; readonly env: string; readonly production: boolean; readonly live_tokens: number; readonly stopped: boolean }[];
  readonly stops: readonly StopView[];
  readonly closed_sessions: number;
  readonly ledger_size: number;
  readonly signing_keys: readonly { readonly kid: string; readonly current: boolean }[];
}

/** The policy in force, and the folder's problems while a broken one waits to be mended. */
export interface PolicyView {
  readonly digest: string;
  readonly loaded: string;
  readonly broken?: { readonly since: string; readonly problems: readonly string[] };
}

/** Everything at once, for any person. */
export async function status(context: BrokerContext, caller: Caller, nowMs: number): Promise<BrokerStatus | Refused> {
  const forbidden = readProblem(context, caller);
  if (forbidden !== undefined) return forbidden;
  const state = context.policyState();
  const { policy } = state;
  const [problem, { live, isComplete }, closed_sessions, ledger_size] = await Promise.all([
    context.store.problem(),
    liveTokens(context, nowMs),
    context.store.countRecords({ kind: 'closed-session', expiresAfterMs: nowMs }),
    context.store.ledgerSize(),
  ]);
  const recent = context.activity.recent(nowMs);
  const liveBy = (test: (claims: (typeof live)[number]['claims']) => boolean): number => live.filter(({ claims }) => test(claims)).length;
  const busy = (agent: string): number => (recent.get(agent)?.issued ?? 0) + (recent.get(agent)?.denied ?? 0);
  const agents = [...policy.agents.keys()].sort((a, b) => busy(b) - busy(a) || (a < b ? -1 : 1)).slice(0, MAX_AGENTS);
  const { current, verify } = context.keyRing.current();
  return {
    kind: 'status', issuer: context.issuer, version: context.version, started: time(context.startedMs), now: time(nowMs),
    store: { description: context.store.description, ...(problem === undefined ? {} : { problem }) },
    policy: { ...policyView(state), grants: policy.grants.size, agents: policy.agents.size, tools: policy.tools.size },
    live_tokens: live.length, live_tokens_complete: isComplete, window_seconds: ACTIVITY_WINDOW_SECONDS,
    agents: agents.map((agent) => ({ agent, ...(recent.get(agent) ?? { issued: 0, denied: 0 }), live_tokens: liveBy((claims) => claims.agent === agent) })),
    tools: [...policy.tools.values()].flatMap(({ name, environments }) =>
      [...environments.values()].map(({ env, production }) => ({
        tool: name, env, production,
        live_tokens: liveBy((claims) => accessOf(claims).tool === name && accessOf(claims).env === env),
        stopped: context.stops.engagedIn(['all', `tool:${name}`, `env:${env}`, `tool-env:${name}/${env}`]) !== undefined,
      })),
    ),
    stops: listStops(context), closed_sessions, ledger_size,
    signing_keys: [...verify.keys()].map((kid) => ({ kid, current: kid === current.kid })),
  };
}

export const policyView = ({ policy, loadedMs, broken }: PolicyState): PolicyView => ({
  digest: policy.digest, loaded: time(loadedMs),
  ...(broken === undefined ? {} : { broken: { since: time(broken.sinceMs), problems: broken.problems } }),
});

const time = (ms: number): string => new Date(ms).toISOString();
