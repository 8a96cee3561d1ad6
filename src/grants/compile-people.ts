/** people.yaml and agents.yaml: who there is. */
import type { AgentId, EnvName, PersonId, ToolName } from '../core/names.ts';
import type { Compilation, Known } from './compilation.ts';
import type { GrantFiles } from './grant-files.ts';
import type { Agent, Person, Tool } from './policy.ts';
import { compileProof } from './proofs.ts';

/** The broker makes this principal by itself at its first start. */
const LOCAL_OPERATOR = 'local-operator';

/** Agents and servers are OAuth clients: they share one set of ids. */
export function claimClientId(id: string, words: string, place: () => Agent['source'], compilation: Compilation): void {
  if (id === LOCAL_OPERATOR) compilation.report(place(), `\`${id}\` is reserved for the broker's own operator: choose another name`);
  compilation.claim(`client ${id}`, { words, place }, `\`${id}\` is taken: each agent, and the server of each environment, has a name of its own, and this is that of`, 'choose another name');
}

export function compilePeople({ people, keys }: GrantFiles, compilation: Compilation): ReadonlyMap<PersonId, Person> {
  const compiled = new Map<PersonId, Person>();
  for (const { content, yaml } of people.files) {
    for (const [written, { roles, approves = [], ...proof }] of Object.entries(content.people)) {
      const id = written as PersonId;
      const placeOf = (...path: readonly PropertyKey[]) => yaml.placeOf(['people', id, ...path]);
      compiled.set(id, {
        id,
        roles: new Set(roles),
        approves: approves.map(({ tool, env }) => ({ tool: tool as ToolName, env: env as EnvName | '*' })),
        proof: compileProof({ ...proof, placeOf }, { kind: 'person', id }, keys, compilation),
        source: yaml.placeOf(['people', id], 'key'),
      });
    }
  }
  return compiled;
}

/** What people approve must exist; tools are read after people, so this comes last. */
export function checkApproves({ people }: GrantFiles, tools: Known & { readonly names: ReadonlyMap<string, Tool> }, compilation: Compilation): void {
  for (const { content, yaml } of people.files) {
    for (const [id, { approves = [] }] of Object.entries(content.people)) {
      for (const [index, { tool, env }] of approves.entries()) {
        const placeOf = (key: string) => () => yaml.placeOf(['people', id, 'approves', index, key]);
        if (!compilation.checkName('tool', tool, tools, placeOf('tool'), 'describe it in a file under tools/')) continue;
        const environments = { names: tools.names.get(tool)?.environments ?? new Map(), isComplete: true };
        if (env !== '*') compilation.checkName(`environment of ${tool}`, env, environments, placeOf('env'), 'add it to the tool, or write "*" for all that are not production');
      }
    }
  }
}

export function compileAgents({ agents, keys }: GrantFiles, people: Known, compilation: Compilation): ReadonlyMap<AgentId, Agent> {
  const compiled = new Map<AgentId, Agent>();
  for (const { content, yaml } of agents.files) {
    for (const [written, { owner, ...proof }] of Object.entries(content.agents)) {
      const id = written as AgentId;
      const placeOf = (...path: readonly PropertyKey[]) => yaml.placeOf(['agents', id, ...path]);
      const source = yaml.placeOf(['agents', id], 'key');
      claimClientId(id, `agent ${id}`, () => source, compilation);
      compilation.checkName('person', owner, people, () => placeOf('owner'), 'add the owner to people.yaml');
      compiled.set(id, { id, owner: owner as PersonId, proof: compileProof({ ...proof, placeOf }, { kind: 'agent', id }, keys, compilation), source });
    }
  }
  return compiled;
}
