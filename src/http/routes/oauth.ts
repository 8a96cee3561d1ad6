/** The OAuth endpoints: `/token`, `/introspect`, `/revoke`, `/authorize`. */
import type { FastifyInstance } from 'fastify';
import { spendClaims } from '../../broker/authenticate.ts';
import type { BrokerContext } from '../../broker/context.ts';
import { deny, REPLAYED } from '../../broker/deny.ts';
import { introspect } from '../../broker/introspect.ts';
import { revoke } from '../../broker/revoke.ts';
import { requestToken } from '../../broker/token.ts';
import { authenticateEndpoint } from '../client.ts';
import { isFromLoopback } from '../doors.ts';
import type { Form } from '../form.ts';
import { sendDenied, sendOAuthError } from '../reply.ts';
import { ACCESS_TOKEN_TYPE, parseTokenForm, TOKEN_EXCHANGE } from '../token-form.ts';

/** Adds the endpoints to a scope that parses forms and nothing else. Whatever is refused before a client is known is counted in the ledger as a malformed request. */
export function oauthRoutes(app: FastifyInstance, context: BrokerContext): void {
  app.post<{ Body: Form | undefined }>('/token', async (request, reply) => {
    const nowMs = context.clock();
    const form = request.body;
    if (form === undefined || !form.ok) return malformed(form);
    const parsed = parseTokenForm(form.parameters, isFromLoopback(request));
    if (!parsed.ok) {
      const reason = parsed.error === 'invalid_client' ? 'client_authentication_failed' : 'malformed_request';
      const { decision } = await deny(context, {}, [{ reason, detail: parsed.description }], { nowMs });
      return sendOAuthError(reply, parsed.error === 'invalid_client' ? 401 : 400, parsed.error, parsed.description, { decision });
    }
    const answer = await requestToken(context, parsed.request, nowMs);
    if (answer.kind === 'denied') return sendDenied(reply, answer);
    return reply.send({
      access_token: answer.token, token_type: 'Bearer', expires_in: answer.expiresInSeconds, scope: answer.scope,
      ...(form.parameters.grant_type === TOKEN_EXCHANGE ? { issued_token_type: ACCESS_TOKEN_TYPE } : {}),
      ...('session' in answer ? { session_id: answer.session } : {}),
    });

    async function malformed(refused: Exclude<Form, { ok: true }> | undefined) {
      const detail = refused === undefined ? 'send the parameters as application/x-www-form-urlencoded' : 'a parameter stands there twice, or there are too many';
      const { decision } = await deny(context, {}, [{ reason: 'malformed_request', detail }], { nowMs });
      const isTarget = refused?.repeated === 'resource' || refused?.repeated === 'audience';
      return sendOAuthError(reply, 400, isTarget ? 'invalid_target' : 'invalid_request', detail, { decision });
    }
  });

  app.post<{ Body: Form | undefined }>('/introspect', async (request, reply) => {
    const nowMs = context.clock();
    const parameters = tokenParameters(request.body);
    if (parameters === undefined) return sendOAuthError(reply, 400, 'invalid_request', 'send one token as application/x-www-form-urlencoded');
    const proven = await authenticateEndpoint(context, request, parameters, nowMs);
    if (!proven.ok) return sendDenied(reply, await deny(context, {}, [{ reason: 'client_authentication_failed', detail: proven.detail }], { nowMs }));
    if (!(await spendClaims(context, proven))) return sendDenied(reply, await deny(context, {}, [REPLAYED], { nowMs }));
    const answer = await introspect(context, proven.caller, parameters.token, nowMs);
    if (!answer.active) return reply.send(answer);
    const { claims } = answer;
    return reply.send({ active: true, token_type: 'Bearer', ...claims });
  });

  app.post<{ Body: Form | undefined }>('/revoke', async (request, reply) => {
    const nowMs = context.clock();
    const parameters = tokenParameters(request.body);
    if (parameters === undefined) return sendOAuthError(reply, 400, 'invalid_request', 'send one token as application/x-www-form-urlencoded');
    const proven = await authenticateEndpoint(context, request, parameters, nowMs);
    if (!proven.ok) return sendDenied(reply, await deny(context, {}, [{ reason: 'client_authentication_failed', detail: proven.detail }], { nowMs }));
    const outcome = await revoke(context, proven, parameters.token, nowMs);
    switch (outcome) {
      case 'revoked': return reply.code(200).send();
      case 'not_yours': return sendOAuthError(reply, 400, 'unauthorized_client', 'a token is revoked by the client that it was issued to');
      case 'replayed': return sendDenied(reply, await deny(context, {}, [REPLAYED], { nowMs }));
      default: return outcome satisfies never;
    }
  });

  // Stock clients refuse metadata without an authorization endpoint; there is no code flow behind it.
  app.get('/authorize', (_request, reply) => sendOAuthError(reply, 400, 'unsupported_response_type', 'this broker has no authorization code flow'));
}

function tokenParameters(form: Form | undefined): (Readonly<Record<string, string>> & { readonly token: string }) | undefined {
  const token = form?.ok === true ? form.parameters.token : undefined;
  return form?.ok === true && token !== undefined ? { ...form.parameters, token } : undefined;
}
