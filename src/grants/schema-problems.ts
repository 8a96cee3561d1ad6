/** What zod found wrong with a file, in words for the person who wrote it, each at its line and column. */
import { z } from 'zod';
import { didYouMean } from './nearest.ts';
import { type Problem, problemAt } from './problem.ts';
import type { DataPath, YamlFile } from './yaml.ts';

export type Checked<T> = { readonly ok: true; readonly content: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks a file's data against the schema of its kind. */
export function checkShape<T>(schema: z.ZodType<T>, { data, placeOf }: YamlFile): Checked<T> {
  const result = schema.safeParse(data, { error: wordsFor });
  if (result.success) return { ok: true, content: result.data };
  return { ok: false, problems: mistakesIn(result.error).map(({ path, part, message }) => problemAt(placeOf(path, part), message)) };
}

/** The same for data that is not in a file of the folder's own format: messages without places. */
export function shapeMessages(schema: z.ZodType, data: unknown): readonly string[] {
  const result = schema.safeParse(data, { error: wordsFor });
  return result.success ? [] : mistakesIn(result.error).map(({ message }) => message);
}

interface Mistake {
  readonly path: DataPath;
  readonly part: 'key' | 'value';
  readonly message: string;
}

/** One for each place: of a value that is wrong in several ways, the first says what to write. */
function mistakesIn({ issues }: z.ZodError): readonly Mistake[] {
  // What is of the wrong type is not also too long.
  const ordered = [...issues].sort((a, b) => Number(b.code === 'invalid_type') - Number(a.code === 'invalid_type'));
  const places = new Map<string, Mistake>();
  for (const mistake of ordered.flatMap((issue) => mistakesOf(issue, []))) {
    const place = JSON.stringify([mistake.path, mistake.part]);
    if (!places.has(place) || mistake.part === 'key') places.set(mistake.part === 'key' ? `${place}${mistake.message}` : place, mistake);
  }
  return [...places.values()].map((mistake) => ({ ...mistake, message: withSubject(mistake) }));
}

/** Messages of schemas begin with what a value must be: a reader wants to know which value. The value itself is never shown. */
function withSubject({ path, message }: Mistake): string {
  if (!/^(?:must|is|has|needs) /.test(message)) return message;
  const key = path.findLast((step) => typeof step === 'string');
  if (key === undefined) return path.length === 0 ? `the file ${message}` : message;
  return `${path.at(-1) === key ? '' : 'an entry of '}\`${key.slice(0, 80)}\` ${message}`;
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
      const message = first?.message ?? issue.message;
      return [{ path, part: 'key', message: `\`${written}\`${message.startsWith('is ') ? '' : ':'} ${message}` }];
    }
    case 'invalid_union': {
      const nearest = nearestOption(issue.errors);
      return nearest === undefined ? [{ path, part: 'value', message: issue.message }] : nearest.flatMap((inner) => mistakesOf(inner, path));
    }
    default: {
      const isMissing = (issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.message.includes(MISSING);
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

/** With the schema's description of what should be there. */
function missing(key: PropertyKey | undefined, schema?: unknown): string {
  const described = schema instanceof z.ZodType ? (schema.description ?? '') : '';
  const words = described === '' ? '' : `: ${described.slice(0, 1).toLowerCase()}${described.slice(1).replace(/\.$/, '')}`;
  return key === undefined ? MISSING : `\`${String(key)}\` ${MISSING}${words}`;
}

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
    case 'invalid_type': return issue.input === undefined ? missing(issue.path?.at(-1), issue.inst) : typeWords(issue.expected, issue.input);
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
      const choice = values.map((value) => `\`${value}\``).join(', ').replace(/, (?=[^,]*$)/, ' or ');
      return issue.input === undefined ? `${missing(issue.path?.at(-1))}: write ${choice}` : `must be ${choice}${meant}`;
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

function typeWords(expected: string, input: unknown): string {
  const type = TYPE_WORDS[expected] ?? expected;
  if (input === null) return `is empty, and must be ${type}`;
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) return `must be ${type}: put it in quotes`;
  const isQuoted = (expected === 'number' || expected === 'int' || expected === 'boolean') && typeof input === 'string' && /^(?:[0-9]+|true|false)$/.test(input);
  return `must be ${type}${isQuoted ? ': take the quotes away' : ''}`;
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
