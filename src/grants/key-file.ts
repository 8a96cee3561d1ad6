/** A `.jwk` file of the grants folder: one public key as JSON (RFC 7517). */
import { type PublicJwk, publicJwk } from './schema-proof.ts';
import { shapeMessages } from './schema-problems.ts';

export type KeyFile = { readonly ok: true; readonly jwk: PublicJwk } | { readonly ok: false; readonly messages: readonly string[] };

/** An RSA key of 4096 bits has a tenth of this. */
const MAX_KEY_FILE_LENGTH = 8_192;

const NOT_A_KEY = 'is no public key: it must hold one JWK as JSON, such as {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}';

/** No message repeats anything of the text: it may be a private key in a form that is not known here. */
export function parseKeyFile(text: string): KeyFile {
  if (text.length > MAX_KEY_FILE_LENGTH) return { ok: false, messages: [NOT_A_KEY] };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ok: false, messages: [NOT_A_KEY] };
  }
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'kty')) return { ok: false, messages: [NOT_A_KEY] };
  const result = publicJwk.safeParse(data);
  return result.success ? { ok: true, jwk: result.data } : { ok: false, messages: shapeMessages(publicJwk, data) };
}
