/** The files of the grants folder by what they hold: each is read once and checked against the schema of its kind. */
import type { Compilation } from './compilation.ts';
import { parseKeyFile } from './key-file.ts';
import type { SourcePlace } from './policy.ts';
import { type FileContents, type FileKind, type FileOf, kindOf, ParsedFiles } from './parsed-files.ts';
import type { PublicJwk } from './schema-proof.ts';

/** The files of one kind, in the order of their paths. Complete: none of them is missing or was refused. */
export interface Part<T> {
  readonly files: readonly FileOf<T>[];
  readonly isComplete: boolean;
}

export interface GrantFiles extends Readonly<{ [K in FileKind]: Part<FileContents[K]> }> {
  /** By path; `broken` when the file is there but holds no public key, which is told at the file. */
  readonly keys: ReadonlyMap<string, PublicJwk | 'broken'>;
}

const KINDS = ['people', 'agents', 'tools', 'grants', 'keys'] as const;
type Kind = (typeof KINDS)[number];

/** Sorts the files out, and reports what is wrong with each. `parsed`: what is known of them from before. */
export function readGrantFiles(files: ReadonlyMap<string, string>, compilation: Compilation, parsed: ParsedFiles = new ParsedFiles()): GrantFiles {
  const byKind = Object.fromEntries(KINDS.map((kind) => [kind, [] as string[]])) as Record<Kind, string[]>;
  for (const path of [...files.keys()].sort()) {
    const kind = kindOf(path);
    if (kind === undefined) compilation.report(startOf(path), 'this is no file of a grants folder: there may be people.yaml, agents.yaml, tools/*.yaml, *.yaml for grants, *.jwk for public keys');
    else byKind[kind].push(path);
  }
  // Without these two nothing could be granted: a folder that lacks them is being moved or checked out, not meant.
  if (byKind.people.length === 0) compilation.report(startOf('people.yaml'), 'the file is missing: it says who approves, and who is on call');
  if (byKind.agents.length === 0) compilation.report(startOf('agents.yaml'), 'the file is missing: make an agent with `hallpass keys new agent ID`');

  const part = <K extends FileKind>(kind: K): Part<FileContents[K]> => {
    const paths = byKind[kind];
    const read = paths.flatMap((path) => {
      const result = parsed.read(kind, path, files.get(path) ?? '');
      if (!result.ok) compilation.problems.push(...result.problems);
      return result.ok ? [result.file] : [];
    });
    const isLacking = paths.length === 0 && (kind === 'people' || kind === 'agents');
    return { files: read, isComplete: read.length === paths.length && !isLacking };
  };
  return {
    people: part('people'),
    agents: part('agents'),
    tools: part('tools'),
    grants: part('grants'),
    keys: new Map(byKind.keys.map((path) => [path, readKey(path, files.get(path) ?? '', compilation)])),
  };
}

function readKey(path: string, text: string, compilation: Compilation): PublicJwk | 'broken' {
  const key = parseKeyFile(text);
  if (key.ok) return key.jwk;
  for (const message of key.messages) compilation.report(startOf(path), message);
  return 'broken';
}

const startOf = (file: string): SourcePlace => ({ file, line: 1, column: 1 });
