/** Fetches a JSON document that somebody named by a URL, and nothing else that this machine can reach. */
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

const MAX_BYTES = 256 * 1024;
const MAX_MS = 5_000;

/** Why a document was not fetched, in words for the operator; no URL in them. */
class FetchRefusedError extends Error {
  override readonly name = 'FetchRefusedError';
}

/** Looks a name up in all its addresses; what `dns.lookup` is. */
export type LookupAll = (hostname: string, options: LookupAllOptions, done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void;

export interface FetchRules {
  /** Hosts (with or without port, exactly as in the URL) that may be private, and spoken to by http. */
  readonly allowPrivateHosts: ReadonlySet<string>;
  readonly lookup?: LookupAll;
}

/**
 * GETs a text of at most 256 KiB within 5 s: https only, no redirects, no credentials, and only from addresses of the public
 * internet. The address that is checked is the one that is connected to, so a name cannot be rebound in between. A host in
 * `allowPrivateHosts` may be anywhere.
 */
export function guardedFetch(url: URL, rules: FetchRules, signal?: AbortSignal): Promise<string> {
  const mayBePrivate = rules.allowPrivateHosts.has(url.hostname) || rules.allowPrivateHosts.has(url.host);
  const problem = urlProblem(url, mayBePrivate);
  if (problem !== undefined) return Promise.reject(new FetchRefusedError(problem));
  const deadline = AbortSignal.timeout(MAX_MS);
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const lookup = lookupOf(rules.lookup ?? systemLookup, mayBePrivate);
    request(
      url,
      { agent: false, lookup, signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]), headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': 'hallpass' } },
      (response) => readText(response).then(resolve, reject),
    )
      .on('error', (error) => reject(deadline.aborted ? new FetchRefusedError(`no answer within ${MAX_MS / 1000} s`) : error))
      .end();
  });
}

function urlProblem(url: URL, mayBePrivate: boolean): string | undefined {
  if (url.username !== '' || url.password !== '') return 'a URL with credentials is not fetched';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePrivate)) return 'only https is fetched (http from hosts in allow_private_hosts)';
  // A literal address is never looked up, so it is checked here.
  const address = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(address) !== 0 && !mayBePrivate && !isPublicAddress(address) ? PRIVATE : undefined;
}

const PRIVATE = 'the host is no public address: list it in allow_private_hosts if it is meant to be reached';

const lookupOf = (resolve: LookupAll, mayBePrivate: boolean): LookupFunction => (hostname, options, done) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) done(error ?? new FetchRefusedError('the host has no address'), '', 0);
    else if (!mayBePrivate && !addresses.every(({ address }) => isPublicAddress(address))) done(new FetchRefusedError(PRIVATE), '', 0);
    else if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};

async function readText(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new FetchRefusedError(`answered with status ${response.statusCode}${(response.statusCode ?? 0) >= 300 && (response.statusCode ?? 0) < 400 ? '; redirects are not followed' : ''}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      response.destroy();
      throw new FetchRefusedError(`answered with more than ${MAX_BYTES / 1024} KiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
