/** The smallest grant that would allow a request, for the person who asks why it was denied. */
import type { AgentId, EnvName, GrantId, PersonId, ToolName } from '../core/names.ts';
import type { AccessRequest } from './decide.ts';
import { type Action, type Environment, isRisky, type Policy } from './policy.ts';
import { askedName, listInWords } from './words.ts';

export type SmallestGrant =
  /** `text` is a whole grant file; `signers` are the people whose approval it can carry, the one it names first. */
  | { readonly kind: 'grant'; readonly id: string; readonly text: string; readonly signers: readonly PersonId[] }
  /** No grant could allow it, and what stands in the way. */
  | { readonly kind: 'none'; readonly because: string };

/** How long the suggested grant holds: long enough to be reviewed, short enough to be thought about again. */
const SUGGESTED_DAYS = 30;
const DAY_MS = 86_400_000;

export function smallestGrant(policy: Policy, request: AccessRequest, nowMs: number): SmallestGrant {
  const agent = policy.agents.get(request.agent as AgentId);
  const tool = policy.tools.get(request.tool as ToolName);
  const environment = tool?.environments.get(request.env as EnvName);
  if (agent === undefined) return none(`no file names the agent ${askedName(request.agent)}: add it to agents.yaml first`);
  if (tool === undefined) return none(`no file under tools/ describes the tool ${askedName(request.tool)}`);
  if (environment === undefined) return none(`the tool ${tool.name} has no environment ${askedName(request.env)}; it has ${listInWords([...tool.environments.keys()])}`);
  const known = [...tool.actions.keys()];
  if (request.actions.length === 0) return none(`the request names no action: ask with a scope out of ${listInWords(known, 'or')}`);
  const actions = [...new Set(request.actions)].map((name) => tool.actions.get(name as Action['name']));
  if (!actions.every((action) => action !== undefined)) return none(`the tool ${tool.name} has only the actions ${listInWords(known)}`);
  const others = actions.filter((action) => action.effect !== 'read');
  if (others.length > 1) return none(`a token holds reads, or exactly one other action: ask for one of ${listInWords(others.map(({ name }) => name), 'or')}`);

  const signers = approversOf(policy, environment).filter((person) => !environment.production || person !== agent.owner);
  const [approver] = signers;
  if (approver === undefined) {
    const whoElse = environment.production ? `, other than the agent's owner ${agent.owner}` : '';
    return none(`no approver covers ${environment.env} of ${tool.name}${whoElse}: add it to somebody's \`approves\` in people.yaml`);
  }
  // What a token would be for: the one other action alone, or the reads.
  const wanted = others.length === 1 ? others : actions;
  const id = unusedId(policy, `${agent.id}-${tool.name}-${environment.env}`);
  return { kind: 'grant', id, signers, text: grantFile({ id, agent: agent.id, environment, actions: wanted, approver, records: request.records, nowMs }) };
}

const none = (because: string): SmallestGrant => ({ kind: 'none', because });

/** Approvers whose `approves` covers an environment, by id. `*` never covers production. */
const approversOf = (policy: Policy, { tool, env, production }: Environment): readonly PersonId[] =>
  [...policy.people.values()]
    .filter(({ roles, approves }) => roles.has('approver') && approves.some((entry) => entry.tool === tool && (entry.env === env || (entry.env === '*' && !production))))
    .map((person) => person.id)
    .sort();

/** A name of at most 64 characters that no grant has. */
function unusedId(policy: Policy, wish: string): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`;
    const id = wish.slice(0, 64 - suffix.length) + suffix;
    if (!policy.grants.has(id as GrantId)) return id;
  }
}

interface GrantFile {
  readonly id: string;
  readonly agent: AgentId;
  readonly environment: Environment;
  readonly actions: readonly Action[];
  readonly approver: PersonId;
  readonly records: number | undefined;
  readonly nowMs: number;
}

/** Every value is a checked name, a number or our own words, and quoted where YAML could read it as something else than text. */
function grantFile({ id, agent, environment, actions, approver, records, nowMs }: GrantFile): string {
  const isSigned = environment.production || actions.some((action) => isRisky(action.effect));
  return [
    ...(isSigned ? [`# Inert until ${approver} has signed it.`] : []),
    `grant: ${JSON.stringify(id)}`,
    'version: 1',
    `agents: [${JSON.stringify(agent)}]`,
    `tool: ${JSON.stringify(environment.tool)}`,
    `env: ${JSON.stringify(environment.env)}`,
    `actions: [${actions.map(({ name }) => JSON.stringify(name)).join(', ')}]`,
    `approver: ${JSON.stringify(approver)}`,
    `reason: ${JSON.stringify(`Why ${agent} needs this: say it here`)}`,
    `expires: ${JSON.stringify(new Date(nowMs + SUGGESTED_DAYS * DAY_MS).toISOString().slice(0, 10))}`,
    ...(records === undefined ? [] : [`limits: {records: ${records}}`]),
    '',
  ].join('\n');
}
