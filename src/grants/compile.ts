/**
 * From the files of the grants folder to a policy. All or nothing: a folder with any problem gives no policy, and all of its
 * problems at once.
 */
import type { ServerId, ToolName } from '../core/names.ts';
import { Compilation } from './compilation.ts';
import { compileGrants, indexTargets } from './compile-grants.ts';
import { checkApproves, compileAgents, compilePeople } from './compile-people.ts';
import { compileTools } from './compile-tools.ts';
import { policyDigest } from './digest.ts';
import { readGrantFiles } from './grant-files.ts';
import { type Environment, identityKey, type Person, type Policy, type PrincipalRef, type Tool } from './policy.ts';
import type { ParsedFiles } from './parsed-files.ts';
import { type Problem, sortProblems } from './problem.ts';

export { policyWarnings } from './warnings.ts';

export type Compiled = { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly problems: readonly Problem[] };

/** `files`: path inside the folder, with `/`, to text. Holds the *.yaml and the *.jwk files, without `tests/`. `parsed`: what is known of them from before. */
export function compilePolicy(files: ReadonlyMap<string, string>, parsed?: ParsedFiles): Compiled {
  const compilation = new Compilation();
  const read = readGrantFiles(files, compilation, parsed);
  const people = { names: compilePeople(read, compilation), isComplete: read.people.isComplete };
  const agents = { names: compileAgents(read, people, compilation), isComplete: read.agents.isComplete };
  const tools = { names: compileTools(read, people, compilation), isComplete: read.tools.isComplete };
  checkApproves(read, tools, compilation);
  const grants = compileGrants(read, { people, agents, tools }, compilation);
  const byTarget = indexTargets(grants, compilation);
  if (compilation.problems.length > 0) return { ok: false, problems: sortProblems(compilation.problems) };

  const content = { people: people.names, agents: agents.names, tools: tools.names, grants };
  return { ok: true, policy: { digest: policyDigest(content), ...content, ...indexEnvironments(tools.names), byIdentity: indexIdentities(content), byTarget } };
}

function indexEnvironments(tools: ReadonlyMap<ToolName, Tool>): Pick<Policy, 'byResource' | 'byServer'> {
  const environments = [...tools.values()].flatMap((tool) => [...tool.environments.values()]);
  return {
    byResource: new Map(environments.map((environment) => [environment.resource, environment])),
    byServer: new Map<ServerId, Environment>(environments.map((environment) => [environment.server.id, environment])),
  };
}

function indexIdentities(content: Pick<Policy, 'people' | 'agents' | 'tools'>): ReadonlyMap<string, PrincipalRef> {
  const byIdentity = new Map<string, PrincipalRef>();
  for (const [ref, { identity }] of principalsOf(content)) if (identity !== undefined) byIdentity.set(identityKey(identity), ref);
  return byIdentity;
}

function* principalsOf({ people, agents, tools }: Pick<Policy, 'people' | 'agents' | 'tools'>): Generator<readonly [PrincipalRef, Person['proof']]> {
  for (const { id, proof } of people.values()) yield [{ kind: 'person', id }, proof];
  for (const { id, proof } of agents.values()) yield [{ kind: 'agent', id }, proof];
  for (const { environments } of tools.values()) for (const { server } of environments.values()) yield [{ kind: 'server', id: server.id }, server.proof];
}
