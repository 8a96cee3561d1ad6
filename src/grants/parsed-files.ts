/** Files as they were last parsed, so that a reload of a large folder parses only what changed, and that in small pieces. */
import type { z } from 'zod';
import type { Problem } from './problem.ts';
import { type AgentsFile, agentsFile, type GrantFile, grantFile, type PeopleFile, peopleFile, type ToolFile, toolFile } from './schema.ts';
import { checkShape } from './schema-problems.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

export interface FileOf<T> {
  readonly content: T;
  readonly yaml: YamlFile;
}

export type Parsed<T> = { readonly ok: true; readonly file: FileOf<T> } | { readonly ok: false; readonly problems: readonly Problem[] };

/** What each kind of YAML file holds. */
export interface FileContents {
  readonly people: PeopleFile;
  readonly agents: AgentsFile;
  readonly tools: ToolFile;
  readonly grants: GrantFile;
}
export type FileKind = keyof FileContents;

const SCHEMAS: { readonly [K in FileKind]: z.ZodType<FileContents[K]> } = { people: peopleFile, agents: agentsFile, tools: toolFile, grants: grantFile };

/** What a path inside the folder holds; undefined when it is none of its files. */
export function kindOf(path: string): FileKind | 'keys' | undefined {
  if (path === 'people.yaml') return 'people';
  if (path === 'agents.yaml') return 'agents';
  if (path.endsWith('.jwk')) return 'keys';
  if (/^tools\/[^/]+\.yaml$/.test(path)) return 'tools';
  return /^[^/]+\.yaml$/.test(path) ? 'grants' : undefined;
}

/** So many files are parsed at a stretch: about 4 ms. */
const FILES_PER_TURN = 20;

export class ParsedFiles {
  readonly #known = new Map<string, { readonly text: string; readonly parsed: Parsed<unknown> }>();

  /** The file as `kind` wants it: parsed now, or known from when it had the same text. */
  read<K extends FileKind>(kind: K, path: string, text: string): Parsed<FileContents[K]> {
    const known = this.#known.get(path);
    if (known?.text === text) return known.parsed as Parsed<FileContents[K]>;
    const parsed = parse<FileContents[K]>(path, text, SCHEMAS[kind]);
    this.#known.set(path, { text, parsed });
    return parsed;
  }

  /** Parses what is new, letting others run in between by way of `turn`, and forgets files that are gone. */
  async prepare(files: ReadonlyMap<string, string>, turn: () => Promise<void>): Promise<void> {
    for (const path of this.#known.keys()) if (!files.has(path)) this.#known.delete(path);
    let count = 0;
    for (const [path, text] of files) {
      const kind = kindOf(path);
      if (kind === undefined || kind === 'keys' || this.#known.get(path)?.text === text) continue;
      this.read(kind, path, text);
      count += 1;
      if (count % FILES_PER_TURN === 0) await turn();
    }
  }
}

function parse<T>(path: string, text: string, schema: z.ZodType<T>): Parsed<T> {
  const yaml = parseYaml(path, text);
  const checked = yaml.ok ? checkShape(schema, yaml.yaml) : yaml;
  if (yaml.ok && checked.ok) return { ok: true, file: { content: checked.content, yaml: yaml.yaml } };
  return { ok: false, problems: checked.ok ? [] : checked.problems };
}
