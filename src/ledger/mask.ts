/**
 * Masking of free text before it is stored: secrets, tokens and personal data. What is masked leaves the first eight hex
 * digits of its SHA-256, so that two entries about one value can be told to be about one value.
 * Limits: names of people and secrets that look like ordinary words cannot be recognised.
 */
import { createHash } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const PATTERNS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'private key', pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8192}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g },
  { what: 'token', pattern: /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/g },
  { what: 'secret', pattern: /(?<=\b(?:bearer|basic|password|passwd|pwd|secret|token|api[_-]?key|authorization)["']?\s{0,3}[:= ]\s{0,3}["']?)[^\s"',;]{4,}/gi },
  { what: 'e-mail', pattern: /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g },
  { what: 'account', pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/g },
  { what: 'card', pattern: /\b\d(?:[ -]?\d){12,18}\b/g },
  { what: 'phone', pattern: /(?<![\w-])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)/g },
  // A long run of letters and digits together is a key, a hash or an id: nothing that a reader needs to see.
  { what: 'opaque', pattern: /[A-Za-z0-9_+/=-]{20,}/g },
];

/** Masks secrets and personal data in text, and cuts it to `maxLength` characters. Linear in the length of the text. */
export function mask(text: string, maxLength = 2_000): string {
  let masked = text.slice(0, maxLength);
  for (const { what, pattern } of PATTERNS) {
    masked = masked.replace(pattern, (found) => (what === 'opaque' && !looksOpaque(found) ? found : stamp(what, found)));
  }
  return text.length > maxLength ? `${masked}…` : masked;
}

/** Masks a label that a client chose for its own use. A UUID stays readable: people search their logs for it. */
export const maskLabel = (label: string): string => (UUID.test(label) ? label : mask(label, 128));

const looksOpaque = (run: string): boolean => !UUID.test(run) && /\d/.test(run) && /[A-Za-z]/.test(run);

const stamp = (what: string, value: string): string => `[${what} ${createHash('sha256').update(value).digest('hex').slice(0, 8)}]`;
