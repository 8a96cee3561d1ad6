/** `client_credentials` for the broker itself: a person, a server or the local operator gets a short token for `/v1`. */
import { toNumericDate } from '../core/clock.ts';
import { newTokenId } from '../core/names.ts';
import { encodeEntry } from '../ledger/entry.ts';
import { commitIssuance } from '../store/commits.ts';
import { apiDimensionsOf, type ApiTokenClaims } from '../tokens/claims.ts';
import { signToken } from '../tokens/signer.ts';
import type { ProvenCaller } from './authenticate.ts';
import type { BrokerContext } from './context.ts';
import { type Denied, deny, REPLAYED } from './deny.ts';

const API_TOKEN_SECONDS = 300;

export interface IssuedApiToken {
  readonly kind: 'issued';
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly scope: 'broker';
}

/** Issues a token for the API. What it may do is looked up in the people file at each use, so it carries no roles. */
export async function issueApiToken(context: BrokerContext, proven: ProvenCaller, nowMs: number): Promise<IssuedApiToken | Denied> {
  const { caller } = proven;
  const refuse = (reason: 'client_authentication_failed' | 'stopped' | 'replayed', detail: string): Promise<Denied> =>
    deny(context, { by: caller.id }, [{ reason, detail }], { nowMs, claims: proven.claims });
  if (caller.kind === 'agent') return refuse('client_authentication_failed', 'agents have no business at the broker\'s own API');
  const iat = toNumericDate(nowMs);
  const claims: ApiTokenClaims = {
    iss: context.issuer, sub: caller.id, aud: context.issuer, client_id: caller.id, scope: 'broker',
    iat, exp: iat + API_TOKEN_SECONDS, jti: newTokenId(nowMs), ord: context.stops.place,
  };
  const { token, kid, sha256 } = await signToken(context.keyRing.current(), claims);
  const result = await commitIssuance(context.store, context.epoch, {
    place: claims.ord, dimensions: apiDimensionsOf(claims, kid), claims: proven.claims, rates: [], records: [], nowMs,
    entry: encodeEntry(
      {
        kind: 'token.issued', outcome: 'ok', by: caller.id, token: claims.jti, token_sha256: sha256,
        expires: new Date(claims.exp * 1000).toISOString(), detail: 'for the broker\'s own API',
      },
      nowMs,
    ),
  });
  if (result.type === 'committed') {
    context.meter.issued('api');
    return { kind: 'issued', token, expiresInSeconds: API_TOKEN_SECONDS, scope: 'broker' };
  }
  if (result.type === 'wrongEpoch') throw new Error('the store is not the one this broker started with: restart the broker');
  return result.precondition.type === 'unclaimed'
    ? refuse('replayed', REPLAYED.detail)
    : refuse('stopped', 'a stop covers this caller');
}
