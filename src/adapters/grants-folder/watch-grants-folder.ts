/** Tells when something in a grants folder changed. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { isIgnored, MAX_FOLDER_DEPTH } from './folder-names.ts';

/** An editor, or git, changes several things one after the other: they are told as one, once it has been quiet for this long … */
const QUIET_MS = 100;
/** … or when it has not been quiet for this long. */
const MAX_WAIT_MS = 1_000;
/** How often the folder itself is looked for: its removal ends the watching, and nothing tells of its return. */
const LOOK_MS = 500;
/** Where the system has no watchers left, a change is supposed this often. */
const BLIND_MS = 5_000;

/**
 * Calls back (debounced, never overlapping) after something in the folder changed, until the signal aborts. Survives the
 * folder's removal and return. It watches from the moment it returns: watch first and read then, and no change is missed.
 * `onChange` must not throw.
 */
export function watchGrantsFolder(folder: string, onChange: () => Promise<void> | void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const watching = new FolderWatch(folder, onChange);
  signal.addEventListener('abort', () => watching.close(), { once: true });
}

interface Watched {
  /** Which folder it is; one of the same name that came later is another. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * One watcher for each folder rather than for each file: a folder of 10,000 grants takes a handful of what the system has few
 * of, and a file that is replaced is still seen.
 */
class FolderWatch {
  readonly #folder: string;
  readonly #onChange: () => Promise<void> | void;
  readonly #watched = new Map<string, Watched>();
  readonly #looking: NodeJS.Timeout;
  #pending: NodeJS.Timeout | undefined;
  #waitingSince: number | undefined;
  #toldAt = performance.now();
  #isBusy = false;
  /** Whether there is a folder that could not be watched. */
  #isIncomplete = false;
  #isClosed = false;

  constructor(folder: string, onChange: () => Promise<void> | void) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#follow();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#looking);
    clearTimeout(this.#pending);
    for (const path of this.#watched.keys()) this.#forget(path);
  }

  #note(): void {
    if (this.#isClosed) return;
    this.#waitingSince ??= performance.now();
    const waited = performance.now() - this.#waitingSince;
    clearTimeout(this.#pending);
    this.#pending = setTimeout(() => void this.#tell(), Math.min(QUIET_MS, Math.max(MAX_WAIT_MS - waited, 0)));
  }

  async #tell(): Promise<void> {
    // What happens meanwhile is told afterwards.
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#waitingSince = undefined;
    this.#toldAt = performance.now();
    try {
      // First watched, then read by whoever is told: so nothing falls in between.
      this.#follow();
      await this.#onChange();
    } finally {
      this.#isBusy = false;
      if (this.#waitingSince !== undefined) this.#note();
    }
  }

  /** Notices that the folder is gone, back, or another one. */
  #look(): void {
    const identity = identityOf(this.#folder);
    const isBlind = this.#isIncomplete && performance.now() - this.#toldAt > BLIND_MS;
    if (isBlind || identity !== this.#watched.get(this.#folder)?.identity) this.#note();
  }

  /** Watches the folders that there are now. */
  #follow(): void {
    const present = foldersIn(this.#folder, MAX_FOLDER_DEPTH);
    for (const [path, { identity }] of this.#watched) if (present.get(path) !== identity) this.#forget(path);
    this.#isIncomplete = false;
    for (const [path, identity] of present) if (!this.#watched.has(path)) this.#watch(path, identity);
  }

  #watch(path: string, identity: string): void {
    try {
      const watcher = watch(path, (_event, name) => {
        if (name === null || !isIgnored(name)) this.#note();
      });
      watcher.on('error', () => this.#forget(path));
      this.#watched.set(path, { identity, watcher });
    } catch {
      // Gone again, or the system has no watchers left.
      this.#isIncomplete = true;
    }
  }

  #forget(path: string): void {
    this.#watched.get(path)?.watcher.close();
    this.#watched.delete(path);
  }
}

/** The folder and those in it, `depth` levels down, each with its identity. None when the folder is not there. */
function foldersIn(folder: string, depth: number): ReadonlyMap<string, string> {
  const identity = identityOf(folder);
  const found = new Map<string, string>();
  if (identity === undefined) return found;
  found.set(folder, identity);
  if (depth === 0) return found;
  for (const name of folderNamesIn(folder)) {
    for (const [path, inner] of foldersIn(join(folder, name), depth - 1)) found.set(path, inner);
  }
  return found;
}

function folderNamesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !isIgnored(entry.name)).map(({ name }) => name);
  } catch {
    // Gone meanwhile, no folder, or not for this user to read: whoever reads it will say so.
    return [];
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return undefined;
  }
}
