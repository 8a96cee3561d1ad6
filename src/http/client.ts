/** How clients prove themselves at `/introspect`, `/revoke` and under `/v1`. */
import type { FastifyRequest } from 'fastify';
import { authenticateClient, type Authentication } from '../broker/authenticate.ts';
import { checkApiToken } from '../broker/check-token.ts';
import type { BrokerContext, Caller } from '../broker/context.ts';
import { OPERATOR_ID } from '../core/names.ts';
import { findPrincipal } from '../identity/principal.ts';
import { isFromLoopback } from './doors.ts';
import { clientParameters } from './token-form.ts';

/** The caller that a Bearer token of the broker's own names; undefined when there is none that is good. */
export async function callerOf(context: BrokerContext, request: FastifyRequest, nowMs: number): Promise<Caller | undefined> {
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const checked = await checkApiToken(context, token, nowMs);
  if (!checked.ok) return undefined;
  const { sub } = checked.claims;
  if (sub === OPERATOR_ID) return isFromLoopback(request) ? { kind: 'operator', id: OPERATOR_ID } : undefined;
  const ref = findPrincipal(context.policyState().policy, sub)?.ref;
  return ref === undefined || ref.kind === 'agent' ? undefined : ref;
}

/** A client at an OAuth endpoint: by its assertion in the form (RFC 7523), or by a token for the broker's API (RFC 7662, section 2.1). */
export async function authenticateEndpoint(context: BrokerContext, request: FastifyRequest, parameters: Readonly<Record<string, string>>, nowMs: number): Promise<Authentication> {
  if (request.headers.authorization !== undefined) {
    const caller = await callerOf(context, request, nowMs);
    return caller === undefined ? { ok: false, detail: 'the Authorization header holds no good token for this broker' } : { ok: true, caller, claims: [], expiresMs: nowMs };
  }
  const parsed = clientParameters.safeParse(parameters);
  const assertion = parsed.success && parsed.data.client_assertion_type !== undefined ? parsed.data.client_assertion : undefined;
  if (assertion === undefined) return { ok: false, detail: 'authenticate with private_key_jwt: client_assertion_type and client_assertion' };
  return authenticateClient(context, { assertion, clientId: parsed.data?.client_id, fromLoopback: isFromLoopback(request) }, nowMs);
}
