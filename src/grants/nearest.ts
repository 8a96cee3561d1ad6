/** The name that was meant, for messages about a name that is not there. */

/** Two typing errors; more, and the suggestion would be a guess. */
const MAX_DISTANCE = 2;

/** The known name nearest to what was written: at most two edits away, and never so far that most of a short name is changed. */
function nearestName(written: string, known: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const limit = Math.min(MAX_DISTANCE, Math.floor(Math.max(written.length, name.length) / 2), (best?.distance ?? Number.POSITIVE_INFINITY) - 1);
    const distance = limit < 1 ? undefined : editDistance(written, name, limit);
    if (distance !== undefined) best = { name, distance };
  }
  return best?.name;
}

/** The known names that may have been meant, nearest first: few edits away, or one a part of the other. */
export function nearestNames(written: string, known: Iterable<string>, limit: number): readonly string[] {
  const scored = [...known].flatMap((name) => {
    const isPart = written.length > 1 && (name.includes(written) || written.includes(name));
    const score = editDistance(written, name, MAX_DISTANCE) ?? (isPart ? MAX_DISTANCE + 1 : undefined);
    return score === undefined ? [] : [{ name, score }];
  });
  return scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1)).slice(0, limit).map(({ name }) => name);
}

/** ` (did you mean X?)`, or nothing when no known name is near. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const name = nearestName(written, known);
  return name === undefined ? '' : ` (did you mean \`${name}\`?)`;
}

/** Levenshtein's distance, counting a swap of two neighbours as one edit; undefined when it is over the limit. */
function editDistance(a: string, b: string, limit: number): number | undefined {
  if (Math.abs(a.length - b.length) > limit) return undefined;
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1, isSwap ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY));
    }
    if (Math.min(...row) > limit) return undefined;
    [beforeLast, last] = [last, row];
  }
  const distance = at(last, b.length);
  return distance > limit ? undefined : distance;
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
