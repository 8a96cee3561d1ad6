/** The resource server's half: lets a call in when the broker says that its token is good for it, and says how to get one when not. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ActiveToken, Broker, BrokerUnavailableError } from './broker.ts';
import { forbidden, insufficientScope, metadataPathOf, type Refusal, type ResourceMetadata, unauthorized, unavailable } from './challenge.ts';
import { neededActions } from './mcp-call.ts';
import { type GuardSettings, serverIdentity } from './settings.ts';

export interface GuardOptions extends GuardSettings {
  /** The URL of this MCP server, exactly as in the grant files. */
  readonly resource: string;
  /** Which action each MCP tool is: `{get_order: 'orders.read'}`. A tool that is not here is refused. */
  readonly actions: Readonly<Record<string, string>>;
}

/** Who is calling: what both official SDKs call `AuthInfo`. */
export interface AuthInfo {
  readonly token: string;
  readonly clientId: string;
  readonly scopes: string[];
  /** Seconds since the Unix epoch. */
  readonly expiresAt: number;
  readonly resource: URL;
  readonly extra: {
    readonly agent: string;
    /** The person who started it, if that person's token proved it; else the agent. */
    readonly requester: string;
    readonly session: string;
    readonly grant: string;
    readonly tokenId: string;
    readonly authorizationDetails: readonly object[];
  };
}

export type GuardDecision = { readonly ok: true; readonly auth: AuthInfo } | Refusal;

/** A request as express, connect and node:http hand it over; `body` is what a JSON parser made of it. A call that is let in has `auth`, an `AuthInfo`. */
export type GuardedRequest = IncomingMessage & { readonly body?: unknown };

export interface Guard {
  /** What is served at `metadataPath` (RFC 9728). */
  readonly metadata: ResourceMetadata;
  readonly metadataPath: string;
  readonly metadataUrl: string;
  /** Decides over one call. `body`: the parsed JSON-RPC message; none means that no MCP tool is called. */
  check(authorization: string | undefined, body?: unknown): Promise<GuardDecision>;
  /** For express, after a JSON parser: serves the metadata, lets good calls in with `req.auth` set, answers all others. */
  middleware(): (request: GuardedRequest, response: ServerResponse, next: (error?: unknown) => void) => void;
  /** For fetch handlers: who is calling, or the answer to send. The metadata's URL is answered too. */
  checkRequest(request: Request): Promise<AuthInfo | Response>;
  /**
   * For `requireBearerAuth` of the official SDKs, which answers by the class of the error that it gets: give the SDK's own.
   * v1: `(text) => new InvalidTokenError(text)`; v2: `(text) => new OAuthError(OAuthErrorCode.InvalidToken, text)`.
   */
  tokenVerifier(invalidToken: (text: string) => Error): { verifyAccessToken(token: string): Promise<AuthInfo> };
}

/** What the official SDKs read at most. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Makes a guard for one MCP server. Throws `GuardSettingsError` when it does not know enough to guard anything. */
export function createGuard(options: GuardOptions): Guard {
  const server = serverIdentity(options);
  const broker = new Broker(server);
  const resource = new URL(options.resource);
  const actions = new Map(Object.entries(options.actions));
  const metadataPath = metadataPathOf(resource);
  const metadataUrl = new URL(metadataPath, resource).href;
  const metadata: ResourceMetadata = { resource: options.resource, authorization_servers: [server.issuer], bearer_methods_supported: ['header'] };

  const check: Guard['check'] = async (authorization, body) => {
    const needed = neededActions(body, actions);
    const wanted = needed.kind === 'known' ? needed.actions : [];
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return unauthorized(metadataUrl, wanted);
    try {
      const found = await broker.introspect(token);
      // A stopped call is no 401: a client would only go and ask for a token that it cannot get.
      if (!found.active) return found.stopped === true ? forbidden('stopped') : unauthorized(metadataUrl, wanted, 'invalid_token');
      if (needed.kind === 'unlisted') return forbidden('no action covers this tool');
      const auth = authInfoOf(token, found);
      return wanted.every((action) => auth.scopes.includes(action)) ? { ok: true, auth } : insufficientScope(metadataUrl, wanted);
    } catch (error) {
      if (error instanceof BrokerUnavailableError) return unavailable();
      throw error;
    }
  };

  return {
    metadata, metadataPath, metadataUrl, check,
    middleware: () => (request, response, next) => {
      if (request.url?.split('?', 1)[0] === metadataPath && request.method === 'GET') return send(response, 200, {}, metadata);
      if (request.method === 'POST' && request.body === undefined) return next(new Error('the guard sees no body: put a JSON parser before it (app.use(express.json()))'));
      check(request.headers.authorization, request.body).then((decision) => {
        if (!decision.ok) return send(response, decision.status, decision.headers, decision.body);
        Object.assign(request, { auth: decision.auth });
        next();
      }).catch(next);
    },
    checkRequest: async (request) => {
      if (request.method === 'GET' && new URL(request.url).pathname === metadataPath) return Response.json(metadata);
      const authorization = request.headers.get('authorization') ?? undefined;
      // Nobody's body is read for nothing: whoever shows no token hears first that one is needed.
      const text = authorization === undefined ? '' : await readBody(request);
      if (text === undefined) return Response.json({ error: 'invalid_request', error_description: 'the body is too large' }, { status: 413 });
      const decision = await check(authorization, jsonOf(text));
      return decision.ok ? decision.auth : Response.json(decision.body, { status: decision.status, headers: { ...decision.headers } });
    },
    tokenVerifier: (invalidToken) => ({
      verifyAccessToken: async (token) => {
        const found = await broker.introspect(token);
        if (!found.active) throw invalidToken(found.stopped === true ? 'stopped' : 'the token is not good here, or not any more');
        return authInfoOf(token, found);
      },
    }),
  };
}

const authInfoOf = (token: string, found: ActiveToken): AuthInfo => ({
  token, clientId: found.client_id, scopes: found.scope.split(' '), expiresAt: found.exp, resource: new URL(found.aud),
  extra: { agent: found.agent, requester: found.sub, session: found.sid, grant: found.grant, tokenId: found.jti, authorizationDetails: found.authorization_details ?? [] },
});

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

/** The body as text, with the request left readable for whoever comes next; undefined when it is too large. */
async function readBody(request: Request): Promise<string | undefined> {
  const reader = request.clone().body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    bytes += next.value.length;
    if (bytes > MAX_BODY_BYTES) {
      // Of the two halves of a body that was split, cancelling one waits for the other.
      await Promise.all([reader?.cancel(), request.body?.cancel()]);
      return undefined;
    }
    chunks.push(next.value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What cannot be read is no call that any action covers; the MCP server answers it as the protocol says. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
