/** A grants folder as it was in a git revision. */
import { spawnSync } from 'node:child_process';
import { CliProblem } from './terminal.ts';

const MAX_BYTES = 256 * 1024 * 1024;

/** The policy's files in a revision: path inside the folder to text; undefined when `revision` names none. */
export function readGitFolder(folder: string, revision: string): ReadonlyMap<string, string> | undefined {
  // A revision that begins with a dash would be read as an option.
  if (!/^[\w@^~./{}-]{1,200}$/.test(revision) || revision.startsWith('-')) return undefined;
  const commit = git(folder, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]);
  if (commit === undefined) return undefined;
  const listed = git(folder, ['ls-tree', '-r', '-z', commit.toString('utf8').trim(), '.'])?.toString('utf8') ?? '';
  const blobs = listed.split('\0').flatMap((line) => {
    const [meta = '', ...rest] = line.split('\t');
    const path = rest.join('\t');
    const [mode, type, hash = ''] = meta.split(' ');
    // Left out, it would look as if its grants had not been there; the reader of folders refuses it too.
    if (mode === SYMBOLIC_LINK && !isHidden(path)) throw new CliProblem(`${path} is a symbolic link in ${revision}, so that what it said then is not in git: compare with another revision`);
    return type === 'blob' && mode !== SYMBOLIC_LINK && isPolicyFile(path) ? [{ path, hash }] : [];
  });
  if (blobs.length === 0) throw new CliProblem(`there are no grants in ${revision}: the folder was not in git then`);
  const batch = git(folder, ['cat-file', '--batch'], `${blobs.map(({ hash }) => hash).join('\n')}\n`);
  if (batch === undefined) throw new CliProblem(`git could not read ${revision}`);
  return readBatch(batch, blobs.map(({ path }) => path));
}

const SYMBOLIC_LINK = '120000';

const isHidden = (path: string): boolean => /(?:^|\/)[.#]/.test(path);
const isPolicyFile = (path: string): boolean => !path.startsWith('tests/') && !isHidden(path) && (path.endsWith('.yaml') || path.endsWith('.jwk'));

/** `<hash> blob <size>\n<bytes>\n` for each, in the order in which they were asked for. */
function readBatch(batch: Buffer, paths: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let offset = 0;
  for (const path of paths) {
    const start = batch.indexOf(10, offset) + 1;
    const size = Number(batch.toString('utf8', offset, start).split(' ')[2]);
    files.set(path, batch.toString('utf8', start, start + size));
    offset = start + size + 1;
  }
  return files;
}

function git(folder: string, args: readonly string[], input = ''): Buffer | undefined {
  // In a git hook the surroundings name the repository that the hook is of: here it is the folder's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const { status, stdout, error } = spawnSync('git', args, { cwd: folder, env, input, maxBuffer: MAX_BYTES });
  if (error !== undefined) throw new CliProblem('git is not installed here: compare with a folder instead (hallpass grants diff OLD-FOLDER)');
  return status === 0 ? stdout : undefined;
}
