/** Asks the broker about tokens (RFC 7662). Each look-up is one request: what is void there is void here at the next call. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ServerIdentity } from './settings.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const TIMEOUT_MS = 5_000;
/** A token for the broker is renewed so long before it ends. */
const RENEW_BEFORE_MS = 30_000;

/** The broker cannot be asked, so nothing is let in. */
export class BrokerUnavailableError extends Error {
  override readonly name = 'BrokerUnavailableError';
}

/** What the broker says of a token that is good for this server. */
export interface ActiveToken {
  readonly active: true;
  readonly scope: string;
  readonly client_id: string;
  /** Who started it: a person whose token proved it, else the agent. */
  readonly sub: string;
  readonly aud: string;
  /** Seconds since the Unix epoch. */
  readonly exp: number;
  readonly jti: string;
  readonly agent: string;
  readonly sid: string;
  readonly grant: string;
  readonly act?: object;
  readonly authorization_details?: readonly object[];
}

export interface InactiveToken {
  readonly active: false;
  /** A stop voided it: asking for another token will not help. */
  readonly stopped?: true;
}

export class Broker {
  readonly #server: ServerIdentity;
  readonly #clock: () => number;
  /** One request for all who wait. */
  #access: Promise<{ readonly token: string; readonly renewAtMs: number }> | undefined;

  /** `clock`: milliseconds since the Unix epoch. */
  constructor(server: ServerIdentity, clock: () => number = Date.now) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Whether a token is good for this server now. Throws `BrokerUnavailableError` when nobody can say. */
  async introspect(token: string): Promise<ActiveToken | InactiveToken> {
    let response = await this.#introspect(token, await this.#accessToken());
    if (response.status === 401) {
      // The broker rotated its keys, or was set up anew: prove this server once more.
      this.#access = undefined;
      response = await this.#introspect(token, await this.#accessToken());
    }
    if (response.status !== 200) throw new BrokerUnavailableError(`the broker answered a look-up with ${response.status}`);
    return parseIntrospection(await response.json());
  }

  #introspect(token: string, accessToken: string): Promise<Response> {
    return this.#post('/introspect', { token }, { authorization: `Bearer ${accessToken}` });
  }

  async #accessToken(): Promise<string> {
    const known = await this.#access?.catch(() => undefined);
    if (known !== undefined && this.#clock() < known.renewAtMs) return known.token;
    this.#access = this.#getAccessToken();
    return (await this.#access).token;
  }

  async #getAccessToken(): Promise<{ readonly token: string; readonly renewAtMs: number }> {
    const { issuer, clientId, kid, key } = this.#server;
    const now = Math.floor(this.#clock() / 1000);
    const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 60, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', ...(kid === '' ? {} : { kid }) })
      .sign(await key());
    const response = await this.#post('/token', { grant_type: 'client_credentials', resource: issuer, client_assertion_type: JWT_BEARER, client_assertion: assertion });
    const body = (await response.json().catch(() => ({}))) as { readonly access_token?: unknown; readonly expires_in?: unknown; readonly error_description?: unknown };
    if (response.status !== 200 || typeof body.access_token !== 'string' || typeof body.expires_in !== 'number') {
      throw new BrokerUnavailableError(`the broker did not accept ${clientId}: ${typeof body.error_description === 'string' ? body.error_description : `status ${response.status}`}`);
    }
    return { token: body.access_token, renewAtMs: this.#clock() + body.expires_in * 1000 - RENEW_BEFORE_MS };
  }

  async #post(path: string, parameters: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    try {
      return await fetch(`${this.#server.issuer}${path}`, { method: 'POST', headers, body: new URLSearchParams(parameters), redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch {
      throw new BrokerUnavailableError(`no broker answers at ${this.#server.issuer}`);
    }
  }
}

/** Anything but a well-formed yes is a no. */
function parseIntrospection(body: unknown): ActiveToken | InactiveToken {
  const answer = (typeof body === 'object' && body !== null ? body : {}) as Partial<Record<keyof ActiveToken | 'stopped', unknown>>;
  const strings = [answer.scope, answer.client_id, answer.sub, answer.aud, answer.jti, answer.agent, answer.sid, answer.grant];
  if (answer.active === true && typeof answer.exp === 'number' && strings.every((value) => typeof value === 'string')) return answer as ActiveToken;
  return { active: false, ...(answer.stopped === true ? { stopped: true } : {}) };
}
