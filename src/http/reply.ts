/** How answers leave: never cached, and an error in the form that its readers expect. */
import type { FastifyReply } from 'fastify';
import type { Refused } from '../broker/authorize.ts';
import type { Denied } from '../broker/deny.ts';
import { type OAuthErrorCode, oauthErrorOf } from './oauth-error.ts';

/** RFC 6749, section 5.2. Some description may quote nothing but our own words: it is kept to the characters that the RFC allows. */
export function sendOAuthError(reply: FastifyReply, status: number, error: OAuthErrorCode, description: string, extra: { readonly decision?: string } = {}): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Bearer error="invalid_client"');
  return reply.code(status).send({ error, error_description: description.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '\''), ...extra });
}

/** A denial, as narrow as the table makes it, with the decision under which a person finds all of it. */
export function sendDenied(reply: FastifyReply, { reason, detail, decision, retryAfterSeconds }: Denied): FastifyReply {
  const { status, error, description } = oauthErrorOf(reason);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return sendOAuthError(reply, status, error, `${description ?? detail} (${decision})`, { decision });
}

/** RFC 9457. */
export function sendProblem(reply: FastifyReply, status: number, title: string, detail: string, extra: Readonly<Record<string, unknown>> = {}): FastifyReply {
  return reply.code(status).type('application/problem+json').send({ type: 'about:blank', title, status, detail, ...extra });
}

const REFUSED_STATUS = { forbidden: [403, 'Forbidden'], not_found: [404, 'Not Found'], invalid: [400, 'Bad Request'], conflict: [409, 'Conflict'] } as const satisfies Record<Refused['reason'], readonly [number, string]>;

export function sendRefused(reply: FastifyReply, { reason, detail, nearest }: Refused): FastifyReply {
  const [status, title] = REFUSED_STATUS[reason];
  return sendProblem(reply, status, title, detail, nearest === undefined ? {} : { nearest });
}
