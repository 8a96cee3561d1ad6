/** What zod found wrong with a file, in words for the person who wrote it, each at its line and column. */
import type { z } from 'zod';
import { didYouMean } from './nearest.ts';
import { type Problem, problemAt } from './problem.ts';
import type { DataPath, YamlFile } from './yaml.ts';

export type Checked<T> = { readonly ok: true; readonly content: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks a file's data against the schema of its kind. */
export function checkShape<T>(schema: z.ZodType<T>, { data, placeOf }: YamlFile): Checked<T> {
  const result = schema.safeParse(data, { error: wordsFor });
  if (result.success) return { ok: true, content: result.data };
  const mistakes = result.error.issues.flatMap((issue) => mistakesOf(issue, []));
  return { ok: false, problems: mistakes.map(({ path, part, message }) => problemAt(placeOf(path, part), message)) };
}

/** The same for data that is not in a file of the folder's own format: messages without places. */
export function shapeMessages(schema: z.ZodType, data: unknown): readonly string[] {
  const result = schema.safeParse(data, { error: wordsFor });
  return result.success ? [] : result.error.issues.flatMap((issue) => mistakesOf(issue, [])).map(({ message }) => message);
}

interface Mistake {
  readonly path: DataPath;
  readonly part: 'key' | 'value';
  readonly message: string;
}

function mistakesOf(issue: z.core.$ZodIssue, parent: DataPath): readonly Mistake[] {
  const path = [...parent, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      // `wordsFor` writes a line for each key; a schema with words of its own writes one for all.
      const lines = issue.message.split('\n');
      if (lines.length !== issue.keys.length) return [{ path, part: 'value', message: issue.message }];
      return issue.keys.map((key, index) => ({ path: [...path, key], part: 'key', message: lines[index] ?? issue.message }));
    }
    case 'invalid_key': {
      const [first] = issue.issues;
      const written = String(issue.path.at(-1)).slice(0, 80);
      return [{ path, part: 'key', message: `\`${written}\` ${first?.message ?? issue.message}` }];
    }
    case 'invalid_union': {
      const nearest = nearestOption(issue.errors);
      return nearest === undefined ? [{ path, part: 'value', message: issue.message }] : nearest.flatMap((inner) => mistakesOf(inner, path));
    }
    default: {
      const isMissing = issue.code === 'invalid_type' && issue.message.endsWith(MISSING);
      return [{ path, part: isMissing ? 'key' : 'value', message: issue.message }];
    }
  }
}

/** Of several shapes that a value could have, the one with the fewest mistakes is the one that was meant; of equals the last. */
function nearestOption(options: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const cost = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return options.reduce<readonly z.core.$ZodIssue[] | undefined>(
    (best, option) => (best === undefined || cost(option) <= cost(best) ? option : best),
    undefined,
  );
}

const MISSING = 'is missing';

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map of keys and values',
  record: 'a map of names and what they mean',
};

/** The error map for whatever the schemas have no words of their own for. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys': return issue.keys.map((key) => unknownKey(key, knownKeys(issue.inst))).join('\n');
    case 'invalid_type': return typeWords(issue.expected, issue.input, issue.path?.at(-1));
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
      return `must be ${values.map((value) => `\`${value}\``).join(', ').replace(/, (?=[^,]*$)/, ' or ')}${meant}`;
    }
    case 'too_small': {
      if (issue.origin === 'string') return 'is too short';
      return issue.origin === 'array' ? 'must name at least one' : `must be at least ${issue.minimum}`;
    }
    case 'too_big': {
      if (issue.origin === 'string') return `is too long: at most ${issue.maximum} characters`;
      return issue.origin === 'array' ? `is too long: at most ${issue.maximum} entries` : `must be at most ${issue.maximum}`;
    }
    default: return undefined;
  }
}

function typeWords(expected: string, input: unknown, key: PropertyKey | undefined): string {
  if (input === undefined) return key === undefined ? MISSING : `\`${String(key)}\` ${MISSING}`;
  const hint = expected === 'string' && (typeof input === 'number' || typeof input === 'boolean') ? ': put it in quotes' : '';
  return `must be ${TYPE_WORDS[expected] ?? expected}${hint}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known);
  return `unknown key \`${key.slice(0, 80)}\`${meant === '' ? `; known here: ${known.join(', ')}` : meant}`;
}

/** The keys that the object schema behind an issue knows. */
function knownKeys(schema: unknown): readonly string[] {
  const def = (schema as z.core.$ZodObject | undefined)?._zod.def;
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}
