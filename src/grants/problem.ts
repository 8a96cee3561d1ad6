/** What is wrong in the files, as a person acts on it. */
import type { SourcePlace } from './policy.ts';

/** One thing to mend, and where. The message says what to do and never repeats a secret. */
export interface Problem extends SourcePlace {
  readonly message: string;
}

export const problemAt = (place: SourcePlace, message: string): Problem => ({ file: place.file, line: place.line, column: place.column, message });

/** In the order in which somebody reads the files; the same thing said twice of one place is said once. */
export function sortProblems(problems: Iterable<Problem>): readonly Problem[] {
  const distinct = new Map([...problems].map((problem) => [`${problem.file}\0${problem.line}\0${problem.column}\0${problem.message}`, problem]));
  return [...distinct.values()].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.message, b.message),
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
