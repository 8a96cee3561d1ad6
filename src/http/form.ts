/** `application/x-www-form-urlencoded` as OAuth wants it: each parameter once, an empty one as if it were not there. */
import type * as z from 'zod';

/** A form's parameters, or the name of one that stands there twice (RFC 6749, section 3.2). */
export type Form = { readonly ok: true; readonly parameters: Readonly<Record<string, string>> } | { readonly ok: false; readonly repeated: string };

export const MAX_FORM_BYTES = 64 * 1024;
const MAX_PARAMETERS = 64;

/** Parses a form. Names are compared exactly; only names that we know are ever looked at. */
export function parseForm(text: string): Form {
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (seen.has(name)) return { ok: false, repeated: name };
    if (seen.size === MAX_PARAMETERS) return { ok: false, repeated: 'too many parameters' };
    seen.add(name);
    if (value !== '') parameters[name] = value;
  }
  return { ok: true, parameters };
}

/** Names the first parameter that a schema refuses, in words for the client's author; never its value. */
export function parameterProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  // Its name is repeated only where it looks like one that somebody mistyped.
  if (issue?.code === 'unrecognized_keys') return `there is no ${issue.keys.every((key) => /^[a-z_]{1,24}$/.test(key)) ? issue.keys.join(', ') : 'such parameter'} here`;
  const name = issue?.path[0];
  return name === undefined ? (issue?.message ?? 'the request is malformed') : `${String(name)}: ${issue?.message ?? 'malformed'}`;
}
