/** What the files say of how a principal proves itself, made into keys that can be used and that belong to it alone. */
import { createHash, createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import type { Compilation, Holder } from './compilation.ts';
import { didYouMean } from './nearest.ts';
import { identityKey, type ExternalIdentity, type Proof, type SourcePlace } from './policy.ts';
import type { KeyEntry, PublicJwk } from './schema-proof.ts';

/** A proof as written, with the place of each of its parts. */
export interface WrittenProof {
  readonly keys?: readonly KeyEntry[] | undefined;
  readonly identity?: ExternalIdentity | undefined;
  placeOf(...path: readonly PropertyKey[]): SourcePlace;
}

export interface ProofOwner {
  readonly kind: 'agent' | 'server' | 'person';
  readonly id: string;
}

type KeyFiles = ReadonlyMap<string, PublicJwk | 'broken'>;

/** A key, a key set or an identity that two principals had would make one of them the other: each belongs to one. */
export function compileProof(written: WrittenProof, owner: ProofOwner, keyFiles: KeyFiles, compilation: Compilation): Proof {
  const words = `${owner.kind} ${owner.id}`;
  const holderAt = (...path: readonly PropertyKey[]): Holder => ({ words, place: () => written.placeOf(...path) });
  const keys: JWK[] = [];
  let jwksUri: string | undefined;
  for (const [index, entry] of (written.keys ?? []).entries()) {
    const place = () => written.placeOf('keys', index);
    if ('jwks_uri' in entry) {
      if (jwksUri !== undefined) compilation.report(place(), 'a second `jwks_uri`: keep one, a key set holds several keys');
      jwksUri = entry.jwks_uri;
      compilation.claim(`jwks_uri ${jwksUri}`, holderAt('keys', index), 'this key set already belongs to', 'give each its own');
      continue;
    }
    const key = 'file' in entry ? keyOfFile(entry.file, owner, keyFiles, place, compilation) : entry;
    const usable = key === undefined ? undefined : usableKey(key);
    if (usable !== undefined) {
      compilation.claim(`key ${thumbprintOf(usable)}`, holderAt('keys', index), 'this key already belongs to', `make another with \`hallpass keys new ${words}\``);
      keys.push(usable);
    } else if (key !== undefined) {
      compilation.report(place(), `this is no valid ${key.kty} key: make a new one with \`hallpass keys new ${words}\``);
    }
  }
  const { identity } = written;
  if (identity !== undefined) compilation.claim(`identity ${identityKey(identity)}`, holderAt('identity'), 'this identity already belongs to', 'give each its own');
  return { keys, ...(jwksUri === undefined ? {} : { jwksUri }), ...(identity === undefined ? {} : { identity }) };
}

function keyOfFile(path: string, { kind, id }: ProofOwner, files: KeyFiles, place: () => SourcePlace, compilation: Compilation): PublicJwk | undefined {
  const key = files.get(path);
  if (key === undefined) compilation.report(place(), `the key file ${path} is missing${didYouMean(path, files.keys())}: make it with \`hallpass keys new ${kind} ${id}\``);
  return key === 'broken' ? undefined : key;
}

const MIN_RSA_BITS = 2048;

/** The key with its members in their one canonical spelling, or undefined when its numbers are no key. */
function usableKey({ kid, alg, use, ...written }: PublicJwk): JWK | undefined {
  try {
    const key = createPublicKey({ key: written, format: 'jwk' });
    if ((key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) return undefined;
    return { ...(key.export({ format: 'jwk' }) as JWK), ...(kid === undefined ? {} : { kid }), ...(alg === undefined ? {} : { alg }), ...(use === undefined ? {} : { use }) };
  } catch {
    return undefined;
  }
}

/** JWK thumbprint (RFC 7638): the required members, in the order of their names. */
function thumbprintOf({ crv, e, kty, n, x, y }: JWK): string {
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
