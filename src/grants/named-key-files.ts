/** The key files that a grants folder names and does not have: what a first start of the example makes. */
import { Compilation } from './compilation.ts';
import { readGrantFiles } from './grant-files.ts';
import type { KeyEntry } from './schema-proof.ts';

/** Paths inside the folder, each once, in order. Files that cannot be read name none. */
export function missingKeyFiles(files: ReadonlyMap<string, string>): readonly string[] {
  const { people, agents, tools } = readGrantFiles(files, new Compilation());
  const proofs: { readonly keys?: readonly KeyEntry[] | undefined }[] = [
    ...people.files.flatMap(({ content }) => Object.values(content.people)),
    ...agents.files.flatMap(({ content }) => Object.values(content.agents)),
    ...tools.files.flatMap(({ content }) => Object.values(content.environments).map(({ server }) => server)),
  ];
  const named = proofs.flatMap(({ keys = [] }) => keys.flatMap((entry) => ('file' in entry ? [entry.file] : [])));
  return [...new Set(named)].filter((file) => !files.has(file)).sort();
}
