/**
 * The decision: may this agent have a token for these actions of one tool in one environment, now?
 * A pure function of (policy, request, now). It looks at the few grants that speak of this agent, tool and environment
 * (`Policy.byTarget`), so its cost does not depend on how many grants there are.
 */
import type { ActionName, AgentId, EnvName, ToolName } from '../core/names.ts';
import type { DenyReason } from '../core/reasons.ts';
import { hoursEndMs } from './hours.ts';
import { type Action, type Environment, type Grant, isRisky, type Policy, targetKey, type Tool } from './policy.ts';

export interface AccessRequest {
  readonly agent: string;
  readonly tool: string;
  readonly env: string;
  /** What was asked by `scope`, in the order asked. Empty: the default, which is the reads of the grant and nothing else. */
  readonly actions: readonly string[];
  /** How many records the announced call touches; undefined when no call was announced. */
  readonly records?: number;
  /** Only this grant may answer: an exchange stays under its parent's grant. */
  readonly grant?: string;
}

/** What an allowed token may hold. */
export interface Allowance {
  readonly grant: Grant;
  readonly environment: Environment;
  readonly actions: readonly ActionName[];
  /** The first millisecond at which the token must be over: the earliest of ttl, grant and working hours. */
  readonly endsMs: number;
}

/** One reason of a denial. `grant` says which grant it is about, where it is about one. */
export interface Denial {
  readonly reason: DenyReason;
  readonly detail: string;
  readonly grant?: Grant;
}

export type Decision =
  | ({ readonly kind: 'allow' } & Allowance)
  /** Allowed if a person says yes to this one use. */
  | ({ readonly kind: 'ask'; readonly action: ActionName } & Allowance)
  | { readonly kind: 'deny'; readonly denials: readonly [Denial, ...Denial[]] };

/** Decides one request at one moment. A denial carries every reason: those about the request, or those about each grant that came near. */
export function decide(policy: Policy, request: AccessRequest, nowMs: number): Decision {
  const tool = policy.tools.get(request.tool as ToolName);
  const environment = tool?.environments.get(request.env as EnvName);
  const wanted = wantedActions(tool, request.actions);
  const denials: Denial[] = [...wanted.denials];
  if (!policy.agents.has(request.agent as AgentId)) denials.push({ reason: 'unknown_agent', detail: 'no agents file names this agent' });
  if (tool === undefined) denials.push({ reason: 'unknown_tool', detail: 'no file under tools/ describes this tool' });
  else if (environment === undefined) denials.push({ reason: 'unknown_env', detail: `tool ${tool.name} has no such environment` });
  if (tool === undefined || environment === undefined || isNonEmpty(denials)) return deny(denials);

  const near = policy.byTarget.get(targetKey(request.agent as AgentId, tool.name, environment.env)) ?? [];
  const grants = request.grant === undefined ? near : near.filter((grant) => grant.id === request.grant);
  if (grants.length === 0) return deny([{ reason: 'no_grant', detail: 'no grant names this agent, tool and environment' }]);

  let best: Allowance | undefined;
  // What a person reads first is about the grant that names what was asked for, if there is one.
  const farther: Denial[] = [];
  for (const grant of grants) {
    const judged = judge(grant, tool, environment, wanted.actions, request.records, nowMs);
    if (judged.kind === 'denied') (isAbout(judged.denials) ? denials : farther).push(...judged.denials);
    // `grants` is ordered by id, so the first of equals wins.
    else if (best === undefined || judged.allowance.actions.length > best.actions.length) best = judged.allowance;
  }
  if (best === undefined) return deny([...denials, ...farther]);
  const asked = best.actions.find((name) => needsApproval(tool.actions.get(name) as Action, environment));
  return asked === undefined ? { kind: 'allow', ...best } : { kind: 'ask', action: asked, ...best };
}

const isAbout = (denials: readonly Denial[]): boolean => !denials.some(({ reason }) => reason === 'action_not_granted' || reason === 'no_action_named');

/** A risky action needs a person's yes each time it is used; a write in production does too. Nothing turns that off. */
export const needsApproval = (action: Action, environment: Environment): boolean =>
  isRisky(action.effect) || (action.effect === 'write' && environment.production);

/**
 * A token holds reads, or exactly one other action. Stock MCP clients ask for the union of old and new scopes; so with one
 * other action among reads, the token is for that action alone, and with several the client must choose.
 */
function wantedActions(tool: Tool | undefined, asked: readonly string[]): { actions: readonly ActionName[] | undefined; denials: readonly Denial[] } {
  if (tool === undefined || asked.length === 0) return { actions: undefined, denials: [] };
  const known = [...new Set(asked)].flatMap((name) => tool.actions.get(name as ActionName) ?? []);
  const unknown = asked.filter((name) => !tool.actions.has(name as ActionName));
  if (unknown.length > 0) {
    return { actions: undefined, denials: [{ reason: 'unknown_action', detail: `tool ${tool.name} has no action of that name` }] };
  }
  const others = known.filter((action) => action.effect !== 'read');
  if (others.length > 1) {
    return { actions: undefined, denials: [{ reason: 'several_actions', detail: 'a token holds reads, or exactly one other action: ask for one' }] };
  }
  return { actions: (others.length === 1 ? others : known).map((action) => action.name), denials: [] };
}

type Judgement = { kind: 'allowed'; allowance: Allowance } | { kind: 'denied'; denials: readonly [Denial, ...Denial[]] };

function judge(
  grant: Grant,
  tool: Tool,
  environment: Environment,
  wanted: readonly ActionName[] | undefined,
  records: number | undefined,
  nowMs: number,
): Judgement {
  const denials: Denial[] = [];
  const isRead = (name: ActionName): boolean => tool.actions.get(name)?.effect === 'read';
  const actions = wanted === undefined ? [...grant.actions].filter(isRead) : wanted.filter((name) => grant.actions.has(name));
  if (actions.length === 0) {
    denials.push(
      wanted === undefined
        ? { reason: 'no_action_named', detail: 'this grant holds no reads, and nothing else is given without being named', grant }
        : { reason: 'action_not_granted', detail: 'this grant names none of the actions asked for', grant },
    );
  }
  if (nowMs >= grant.expiresMs) denials.push({ reason: 'grant_expired', detail: `this grant ended at ${new Date(grant.expiresMs).toISOString()}`, grant });
  // Signatures do not exist yet, so nothing in production has one.
  if (environment.production) denials.push({ reason: 'unsigned', detail: 'a grant for production is inert until its approver has signed it', grant });
  const { hours, ttlSeconds, records: recordLimit } = grant.limits;
  const workEndsMs = hours === undefined ? Number.POSITIVE_INFINITY : hoursEndMs(hours, nowMs);
  if (workEndsMs === undefined) denials.push({ reason: 'outside_hours', detail: `this grant holds ${hours?.text ?? ''} only`, grant });
  if (records !== undefined && recordLimit !== undefined && records > recordLimit) {
    denials.push({ reason: 'too_many_records', detail: `this grant allows ${recordLimit} per call, ${records} were announced`, grant });
  }
  if (isNonEmpty(denials)) return { kind: 'denied', denials };
  const endsMs = Math.min(nowMs + ttlSeconds * 1000, grant.expiresMs, workEndsMs ?? nowMs);
  return { kind: 'allowed', allowance: { grant, environment, actions, endsMs } };
}

const isNonEmpty = <T>(list: readonly T[]): list is readonly [T, ...T[]] => list.length > 0;

function deny(denials: readonly Denial[]): Decision {
  if (!isNonEmpty(denials)) throw new Error('a denial needs a reason');
  return { kind: 'deny', denials };
}
