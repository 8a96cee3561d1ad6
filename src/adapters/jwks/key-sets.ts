/** Key sets of others (RFC 7517): fetched or read from a file, cached, read again when they rotate, and never asked for in a storm. */
import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWK, type LocalJWKSet, type RemoteJWKSet } from 'jose';
import * as z from 'zod';
import { parseJson } from '../../core/json.ts';
import type { Log } from '../../core/log.ts';
import type { IdentityIssuer, KeySource } from '../../identity/issuer-token.ts';
import { type FetchRules, guardedFetch } from './guarded-fetch.ts';

/** How long an issuer's keys are used without asking again, and a client's own: a key that is taken away there works here so long. */
const ISSUER_FRESH_MS = 600_000;
const CLIENT_FRESH_MS = 60_000;
/** A key id that is not known makes us ask again, at most this often. */
const COOLDOWN_MS = 30_000;
/** After a failure nobody is asked for so long. */
const RETRY_MS = 5_000;
const MAX_KEYS = 100;

export interface KeySetOptions {
  readonly allowPrivateHosts: readonly string[];
  readonly log: Log;
  /** Instead of the system's resolver. */
  readonly lookup?: FetchRules['lookup'];
}

export interface KeySets {
  /** The keys of an issuer of identities. Rejects while they cannot be had. */
  issuerKeys(issuer: IdentityIssuer): KeySource;
  /** The keys behind a client's own `jwks_uri`; none while they cannot be had. */
  remoteKeys(jwksUri: string): Promise<readonly JWK[]>;
}

export function openKeySets({ allowPrivateHosts, log, lookup }: KeySetOptions): KeySets {
  const rules: FetchRules = { allowPrivateHosts: new Set(allowPrivateHosts), ...(lookup === undefined ? {} : { lookup }) };
  const clients = new Map<string, RemoteJWKSet>();
  return {
    issuerKeys: (issuer) => ('jwks_uri' in issuer ? remoteKeySet(issuer.jwks_uri, ISSUER_FRESH_MS, rules, log) : fileKeySet(issuer.jwks_file)),
    remoteKeys: async (jwksUri) => {
      let set = clients.get(jwksUri);
      if (set === undefined) {
        // Grant files name these, so there are no more than agents and servers.
        set = remoteKeySet(jwksUri, CLIENT_FRESH_MS, rules, log);
        clients.set(jwksUri, set);
      }
      try {
        if (!set.fresh) await set.reload();
        return set.jwks()?.keys ?? [];
      } catch {
        return [];
      }
    },
  };
}

function remoteKeySet(uri: string, freshMs: number, rules: FetchRules, log: Log): RemoteJWKSet {
  const url = new URL(uri);
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const fetchKeys = async (_url: string, { signal }: { readonly signal: AbortSignal }): Promise<Response> => {
    if (performance.now() - failedAtMs < RETRY_MS) throw new Error('the keys could not be had a moment ago');
    try {
      return Response.json(parseKeySet(await guardedFetch(url, rules, signal)));
    } catch (error) {
      failedAtMs = performance.now();
      log.warn({ host: url.host, problem: (error as Error).message }, 'keys of an identity cannot be fetched: tokens signed by keys not known yet are refused');
      throw error;
    }
  };
  return createRemoteJWKSet(url, { cacheMaxAge: freshMs, cooldownDuration: COOLDOWN_MS, timeoutDuration: 10_000, [customFetch]: fetchKeys });
}

/** Keys in a file that somebody else may replace at any time; it is looked at for each token that is not known yet. */
function fileKeySet(file: string): KeySource {
  let known: { readonly version: string; readonly keys: LocalJWKSet } | undefined;
  return async (header, token) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    const version = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    if (known?.version !== version) known = { version, keys: createLocalJWKSet(parseKeySet(await readFile(file, 'utf8'))) };
    return known.keys(header, token);
  };
}

const keySetSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string(), use: z.string().optional() })).max(MAX_KEYS) });

/** SPIFFE marks the keys of JWT-SVIDs by a `use` of its own (SPIFFE JWT-SVID, section 6.1); everywhere else that is `sig`. */
function parseKeySet(text: string): JSONWebKeySet {
  const parsed = keySetSchema.safeParse(parseJson(text));
  // Whatever it is, it is not repeated: the message ends up in a log.
  if (!parsed.success) throw new Error('what was found is no key set (RFC 7517)');
  return { keys: parsed.data.keys.map((key) => (key.use === 'jwt-svid' ? { ...key, use: 'sig' } : key)) as JWK[] };
}
