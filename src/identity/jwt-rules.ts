/** What every JWT from outside must look like before any crypto is spent on it (RFC 8725). */
import { decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose';

/** Asymmetric signatures only: with no HMAC there is no key confusion, and `none` is not on the list. */
export const ALLOWED_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const;

/** A JWT from outside is never longer than this. */
export const MAX_JWT_LENGTH = 8_192;

/** Header members that tell the reader which key to trust, or how to read the token: the sender has no say in either. */
const FORBIDDEN_MEMBERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'p2c', 'p2s', 'epk'] as const;

/** Exactly the compact serialization (RFC 7515): decoders skip spaces and line ends, and one token must have one spelling. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export type HeaderCheck = { readonly ok: true; readonly header: ProtectedHeaderParameters } | { readonly ok: false; readonly problem: string };

/** Checks size, form, algorithm, type and header members. `types`: the `typ` values allowed besides none at all, lower case. */
export function checkHeader(jwt: string, types: readonly string[]): HeaderCheck {
  if (jwt.length > MAX_JWT_LENGTH) return { ok: false, problem: `longer than ${MAX_JWT_LENGTH} characters` };
  if (jwt.split('.').length === 5) return { ok: false, problem: 'encrypted tokens are not accepted' };
  if (!COMPACT.test(jwt)) return { ok: false, problem: 'not a signed JWT' };
  let header: ProtectedHeaderParameters;
  try {
    header = decodeProtectedHeader(jwt);
  } catch {
    return { ok: false, problem: 'its header is not readable' };
  }
  if (!ALLOWED_ALGORITHMS.some((alg) => alg === header.alg)) return { ok: false, problem: `its alg is not one of ${ALLOWED_ALGORITHMS.join(', ')}` };
  const forbidden = FORBIDDEN_MEMBERS.find((member) => Object.hasOwn(header, member));
  if (forbidden !== undefined) return { ok: false, problem: `its header has ${forbidden}` };
  if (header.typ !== undefined && (typeof header.typ !== 'string' || !types.includes(header.typ.toLowerCase()))) {
    return { ok: false, problem: `its typ is not ${types.join(' or ')}` };
  }
  if (header.kid !== undefined && (typeof header.kid !== 'string' || header.kid.length > 256)) return { ok: false, problem: 'its kid is not a short string' };
  return { ok: true, header };
}

/** Whether `aud` is exactly this one audience: the string, or an array of only it (CVE-2024-5798, CVE-2020-26160). */
export const isAudience = (aud: unknown, expected: string): boolean =>
  aud === expected || (Array.isArray(aud) && aud.length === 1 && aud[0] === expected);
