/** The grants: who may do what, checked against the people, agents and tools that they name. */
import type { ActionName, AgentId, EnvName, GrantId, PersonId, ToolName } from '../core/names.ts';
import type { Compilation, Known } from './compilation.ts';
import { dayEndMs, instantMs, isDay } from './days.ts';
import type { GrantFiles } from './grant-files.ts';
import type { FileOf } from './parsed-files.ts';
import { compileLimits } from './limits.ts';
import { type Agent, type Environment, type Grant, MAX_GRANTS_PER_TARGET, type Person, targetKey, type Tool } from './policy.ts';
import type { GrantFile } from './schema.ts';
import { listInWords } from './words.ts';

/** What grants speak of. */
export interface World {
  readonly people: Known & { readonly names: ReadonlyMap<string, Person> };
  readonly agents: Known & { readonly names: ReadonlyMap<string, Agent> };
  readonly tools: Known & { readonly names: ReadonlyMap<string, Tool> };
}

export function compileGrants({ grants }: GrantFiles, world: World, compilation: Compilation): ReadonlyMap<GrantId, Grant> {
  const compiled = new Map<GrantId, Grant>();
  for (const file of grants.files) {
    const { content, yaml } = file;
    const holder = { words: 'another grant', place: () => yaml.placeOf(['grant']) };
    compilation.claim(`grant ${content.grant}`, holder, `\`${content.grant}\` is the name of`, 'choose another name');
    const grant = compileGrant(file, world, compilation);
    if (grant !== undefined) compiled.set(grant.id, grant);
  }
  return new Map([...compiled].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The grants for one agent, tool and environment, by `targetKey`; `grants` comes in the order of ids. */
export function indexTargets(grants: ReadonlyMap<GrantId, Grant>, compilation: Compilation): ReadonlyMap<string, readonly Grant[]> {
  const byTarget = new Map<string, Grant[]>();
  for (const grant of grants.values()) {
    for (const agent of grant.agents) {
      const key = targetKey(agent, grant.tool, grant.env);
      const near = byTarget.get(key);
      if (near === undefined) byTarget.set(key, [grant]);
      else if (near.push(grant) === MAX_GRANTS_PER_TARGET + 1) {
        compilation.report(grant.source, `more than ${MAX_GRANTS_PER_TARGET} grants for ${agent} in ${grant.env} of ${grant.tool}: put several into one`);
      }
    }
  }
  return byTarget;
}

const NO_SUCH_DAY = 'the calendar has no such day, or the day no such hour';

function compileGrant({ content, yaml }: FileOf<GrantFile>, world: World, compilation: Compilation): Grant | undefined {
  const at = (...path: readonly PropertyKey[]) => () => yaml.placeOf(path);
  for (const [index, agent] of content.agents.entries()) {
    compilation.checkName('agent', agent, world.agents, at('agents', index), 'add it with `hallpass keys new agent ID`');
  }
  const expiresMs = expiryMs(content.expires);
  if (expiresMs === undefined) compilation.report(at('expires')(), NO_SUCH_DAY);
  if (content.review !== undefined && !isDay(content.review)) compilation.report(at('review')(), NO_SUCH_DAY);

  const tool = findTool(content, world, at, compilation);
  const environment = tool?.environments.get(content.env as EnvName);
  checkApprover(content, environment, world, at, compilation);
  if (tool === undefined || environment === undefined || expiresMs === undefined) return undefined;

  const limits = compileLimits(
    content.limits,
    content.actions.flatMap((name) => tool.actions.get(name as ActionName) ?? []),
    environment,
    (key, message) => compilation.report(at('limits', key)(), message),
  );
  return {
    id: content.grant as GrantId,
    version: content.version,
    agents: new Set(content.agents as AgentId[]),
    tool: tool.name,
    env: environment.env,
    actions: new Set(content.actions as ActionName[]),
    approver: content.approver as PersonId,
    reason: content.reason,
    expiresMs,
    ...(content.review === undefined ? {} : { review: content.review }),
    limits,
    source: yaml.start,
  };
}

type At = (...path: readonly PropertyKey[]) => () => Grant['source'];

function findTool({ tool: name, env, actions }: GrantFile, { tools }: World, at: At, compilation: Compilation): Tool | undefined {
  if (!compilation.checkName('tool', name, tools, at('tool'), 'describe it in a file under tools/')) return undefined;
  const tool = tools.names.get(name as ToolName) as Tool;
  compilation.checkName(`environment of ${name}`, env, { names: tool.environments, isComplete: true }, at('env'), `it has ${[...tool.environments.keys()].join(', ')}`);
  for (const [index, action] of actions.entries()) {
    compilation.checkName(`action of ${name}`, action, { names: tool.actions, isComplete: true }, at('actions', index), `add it to the tool, or name one that it has`);
  }
  return tool;
}

/** The approver may approve for this tool and environment; and in production two people are involved. */
function checkApprover(content: GrantFile, environment: Environment | undefined, { people, agents }: World, at: At, compilation: Compilation): void {
  const { approver: id } = content;
  if (!compilation.checkName('person', id, people, at('approver'), 'add the approver to people.yaml') || environment === undefined) return;
  const { tool, env, production } = environment;
  const owners = new Map(production ? content.agents.map((agent) => [agents.names.get(agent as AgentId)?.owner, agent]) : []);
  const owned = owners.get(id as PersonId);
  const lacks = lacking(people.names.get(id as PersonId) as Person, environment);
  if (owned === undefined && lacks.length === 0) return;

  const mayApprove = (person: Person): boolean => !owners.has(person.id) && lacking(person, environment).length === 0;
  const able = compilation.maySuggest ? [...people.names.values()].filter(mayApprove).slice(0, 3).map((person) => person.id) : [];
  const names = listInWords(able, 'or');
  if (owned !== undefined) {
    const other = names === '' ? `an approver who has \`{tool: ${tool}, env: ${env}}\` under \`approves\` in people.yaml` : names;
    compilation.report(at('approver')(), `in production two people are needed, and ${id} owns ${owned}: name ${other}`);
  } else {
    compilation.report(at('approver')(), `${id} may not approve this: in people.yaml add ${lacks.join(' and ')}${names === '' ? '' : `, or name ${names}`}`);
  }
}

/** What a person would need in people.yaml to approve for an environment. */
function lacking({ roles, approves }: Person, { tool, env, production }: Environment): readonly string[] {
  const isCovered = approves.some((entry) => entry.tool === tool && (entry.env === env || (entry.env === '*' && !production)));
  return [
    ...(roles.has('approver') ? [] : ['the role `approver`']),
    ...(isCovered ? [] : [`\`{tool: ${tool}, env: ${env}}\` under \`approves\`${production ? ' (`*` never covers production)' : ''}`]),
  ];
}

/** A day lasts until its end, UTC. */
const expiryMs = (written: string): number | undefined => (written.includes('T') ? instantMs(written) : dayEndMs(written));
