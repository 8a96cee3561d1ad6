/**
 * Masking of free text before it is stored: secrets, tokens and personal data. What is masked leaves the first eight hex
 * digits of its SHA-256, so that two entries about one value can be told to be about one value.
 * Limits: names of people and secrets that look like ordinary words cannot be recognised.
 */
import { createHash } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const SECRET_WORDS = 'password|passwd|passphrase|pwd|secret|token|api[ _-]?key';
/** What a stamp looks like, from its bracket or from after its word, so that masking again changes nothing. */
const NOT_MASKED = String.raw`(?!(?:\[[a-z -]{1,16} )?[0-9a-f]{8}\])`;

const PATTERNS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'private key', pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8192}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g },
  { what: 'token', pattern: /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/g },
  { what: 'secret', pattern: new RegExp(String.raw`(?<=\b(?:set-)?cookie["']?\s{0,3}[:=]\s{0,3})${NOT_MASKED}[^\r\n]+`, 'gi') },
  // After "=" or ":" comes the secret, whatever it looks like; after a space perhaps the rest of a sentence.
  {
    what: 'secret',
    pattern: new RegExp(
      String.raw`(?<=(?:${SECRET_WORDS}|authorization)\\?["']?\s{0,3}[:=]\s{0,3})(?!(?:bearer|basic|dpop)\s)${NOT_MASKED}(?:\\?"[^"]{0,4096}"?|'[^']{0,4096}'?|[^\s"']+)`,
      'gi',
    ),
  },
  { what: 'secret', pattern: new RegExp(String.raw`(?<=(?<![a-z])(?:${SECRET_WORDS}|bearer|basic|dpop)\s{1,3}["']?)${NOT_MASKED}[^\s"',;]{4,}`, 'gi') },
  { what: 'e-mail', pattern: /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu },
  { what: 'account', pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g },
  { what: 'card', pattern: /\b\d(?:[ -]?\d){12,18}\b/g },
  { what: 'phone', pattern: /(?<![\w-])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)/g },
  // A long run of letters and digits together is a key, a hash or an id: nothing that a reader needs to see.
  { what: 'opaque', pattern: /[A-Za-z0-9_+/=-]{20,}/g },
];

/** More than any pattern needs to be recognised by its beginning. */
const MARGIN = 256;
const CUT_END = new RegExp(`[^\\]]{0,${MARGIN}}$`);

/**
 * Masks secrets and personal data in text. Longer than `maxLength` characters, in or out, it is cut and ends in `…`. Linear
 * in `maxLength`, whatever the text.
 */
export function mask(text: string, maxLength = 2_000): string {
  const isCut = text.length > maxLength;
  // What the cut left of a secret may look like nothing, so the last characters before it that are not masked go.
  const masked = isCut ? maskAll(text.slice(0, maxLength + MARGIN)).replace(CUT_END, '') : maskAll(text);
  return isCut || masked.length > maxLength ? `${masked.slice(0, maxLength)}…` : masked;
}

function maskAll(text: string): string {
  let masked = text;
  for (const { what, pattern } of PATTERNS) {
    masked = masked.replace(pattern, (found) => (what === 'opaque' && !looksOpaque(found) ? found : stamp(what, found)));
  }
  return masked;
}

/** Masks a label that a client chose for its own use. A UUID stays readable: people search their logs for it. */
export const maskLabel = (label: string): string => (UUID.test(label) ? label : mask(label, 128));

const looksOpaque = (run: string): boolean => !UUID.test(run) && /\d/.test(run) && /[A-Za-z]/.test(run);

const stamp = (what: string, value: string): string => `[${what} ${createHash('sha256').update(value).digest('hex').slice(0, 8)}]`;
