/** Which files of a grants folder there are to read. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Problem, problemAt } from '../../grants/problem.ts';
import { isIgnored, MAX_FOLDER_DEPTH, meaningOf } from './folder-names.ts';

/** Paths inside the folder, with `/`, in order. */
export interface Listing {
  readonly policy: readonly string[];
  readonly tests: readonly string[];
  readonly problems: readonly Problem[];
}

const MAX_FILES = 20_000;

/** Looks through the folder without following any link. Throws what the file system throws when a folder cannot be read. */
export async function listFolder(root: string): Promise<Listing> {
  const listing = { policy: [] as string[], tests: [] as string[], problems: [] as Problem[] };
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries) {
      if (isIgnored(entry.name)) continue;
      const path = folder + entry.name;
      if (!entry.isDirectory()) note(entry, path, listing);
      else if (folder.split('/').length > MAX_FOLDER_DEPTH) listing.problems.push(problemOf(path, `would not be read: folders lie at most ${MAX_FOLDER_DEPTH} deep`));
      else folders.push(`${path}/`);
    }
    if (listing.policy.length + listing.tests.length > MAX_FILES) {
      return { policy: [], tests: [], problems: [problemOf('.', `holds more than ${MAX_FILES} files: put several grants for one agent into one`)] };
    }
  }
  return { policy: listing.policy.sort(), tests: listing.tests.sort(), problems: listing.problems };
}

function note(entry: Dirent, path: string, listing: { policy: string[]; tests: string[]; problems: Problem[] }): void {
  if (entry.isSymbolicLink()) {
    listing.problems.push(problemOf(path, 'is a symbolic link: put the file itself here, so that what is reviewed is what is read'));
    return;
  }
  const meaning = meaningOf(path);
  if (meaning.kind === 'mistake') listing.problems.push(problemOf(path, meaning.message));
  else if (meaning.kind !== 'other' && !entry.isFile()) listing.problems.push(problemOf(path, 'is no regular file'));
  else if (meaning.kind === 'policy') listing.policy.push(path);
  else if (meaning.kind === 'test') listing.tests.push(path);
}

/** A problem with a file as a whole. */
export const problemOf = (file: string, message: string): Problem => problemAt({ file, line: 1, column: 1 }, message);
