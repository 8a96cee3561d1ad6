/** What the names in a grants folder mean: what is read, what is none of ours, and what looks like a mistake. */

/** Folders below the grants folder that may lie in each other. */
export const MAX_FOLDER_DEPTH = 3;

/** Hidden files, and what editors leave beside a file while it is edited: `x~`, `#x#`. */
export const isIgnored = (name: string): boolean => name.startsWith('.') || name.endsWith('~') || (name.startsWith('#') && name.endsWith('#'));

export type Meaning =
  | { readonly kind: 'policy' | 'test' | 'other' }
  | { readonly kind: 'mistake'; /** What to do. */ readonly message: string };

/** `path`: inside the folder, with `/`. A file that nobody would read, but that looks as if somebody meant it to be read, is a mistake. */
export function meaningOf(path: string): Meaning {
  if (path.endsWith('.jwk')) return { kind: 'policy' };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const folder = path.slice(0, -name.length);
  const ending = /\.(?:ya?ml|jwk)$/i.exec(name)?.[0];
  if (ending === undefined) return { kind: 'other' };
  if (ending !== '.yaml') return mistake(`would not be read: rename it to ${name.slice(0, -ending.length)}${/jwk/i.test(ending) ? '.jwk' : '.yaml'}`);
  if (folder === 'tests/') return name.endsWith('.test.yaml') ? { kind: 'test' } : mistake(`would not be run: rename it to ${name.slice(0, -ending.length)}.test.yaml`);
  if (folder === '' || folder === 'tools/') return { kind: 'policy' };
  return mistake('would not be read: move it to tools/ if it describes a tool, or to the top of the grants folder if it is a grant');
}

const mistake = (message: string): Meaning => ({ kind: 'mistake', message });
