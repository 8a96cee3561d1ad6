/** The files of the grants folder by what they hold: each is read once and checked against the schema of its kind. */
import type { z } from 'zod';
import type { Compilation } from './compilation.ts';
import { parseKeyFile } from './key-file.ts';
import type { SourcePlace } from './policy.ts';
import { type AgentsFile, agentsFile, type GrantFile, grantFile, type PeopleFile, peopleFile, type ToolFile, toolFile } from './schema.ts';
import type { PublicJwk } from './schema-proof.ts';
import { checkShape } from './schema-problems.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

export interface FileOf<T> {
  readonly content: T;
  readonly yaml: YamlFile;
}

/** The files of one kind, in the order of their paths. Complete: none of them is missing or was refused. */
export interface Part<T> {
  readonly files: readonly FileOf<T>[];
  readonly isComplete: boolean;
}

export interface GrantFiles {
  readonly people: Part<PeopleFile>;
  readonly agents: Part<AgentsFile>;
  readonly tools: Part<ToolFile>;
  readonly grants: Part<GrantFile>;
  /** By path; `broken` when the file is there but holds no public key, which is told at the file. */
  readonly keys: ReadonlyMap<string, PublicJwk | 'broken'>;
}

const KINDS = ['people', 'agents', 'tools', 'grants', 'keys'] as const;
type Kind = (typeof KINDS)[number];

export function readGrantFiles(files: ReadonlyMap<string, string>, compilation: Compilation): GrantFiles {
  const byKind = Object.fromEntries(KINDS.map((kind) => [kind, [] as string[]])) as Record<Kind, string[]>;
  for (const path of [...files.keys()].sort()) {
    const kind = kindOf(path);
    if (kind === undefined) compilation.report(startOf(path), 'this is no file of a grants folder: there may be people.yaml, agents.yaml, tools/*.yaml, *.yaml for grants, *.jwk for public keys');
    else byKind[kind].push(path);
  }
  // Without these two nothing could be granted: a folder that lacks them is being moved or checked out, not meant.
  if (byKind.people.length === 0) compilation.report(startOf('people.yaml'), 'the file is missing: it says who approves, and who is on call');
  if (byKind.agents.length === 0) compilation.report(startOf('agents.yaml'), 'the file is missing: make an agent with `hallpass keys new agent ID`');

  const part = <T>(kind: Kind, schema: z.ZodType<T>): Part<T> => {
    const paths = byKind[kind];
    const read = paths.flatMap((path) => readFile(path, files.get(path) ?? '', schema, compilation) ?? []);
    const isLacking = paths.length === 0 && (kind === 'people' || kind === 'agents');
    return { files: read, isComplete: read.length === paths.length && !isLacking };
  };
  return {
    people: part('people', peopleFile),
    agents: part('agents', agentsFile),
    tools: part('tools', toolFile),
    grants: part('grants', grantFile),
    keys: new Map(byKind.keys.map((path) => [path, readKey(path, files.get(path) ?? '', compilation)])),
  };
}

function kindOf(path: string): Kind | undefined {
  if (path === 'people.yaml') return 'people';
  if (path === 'agents.yaml') return 'agents';
  if (path.endsWith('.jwk')) return 'keys';
  if (/^tools\/[^/]+\.yaml$/.test(path)) return 'tools';
  return /^[^/]+\.yaml$/.test(path) ? 'grants' : undefined;
}

function readFile<T>(path: string, text: string, schema: z.ZodType<T>, compilation: Compilation): FileOf<T> | undefined {
  const parsed = parseYaml(path, text);
  const checked = parsed.ok ? checkShape(schema, parsed.yaml) : parsed;
  if (parsed.ok && checked.ok) return { content: checked.content, yaml: parsed.yaml };
  if (!checked.ok) compilation.problems.push(...checked.problems);
  return undefined;
}

function readKey(path: string, text: string, compilation: Compilation): PublicJwk | 'broken' {
  const key = parseKeyFile(text);
  if (key.ok) return key.jwk;
  for (const message of key.messages) compilation.report(startOf(path), message);
  return 'broken';
}

const startOf = (file: string): SourcePlace => ({ file, line: 1, column: 1 });
