/** `POST /token`: proves the client, then issues for a tool, or for the broker's own API. */
import { normalizeResource } from '../core/resource.ts';
import { authenticateClient } from './authenticate.ts';
import type { BrokerContext } from './context.ts';
import { type Denied, deny } from './deny.ts';
import { type IssuedApiToken, issueApiToken } from './issue-api-token.ts';
import { type Issued, issueToolToken } from './issue-token.ts';
import type { TokenRequest } from './token-request.ts';

/** Answers a token request. Throws when the answer cannot be recorded: then nothing leaves. */
export async function requestToken(context: BrokerContext, request: TokenRequest, nowMs: number): Promise<Issued | IssuedApiToken | Denied> {
  const proven = await authenticateClient(context, request.credentials, nowMs);
  // Before authentication nothing that the client says is worth an entry of its own: only what was wrong is counted.
  if (!proven.ok) return deny(context, {}, [{ reason: 'client_authentication_failed', detail: proven.detail }], { nowMs });
  return request.grantType === 'client_credentials' && isForBroker(context, request)
    ? issueApiToken(context, proven, nowMs)
    : issueToolToken(context, proven, request, nowMs);
}

/** RFC 8707: the broker's own API is the resource whose identifier is the issuer. */
const isForBroker = (context: BrokerContext, { resource, tool, env }: TokenRequest): boolean =>
  resource !== undefined && tool === undefined && env === undefined && normalizeResource(resource) === normalizeResource(context.issuer);
