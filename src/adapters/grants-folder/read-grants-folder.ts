/** Reads a grants folder into memory as it was at one moment. */
import { constants } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Problem, sortProblems } from '../../grants/problem.ts';
import { type Listing, listFolder, problemOf } from './list-folder.ts';

/** Path inside the folder, with `/`, to text. `tests` are the files tests/*.test.yaml; `files` all others that count. */
export type GrantsFolder =
  | { readonly ok: true; readonly files: ReadonlyMap<string, string>; readonly tests: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const MAX_FILE_BYTES = 256 * 1024;
const MAX_FOLDER_BYTES = 64 * 1024 * 1024;
/** How often a folder that changes while it is read is read again, and after what pause. */
const MAX_ATTEMPTS = 8;
const PAUSE_MS = 50;
/** Files open at the same time. */
const WIDTH = 16;

/** Reads until nothing changed between the reading of the first file and the last look at each: then all stood there at one moment. */
export async function readGrantsFolder(folder: string): Promise<GrantsFolder> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (attempt > 0) await sleep(PAUSE_MS);
    try {
      const read = await readOnce(folder);
      if (read !== 'changed') return read;
    } catch (error) {
      if (MEANWHILE.has(codeOf(error)) && (await isFolder(folder))) continue;
      return { ok: false, problems: [problemOf('.', folderProblem(codeOf(error)))] };
    }
  }
  return { ok: false, problems: [problemOf('.', 'keeps changing while it is read: it is read again after the next change')] };
}

/** What was listed has been taken away, or has become something else, before it was opened. */
const MEANWHILE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

async function readOnce(folder: string): Promise<GrantsFolder | 'changed'> {
  const listing = await listFolder(folder);
  const paths = [...listing.policy, ...listing.tests];
  const reading = new Reading(folder);
  await inParallel(paths, (path) => reading.read(path));
  if (reading.isChanged || (await isChangedSince(folder, listing, reading))) return 'changed';

  const problems = sortProblems([...listing.problems, ...reading.problems]);
  if (problems.length > 0) return { ok: false, problems };
  const textsOf = (some: readonly string[]) => new Map(some.map((path) => [path, reading.texts.get(path) ?? '']));
  return { ok: true, files: textsOf(listing.policy), tests: textsOf(listing.tests) };
}

/** What has been read, and which version of each file that was. */
class Reading {
  readonly texts = new Map<string, string>();
  readonly stamps = new Map<string, string>();
  readonly problems: Problem[] = [];
  isChanged = false;
  readonly #folder: string;
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(path: string): Promise<void> {
    let handle: Awaited<ReturnType<typeof open>>;
    try {
      // A name that has become a link or a pipe meanwhile is not followed, and not waited for.
      handle = await open(join(this.#folder, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw error;
      this.problems.push(problemOf(path, 'cannot be read: let the user that the broker runs as read it'));
      return;
    }
    try {
      const stats = await handle.stat({ bigint: true });
      this.stamps.set(path, stampOf(stats));
      const size = Number(stats.size);
      this.#bytes += size;
      if (!stats.isFile()) this.isChanged = true;
      else if (size > MAX_FILE_BYTES) this.problems.push(problemOf(path, `is larger than ${MAX_FILE_BYTES / 1024} KiB: split it`));
      else if (this.#bytes > MAX_FOLDER_BYTES) this.#refuseTheRest();
      else this.#keep(path, await readBytes(handle, size));
    } finally {
      await handle.close();
    }
  }

  #keep(path: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.isChanged = true;
      return;
    }
    try {
      this.texts.set(path, utf8.decode(bytes));
    } catch {
      this.problems.push(problemOf(path, 'is not UTF-8 text: save it as UTF-8'));
    }
  }

  #refuseTheRest(): void {
    if (this.problems.length === 0) this.problems.push(problemOf('.', `holds more than ${MAX_FOLDER_BYTES / 1024 / 1024} MiB`));
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The file's bytes, or undefined when there are more or fewer than a moment ago. */
async function readBytes(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(size + 1);
  const { bytesRead } = await handle.read(buffer, 0, size + 1, 0);
  return bytesRead === size ? buffer.subarray(0, size) : undefined;
}

async function isChangedSince(folder: string, before: Listing, { stamps }: Reading): Promise<boolean> {
  const after = await listFolder(folder);
  if (namesIn(before) !== namesIn(after)) return true;
  let isChanged = false;
  await inParallel(stamps, async ([path, stamp]) => {
    if (!isChanged && stampOf(await lstat(join(folder, path), { bigint: true })) !== stamp) isChanged = true;
  });
  return isChanged;
}

const namesIn = ({ policy, tests, problems }: Listing): string => JSON.stringify([policy, tests, problems]);

const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: Record<'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs', bigint>): string =>
  `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;

/** Does the work for every item, a few at a time. */
async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
}

const codeOf = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code;
};

const isFolder = (path: string): Promise<boolean> => stat(path).then((stats) => stats.isDirectory(), () => false);

function folderProblem(code: string): string {
  switch (code) {
    case 'ENOENT': return 'there is no such folder: make one with `hallpass init`, or correct `grants` in hallpass.yaml';
    case 'ENOTDIR': return 'is no folder: correct `grants` in hallpass.yaml';
    case 'EACCES': return 'cannot be read: let the user that the broker runs as read it and the folders in it';
    default: return `cannot be read (${code})`;
  }
}
