/** Differences in what agents may do, by agent, tool, environment and action: what counts is what all grants together give. */
import { formatDuration } from '../core/durations.ts';
import type { ActionName, AgentId, EnvName, PersonId, ToolName } from '../core/names.ts';
import { type Change, directionOf } from './change.ts';
import { compareBound, compareCalls, compareEffect, compareHours, compareLimits, type Comparison, isMissingAny } from './compare.ts';
import { needsApproval } from './decide.ts';
import { type CallRate, type Effect, type Grant, type Hours, type Policy, targetKey, type Tool } from './policy.ts';
import { callsInWords, capitalize, endInWords, listInWords, recordsInWords } from './words.ts';

interface Place {
  readonly agent: AgentId;
  readonly tool: ToolName;
  readonly env: EnvName;
  readonly action: ActionName;
}

/** The most that the grants of one place give. */
interface Access {
  readonly says: string;
  readonly effect: Effect;
  readonly isAsked: boolean;
  /** In production nothing works before it is signed. */
  readonly isInert: boolean;
  readonly expiresMs: number;
  readonly ttlSeconds: number;
  readonly records: number | undefined;
  readonly calls: CallRate | undefined;
  /** Empty: at any hour. */
  readonly hours: readonly Hours[];
  readonly approvers: readonly PersonId[];
}

/** Looks only at the places of grants that changed, and of grants for tools that changed. */
export function accessChanges(before: Policy, after: Policy): readonly Change[] {
  return [...touchedPlaces(before, after).values()].flatMap((place) => {
    const [was, is] = [accessOf(before, place), accessOf(after, place)];
    if (was === undefined) return is === undefined ? [] : [gained(place, is)];
    return is === undefined ? [lost(place, was)] : moved(place, was, is);
  });
}

function touchedPlaces(before: Policy, after: Policy): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const movedTools = new Set([...before.tools.values()].filter((tool) => isMoved(tool, after.tools.get(tool.name))).map((tool) => tool.name));
  for (const [policy, other] of [[before, after], [after, before]] as const) {
    for (const grant of policy.grants.values()) {
      const counterpart = other.grants.get(grant.id);
      if (counterpart !== undefined && !movedTools.has(grant.tool) && givesTheSame(grant, counterpart)) continue;
      for (const agent of grant.agents) {
        for (const action of grant.actions) {
          places.set(`${targetKey(agent, grant.tool, grant.env)}\0${action}`, { agent, tool: grant.tool, env: grant.env, action });
        }
      }
    }
  }
  return new Map([...places].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether an effect or a `production` moved, so that the same grants give something else. */
const isMoved = (before: Tool, after: Tool | undefined): boolean =>
  before.actions.values().some(({ name, effect }) => after?.actions.get(name)?.effect !== effect) ||
  before.environments.values().some(({ env, production }) => after?.environments.get(env)?.production !== production);

const givesTheSame = (before: Grant, after: Grant): boolean =>
  before.tool === after.tool &&
  before.env === after.env &&
  before.approver === after.approver &&
  before.expiresMs === after.expiresMs &&
  isEqualSet(before.agents, after.agents) &&
  isEqualSet(before.actions, after.actions) &&
  compareLimits(before.limits, after.limits) === 'same';

const isEqualSet = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => a.size === b.size && !isMissingAny(a, b);

function accessOf(policy: Policy, { agent, tool: toolName, env, action: actionName }: Place): Access | undefined {
  const tool = policy.tools.get(toolName);
  const action = tool?.actions.get(actionName);
  const environment = tool?.environments.get(env);
  const grants = (policy.byTarget.get(targetKey(agent, toolName, env)) ?? []).filter((grant) => grant.actions.has(actionName));
  if (action === undefined || environment === undefined || grants.length === 0) return undefined;
  const limits = grants.map((grant) => grant.limits);
  return {
    says: action.says,
    effect: action.effect,
    isAsked: needsApproval(action, environment),
    isInert: environment.production,
    expiresMs: Math.max(...grants.map((grant) => grant.expiresMs)),
    ttlSeconds: Math.max(...limits.map(({ ttlSeconds }) => ttlSeconds)),
    records: most(limits.map(({ records }) => records), (records) => records),
    calls: most(limits.map(({ calls }) => calls), ({ calls, windowSeconds }) => calls / windowSeconds),
    hours: limits.some(({ hours }) => hours === undefined) ? [] : limits.flatMap(({ hours }) => hours ?? []),
    approvers: [...new Set(grants.map((grant) => grant.approver))].sort(),
  };
}

/** The largest bound; none at all is more than any. */
const most = <T>(bounds: readonly (T | undefined)[], size: (bound: T) => number): T | undefined =>
  bounds.reduce((a, b) => (a === undefined || b === undefined ? undefined : size(b) > size(a) ? b : a));

function gained(place: Place, is: Access): Change {
  const yes = is.isAsked ? ", each time with a person's yes" : '';
  const inert = is.isInert ? ` It does nothing until it is signed: ${place.env} is production.` : '';
  return { direction: 'gain', who: place.agent, ...where(place), sentence: `${subject(place)} may now ${is.says} in ${place.env} (${place.action}) until ${endInWords(is.expiresMs)}${yes}.${inert}` };
}

const lost = (place: Place, was: Access): Change => ({
  direction: 'loss', who: place.agent, ...where(place), sentence: `${subject(place)} may no longer ${was.says} in ${place.env} (${place.action}).`,
});

function moved(place: Place, was: Access, is: Access): readonly Change[] {
  const changes: Change[] = [];
  const note = (comparison: Comparison, now: string): void => {
    if (comparison === 'same') return;
    const sentence = `${subject(place)}, ${place.action} in ${place.env}: ${now}.`;
    changes.push({ direction: directionOf(comparison), who: place.agent, ...where(place), sentence });
  };
  const asked = was.isAsked === is.isAsked ? '' : is.isAsked ? ', so a person must say yes each time' : ', so no person is asked any more';
  note(compareEffect(was.effect, is.effect), `counts as ${is.effect}, it was ${was.effect}${asked}`);
  note(
    was.isInert === is.isInert ? 'same' : is.isInert ? 'narrower' : 'wider',
    is.isInert ? `${place.env} is production now, so nothing works until it is signed` : `${place.env} is no longer production, so it works without a signature`,
  );
  note(compareBound(was.expiresMs, is.expiresMs), `ends on ${endInWords(is.expiresMs)}, it was ${endInWords(was.expiresMs)}`);
  note(compareBound(was.ttlSeconds, is.ttlSeconds), `a token lives ${formatDuration(is.ttlSeconds)}, it was ${formatDuration(was.ttlSeconds)}`);
  note(compareBound(was.records, is.records), `${recordsInWords(is.records)}, it was ${recordsInWords(was.records)}`);
  note(compareCalls(was.calls, is.calls), `${rateInWords(is.calls)}, it was ${rateInWords(was.calls)}`);
  note(compareHours(was.hours, is.hours), `${hoursInWords(is.hours)}, it was ${hoursInWords(was.hours)}`);
  const [wereBy, areBy] = [listInWords(was.approvers), listInWords(is.approvers)];
  note(wereBy === areBy ? 'same' : 'changed', `approved by ${areBy}, it was ${wereBy}`);
  return changes;
}

const subject = ({ agent }: Place): string => capitalize(agent);
const where = ({ tool, env, action }: Place): Pick<Place, 'tool' | 'env' | 'action'> => ({ tool, env, action });
const rateInWords = (rate: CallRate | undefined): string => (rate === undefined ? 'any number of calls' : callsInWords(rate));
const hoursInWords = (hours: readonly Hours[]): string => (hours.length === 0 ? 'at any hour' : listInWords(hours.map(({ text }) => text)));
