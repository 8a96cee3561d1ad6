/** The parts that the schemas of the files share: names, texts, lists and maps, each with a bound. */
import { z } from 'zod';
import { NAME_PATTERN, PERSON_PATTERN } from '../core/names.ts';

const NAME_RULE = 'is no name: use at most 64 lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit';
const WILDCARD_RULE = 'wildcards are not allowed here: write each name out';

const hasWildcard = (input: unknown): boolean => typeof input === 'string' && input.includes('*');

/** Text of one shape; what does not fit gets the message, and a wildcard the one about wildcards. */
export const shaped = (pattern: RegExp, maxLength: number, message: string) =>
  z
    // A number that would not fit as text either is not to be put in quotes.
    .string({ error: ({ input }) => (typeof input === 'number' && !pattern.test(String(input)) ? message : undefined) })
    .max(maxLength)
    .regex(pattern, { error: ({ input }) => (hasWildcard(input) ? WILDCARD_RULE : message) });

export const name = shaped(NAME_PATTERN, 64, NAME_RULE);

export const personId = shaped(PERSON_PATTERN, 317, 'is no person: write an e-mail address in lower case, such as dana@example.com');

/** One line for people to read. Control and formatting characters could make a terminal show something else. */
export const line = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/\S/, { error: 'must not be empty' })
    .regex(/^[^\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$/, { error: 'must be one line of plain text' });

/** A list without repetitions. */
export const list = <T extends z.ZodType<string>>(item: T, min: number, max: number) =>
  z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) => {
      for (const [index, written] of items.entries()) {
        if (items.indexOf(written) !== index) context.addIssue({ code: 'custom', path: [index], message: `\`${written}\` is here twice: keep one` });
      }
    })
    .meta({ uniqueItems: true });

/** A map from names to things, in the order of the file. */
export const mapOf = <K extends z.ZodType<string, string>, T extends z.ZodType>(key: K, value: T, min: number, max: number) =>
  z
    .record(key, value)
    .refine((map) => Object.keys(map).length >= min, { error: 'must name at least one' })
    .refine((map) => Object.keys(map).length <= max, { error: `must name at most ${max}` })
    .meta({ minProperties: min, maxProperties: max });
