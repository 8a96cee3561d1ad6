/** How principals prove who they are, as the files say it: public keys (RFC 7517), key sets at a URL, identities of other issuers. */
import { z } from 'zod';
import { line, shaped } from './schema-fields.ts';

/** Members of a JWK that hold something secret (RFC 7518, section 6; RFC 8037). */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/** Never shows the key: the message may end up in a log. */
const PRIVATE_KEY = 'this is a private key: take it out of the grants folder, make a new one, and put only the public half here';

const HOW_TO_WRITE_A_KEY = 'a key is a public JWK ({kty: EC, …}), a file ({file: keys/NAME.jwk}) or a key set ({jwks_uri: https://…})';

const base64url = (maxLength: number) => shaped(/^[A-Za-z0-9_-]+$/, maxLength, 'must be base64url without padding');

const common = {
  kid: shaped(/^[!-)+-~]{1,128}$/, 128, 'must be 1 to 128 visible characters').optional(),
  use: z.literal('sig').optional(),
  key_ops: z.tuple([z.literal('verify')]).optional(),
};

/** A zod schema for public members only, which knows a private one when it sees it. */
const publicOnly = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' && issue.keys.some((key) => PRIVATE_MEMBERS.has(key)) ? PRIVATE_KEY : undefined),
  });

const ecKey = publicOnly({
  kty: z.literal('EC'),
  crv: z.enum(['P-256', 'P-384']),
  x: base64url(64),
  y: base64url(64),
  alg: z.enum(['ES256', 'ES384']).optional(),
  ...common,
});

const okpKey = publicOnly({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: base64url(43),
  alg: z.enum(['EdDSA', 'Ed25519']).optional(),
  ...common,
});

const rsaKey = publicOnly({
  kty: z.literal('RSA'),
  n: base64url(683).min(342, { error: 'an RSA key needs at least 2048 bits' }),
  e: z.literal('AQAB'),
  alg: z.enum(['RS256', 'PS256']).optional(),
  ...common,
});

export const publicJwk = z.discriminatedUnion('kty', [ecKey, okpKey, rsaKey], {
  error: ({ input }) => {
    const kty = (input as { readonly kty?: unknown } | null | undefined)?.kty;
    if (kty === 'oct') return PRIVATE_KEY;
    return kty === undefined ? HOW_TO_WRITE_A_KEY : '`kty` must be EC, OKP or RSA';
  },
});
export type PublicJwk = z.infer<typeof publicJwk>;

/** Segments start with a letter or digit, so no path leads out of the folder or to a hidden file. */
const KEY_FILE_PATTERN = /^(?:[A-Za-z0-9][A-Za-z0-9@._+-]*\/){0,3}[A-Za-z0-9][A-Za-z0-9@._+-]*\.jwk$/;

const keyFile = z.strictObject({
  file: shaped(KEY_FILE_PATTERN, 200, 'must be a path inside the grants folder that ends in .jwk, such as keys/NAME.jwk').describe('A file of the grants folder that holds one public key.'),
});

const URL_REST = '[!-)+-~]*';
/** http on this machine only. Without look-ahead, which not every reader of the JSON Schema knows. */
const LOOPBACK_HTTP = String.raw`http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:\/${URL_REST})?`;
/** A URL of one of these schemes, or of this machine. */
const urlPattern = (schemes: string): RegExp => new RegExp(`^(?:(?:${schemes}):\\/\\/${URL_REST}|${LOOPBACK_HTTP})$`);

const keySet = z.strictObject({
  jwks_uri: shaped(urlPattern('https'), 512, 'must be an https URL').refine(isPlainUrl, {
    error: 'must be an https URL without a user name, password or fragment',
  }),
});

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '' && url.hash === '';
}

const keys = z.array(z.union([keyFile, keySet, publicJwk])).min(1, { error: 'has no key yet: make one with `hallpass keys new agent|server|person ID`' }).max(10).describe('Public keys; several while one is being replaced.');
export type KeyEntry = z.infer<typeof keys>[number];

const identity = z
  .strictObject({
    issuer: shaped(urlPattern('https|spiffe'), 512, 'must be the `iss` of an issuer, such as https://idp.example.com').describe('The `iss` of its tokens.'),
    subject: line(255).regex(/^[!-)+-~][ -)+-~]*$/, { error: 'must be the exact `sub`, in visible ASCII, without wildcards' }).describe('The `sub` of its tokens.'),
  })
  .describe('The iss and sub of tokens that another issuer signs, compared exactly.');

export const proof = { keys: keys.optional(), identity: identity.optional() };

/** For those who have to prove themselves: agents and servers. */
export const hasProof = (value: { readonly keys?: unknown; readonly identity?: unknown }): boolean =>
  value.keys !== undefined || value.identity !== undefined;
/** The same for editors. */
export const PROOF_IN_JSON_SCHEMA = { anyOf: [{ required: ['keys'] }, { required: ['identity'] }] };
export const NEEDS_PROOF = 'needs a proof of who it is: add `keys` or `identity`';
