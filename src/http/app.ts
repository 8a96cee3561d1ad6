/** The HTTP application: doors, parsers, routes, and one place for what goes wrong. It listens nowhere by itself. */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { BrokerContext } from '../broker/context.ts';
import { deny } from '../broker/deny.ts';
import { StoreUnavailableError } from '../store/port.ts';
import { type Doors, doorProblem } from './doors.ts';
import { MAX_FORM_BYTES, parseForm } from './form.ts';
import { sendOAuthError, sendProblem } from './reply.ts';
import { discoveryRoutes } from './routes/discovery.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { policyRoutes } from './routes/policy.ts';
import { stopRoutes } from './routes/stops.ts';
import { watchRoutes } from './routes/watch.ts';
import { refuseUnreadable } from './unreadable.ts';

const REQUEST_MS = 10_000;
const IDLE_MS = 65_000;
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'] as const;

/** Builds the application over a broker. `doors` is asked at each request, for the port may be known only after listening. */
export function createApp(context: BrokerContext, doors: () => Doors): FastifyInstance {
  const app = fastify({
    logger: false, bodyLimit: MAX_FORM_BYTES, requestTimeout: REQUEST_MS, connectionTimeout: IDLE_MS, keepAliveTimeout: IDLE_MS,
    routerOptions: { maxParamLength: 128 }, forceCloseConnections: 'idle', return503OnClosing: false, genReqId: () => randomUUID(),
    clientErrorHandler: (error, socket) => refuseUnreadable(context, error, socket),
    // No hook sees a path that cannot be decoded, and fastify's own answer would repeat it.
    frameworkErrors: (_error, _request, reply) => sendProblem(reply.headers(HEADERS), 400, 'Bad Request', 'the path is malformed'),
  });
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS);
    const problem = doorProblem(doors(), request);
    if (problem === undefined) return done();
    countRefused(context, request.routeOptions.url, problem.detail).then(() => sendProblem(reply, problem.status, problem.title, problem.detail), done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    // The pattern of the route, never the URL: somebody may have put a secret there.
    const { method, routeOptions: { url: route = 'none' } } = request;
    context.meter.answered({ method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
    const fields = { id: request.id, method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (reply.statusCode >= 500) context.log.error(fields, 'answered');
    else if (reply.statusCode >= 400) context.log.info(fields, 'answered');
    else context.log.debug(fields, 'answered');
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(context, error, request, reply));
  app.setNotFoundHandler((request, reply) => answerUnknown(app, context, request, reply));

  // Each door takes one kind of body: a form is never read out of JSON, nor the reverse.
  app.register((oauth, _options, done) => {
    oauth.removeAllContentTypeParsers();
    oauth.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, parseForm(body as string)));
    oauthRoutes(oauth, context);
    done();
  });
  discoveryRoutes(app, context);
  stopRoutes(app, context);
  watchRoutes(app, context);
  policyRoutes(app, context);
  return app;
}

const isOAuth = (request: FastifyRequest): boolean => ['/token', '/introspect', '/revoke'].includes(request.routeOptions.url ?? '');

/** Requests for tokens that never reach the use case are denials too; they are counted, ten seconds to an entry. */
async function countRefused(context: BrokerContext, url: string | undefined, detail: string): Promise<void> {
  if (url === '/token') await deny(context, {}, [{ reason: 'malformed_request', detail }], { nowMs: context.clock() });
}

async function answerError(context: BrokerContext, error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (error instanceof StoreUnavailableError) {
    context.log.error({ err: error, id: request.id }, 'the store could not answer');
    reply.header('retry-after', '1');
    return isOAuth(request)
      ? sendOAuthError(reply, 503, 'temporarily_unavailable', 'nothing was issued or changed: try again')
      : sendProblem(reply, 503, 'Service Unavailable', 'the store cannot answer now: nothing was changed, try again');
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) {
    context.log.error({ err: error, id: request.id }, 'a request failed');
    return isOAuth(request)
      ? sendOAuthError(reply, 500, 'server_error', `nothing was issued; the log has the reason under ${request.id}`)
      : sendProblem(reply, 500, 'Internal Server Error', 'the log has the reason', { request_id: request.id });
  }
  // fastify's own words may quote the request, so they are not passed on.
  const detail = REQUEST_PROBLEMS[error.code] ?? 'the request is malformed';
  await countRefused(context, request.routeOptions.url, detail);
  return isOAuth(request) ? sendOAuthError(reply, status === 413 ? 413 : 400, 'invalid_request', detail) : sendProblem(reply, status, 'Bad Request', detail);
}

const REQUEST_PROBLEMS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'wrong content type: OAuth endpoints take application/x-www-form-urlencoded, /v1 takes application/json',
  FST_ERR_CTP_BODY_TOO_LARGE: `the body is larger than ${MAX_FORM_BYTES / 1024} KiB`,
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is no JSON',
};

/** A path that exists for another method is said to be one (RFC 9110, section 15.5.6). */
async function answerUnknown(app: FastifyInstance, context: BrokerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const url = request.url.split('?', 1)[0] ?? '';
  const allowed = METHODS.filter((method) => app.hasRoute({ url, method }));
  if (allowed.length === 0) return sendProblem(reply, 404, 'Not Found', 'there is nothing here');
  const detail = `use ${allowed.join(' or ')}`;
  await countRefused(context, url, detail);
  reply.header('allow', allowed.join(', '));
  return sendProblem(reply, 405, 'Method Not Allowed', detail);
}
