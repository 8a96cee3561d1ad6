/**
 * What a reload of the policy takes away, as targets of stops: the tokens that leaned on it must be void at the same moment.
 * Widening alone takes nothing away. What cannot be judged with certainty is cut: a token is quickly got again.
 */
import type { EnvName, ToolName } from '../core/names.ts';
import { dimensionOf, type StopTarget } from '../stops/stop.ts';
import { compareLimits, type Comparison, isMissingAny, proofParts, sortedJson } from './compare.ts';
import type { Action, Environment, Grant, Person, Policy, Proof, Tool } from './policy.ts';

/** The targets to cut when `after` replaces `before`, each once, ordered by their dimension. Costs one pass over both policies. */
export function takenAway(before: Policy, after: Policy): readonly StopTarget[] {
  if (before.digest === after.digest) return [];
  const targets = [...grantsTaken(before, after), ...agentsTaken(before, after), ...toolsTaken(before, after), ...peopleTaken(before, after)];
  const byDimension = new Map(targets.map((target) => [dimensionOf(target), target]));
  return [...byDimension].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
}

function* grantsTaken(before: Policy, after: Policy): Generator<StopTarget> {
  const changedActions = new Map([...before.tools.values()].map((tool) => [tool.name, actionsTaken(tool, after.tools.get(tool.name))]));
  for (const grant of before.grants.values()) {
    const now = after.grants.get(grant.id);
    const leansOnChanged = grant.actions.values().some((name) => changedActions.get(grant.tool)?.has(name) === true);
    if (now === undefined || leansOnChanged || isNarrowed(grant, now)) yield { kind: 'grant', grant: grant.id };
  }
}

/** A version is what an approver signs: under another one, the old tokens lean on nothing, whichever way it went. */
const isNarrowed = (before: Grant, after: Grant): boolean =>
  before.tool !== after.tool ||
  before.env !== after.env ||
  before.approver !== after.approver ||
  before.version !== after.version ||
  after.expiresMs < before.expiresMs ||
  isMissingAny(before.agents, after.agents) ||
  isMissingAny(before.actions, after.actions) ||
  isLess(compareLimits(before.limits, after.limits));

const isLess = (comparison: Comparison): boolean => comparison === 'narrower' || comparison === 'changed';

/** Actions that went, or that no longer mean what they meant when a token was given for them. */
function actionsTaken(before: Tool, after: Tool | undefined): ReadonlySet<Action['name']> {
  const taken = new Set<Action['name']>();
  for (const action of before.actions.values()) {
    const now = after?.actions.get(action.name);
    const isSame =
      now !== undefined &&
      now.effect === action.effect &&
      sortedJson(now.records) === sortedJson(action.records) &&
      !isMissingAny(action.mcp, new Set(now.mcp));
    if (!isSame) taken.add(action.name);
  }
  return taken;
}

function* agentsTaken(before: Policy, after: Policy): Generator<StopTarget> {
  for (const agent of before.agents.values()) {
    if (hasLostProof(agent.proof, after.agents.get(agent.id)?.proof)) yield { kind: 'agent', agent: agent.id };
  }
}

function* toolsTaken(before: Policy, after: Policy): Generator<StopTarget> {
  for (const tool of before.tools.values()) {
    for (const environment of tool.environments.values()) {
      const now = after.tools.get(tool.name)?.environments.get(environment.env);
      if (now === undefined || isEnvironmentTaken(environment, now)) yield { kind: 'tool', tool: tool.name, env: environment.env };
      // What the server got for itself leans on its proof too: its tokens for the broker's own API, and those for tools that it may call.
      const { id, proof } = environment.server;
      if (hasLostProof(proof, after.byServer.get(id)?.server.proof)) yield { kind: 'server', server: id };
    }
  }
}

const isEnvironmentTaken = (before: Environment, after: Environment): boolean =>
  before.production !== after.production ||
  before.resource !== after.resource ||
  before.enforcedBy !== after.enforcedBy ||
  sortedJson(before.credential) !== sortedJson(after.credential) ||
  before.server.id !== after.server.id ||
  hasLostProof(before.server.proof, after.server.proof) ||
  isMissingAny(before.mayCall, new Set(after.mayCall));

function* peopleTaken(before: Policy, after: Policy): Generator<StopTarget> {
  for (const person of before.people.values()) {
    const now = after.people.get(person.id);
    const hasLostApproval = hasLostApprovals(person, now, after);
    const hasLostRole = now === undefined || isMissingAny(person.roles, now.roles);
    if (hasLostApproval || hasLostRole || hasLostProof(person.proof, now?.proof)) yield { kind: 'person', person: person.id };
    if (hasLostApproval) yield { kind: 'approver', approver: person.id };
  }
}

/** Whether a person could approve something before that they cannot approve now. */
function hasLostApprovals(before: Person, after: Person | undefined, policy: Policy): boolean {
  if (before.roles.has('approver') && after?.roles.has('approver') !== true) return true;
  return before.approves.some(
    ({ tool, env }) =>
      after?.approves.some((now) => now.tool === tool && (now.env === env || (now.env === '*' && isNotProduction(policy, tool, env as EnvName)))) !== true,
  );
}

/** `*` never covers production, so it makes up for an entry only where the policy says `production: false`. */
const isNotProduction = (policy: Policy, tool: ToolName, env: EnvName): boolean =>
  policy.tools.get(tool)?.environments.get(env)?.production === false;

const hasLostProof = (before: Proof, after: Proof | undefined): boolean =>
  after === undefined || isMissingAny(proofParts(before).keys(), new Set(proofParts(after).keys()));
