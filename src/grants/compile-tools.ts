/** tools/*.yaml: what each tool does, and the environments that it does it in. */
import type { ActionName, EnvName, PersonId, ServerId, ToolName } from '../core/names.ts';
import { normalizeResource } from '../core/resource.ts';
import type { Compilation, Known } from './compilation.ts';
import { claimClientId } from './compile-people.ts';
import type { GrantFiles } from './grant-files.ts';
import type { FileOf } from './parsed-files.ts';
import type { Action, Environment, SourcePlace, Tool } from './policy.ts';
import { compileProof } from './proofs.ts';
import { RESOURCE_RULE, type ToolFile } from './schema.ts';

export function compileTools(files: GrantFiles, people: Known, compilation: Compilation): ReadonlyMap<ToolName, Tool> {
  const { tools } = files;
  const serverIds = tools.files.flatMap(({ content }) => Object.values(content.environments).map(({ server }) => server.id));
  const servers: Known = { names: new Set(serverIds), isComplete: tools.isComplete };
  const compiled = new Map<ToolName, Tool>();
  for (const file of tools.files) {
    const { content, yaml } = file;
    const name = content.tool as ToolName;
    compilation.claim(`tool ${name}`, { words: 'another tool', place: () => yaml.placeOf(['tool']) }, `\`${name}\` is the name of`, 'choose another name');
    compilation.checkName('person', content.owner, people, () => yaml.placeOf(['owner']), 'add the owner to people.yaml');
    if (compiled.has(name)) continue;
    compiled.set(name, {
      name,
      owner: content.owner as PersonId,
      says: content.says,
      actions: compileActions(file, compilation),
      environments: new Map(
        Object.keys(content.environments).map((env) => [env as EnvName, compileEnvironment(env as EnvName, file, files.keys, servers, compilation)]),
      ),
      source: yaml.start,
    });
  }
  return compiled;
}

function compileActions({ content, yaml }: FileOf<ToolFile>, compilation: Compilation): ReadonlyMap<ActionName, Action> {
  const actions = new Map<ActionName, Action>();
  for (const [written, { effect, says, mcp = [], records = {} }] of Object.entries(content.actions)) {
    const name = written as ActionName;
    for (const [index, covered] of mcp.entries()) {
      const holder = { words: `action ${name}`, place: () => yaml.placeOf(['actions', name, 'mcp', index]) };
      compilation.claim(`mcp ${content.tool} ${covered}`, holder, `\`${covered}\` must be covered by one action only, and is already by`);
    }
    actions.set(name, { name, effect, says, mcp, records });
  }
  return actions;
}

function compileEnvironment(
  env: EnvName,
  { content: { tool, environments }, yaml }: FileOf<ToolFile>,
  keyFiles: GrantFiles['keys'],
  servers: Known,
  compilation: Compilation,
): Environment {
  const written = environments[env] as ToolFile['environments'][string];
  const { production = true, server: { id, ...proof }, may_call: mayCall = [], enforced_by: enforcedBy } = written;
  const placeOf = (...path: readonly PropertyKey[]): SourcePlace => yaml.placeOf(['environments', env, ...path]);
  const source = yaml.placeOf(['environments', env], 'key');

  const resource = normalizeResource(written.resource);
  if (resource === undefined) {
    compilation.report(placeOf('resource'), `\`resource\` ${RESOURCE_RULE}`);
  } else {
    const holder = { words: `environment ${env} of ${tool}`, place: () => placeOf('resource') };
    compilation.claim(`resource ${resource}`, holder, 'this resource already belongs to', 'each MCP server has a URL of its own');
  }
  claimClientId(id, `the server of environment ${env} of ${tool}`, () => placeOf('server', 'id'), compilation);
  for (const [index, server] of mayCall.entries()) {
    compilation.checkName('server', server, servers, () => placeOf('may_call', index), 'name a server of one of the tools');
  }
  if (production && enforcedBy === 'signature') {
    compilation.report(placeOf('enforced_by'), 'in production a stop must reach the tool at once, and `signature` learns of none: use `guard`, `proxy` or `introspection`');
  }
  return {
    tool: tool as ToolName,
    env,
    production,
    resource: resource ?? written.resource,
    server: { id: id as ServerId, proof: compileProof({ ...proof, placeOf: (...path) => placeOf('server', ...path) }, { kind: 'server', id }, keyFiles, compilation) },
    mayCall: mayCall as ServerId[],
    enforcedBy,
    credential: { type: 'token' },
    source,
  };
}
