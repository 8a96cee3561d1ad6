/** A real broker on a free port for one test, with the example grants in a folder of its own. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { randomUUID } from 'node:crypto';
import { decodeJwt, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { freePort } from '../../demo/free-port.ts';
import type { Config } from '../../src/config.ts';
import type { Log } from '../../src/core/log.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { type RunningBroker, startBroker } from '../../src/main.ts';
import type { ToolTokenClaims } from '../../src/tokens/claims.ts';

const EXAMPLE = new URL('../../grants', import.meta.url).pathname;
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer is what it asserts
  readonly body: any;
}

export interface BrokerOptions {
  readonly config?: Partial<Config>;
  /** Changes the copy of the example grants before the start. */
  readonly grants?: (folder: string) => void;
  readonly log?: Log;
}

const nothing = (): void => undefined;
export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Replaces what stands in a file of a grants folder; fails when it does not stand there. */
export function edit(folder: string, file: string, from: string | RegExp, to: string): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const edited = text.replace(from, to);
  assert.notEqual(edited, text, `${file} holds no ${from}`);
  writeFileSync(path, edited);
}

/** What a person of the example needs for a key of their own: its file is made at the start. */
export const withKey = (folder: string, person: string): void =>
  edit(folder, 'people.yaml', new RegExp(`(  ${person.replaceAll('.', '\\.')}:\\n(?:    .*\\n)*?)    identity: .*`), `$1    keys: [{file: keys/${person}.jwk}]`);

/** The claims of the access token in an answer, not verified. */
export const claimsOf = ({ body, text }: Answer): ToolTokenClaims => {
  assert.ok(body?.access_token !== undefined, `no token: ${text}`);
  return decodeJwt(body.access_token) as unknown as ToolTokenClaims;
};

/** Starts a broker that ends with the test. */
export async function testBroker(t: TestContext, options: BrokerOptions = {}): Promise<TestBroker> {
  const folder = temporaryFolder(t);
  const grants = join(folder, 'grants');
  cpSync(EXAMPLE, grants, { recursive: true, filter: (path) => !path.endsWith('.jwk') });
  options.grants?.(grants);
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const config: Config = { issuer, listen: { host: '127.0.0.1', port }, grants, data: join(folder, 'data'), identities: [], allowPrivateHosts: [], ...options.config };
  const broker = new TestBroker(config, options.log ?? silent);
  await broker.start();
  t.after(() => broker.close());
  return broker;
}

export class TestBroker {
  readonly config: Config;
  readonly #log: Log;
  #running: RunningBroker | undefined;

  constructor(config: Config, log: Log) {
    this.config = config;
    this.#log = log;
  }

  get issuer(): string {
    return this.config.issuer;
  }

  async start(): Promise<RunningBroker> {
    this.#running = await startBroker({ config: this.config, makeExampleKeys: true, log: this.#log });
    return this.#running;
  }

  async close(): Promise<void> {
    await this.#running?.close();
    this.#running = undefined;
  }

  reload(): ReturnType<RunningBroker['reload']> {
    if (this.#running === undefined) throw new Error('the broker is not running');
    return this.#running.reload();
  }

  /** The private key of somebody in the example, or of the local operator. */
  keyOf(id: string): JWK & { readonly kid: string } {
    const file = id === 'local-operator' ? join(this.config.data, 'operator.jwk') : join(this.config.data, 'example-keys', `${id}.jwk`);
    return JSON.parse(readFileSync(file, 'utf8')) as JWK & { readonly kid: string };
  }

  /** A client assertion as a well-made client sends it; `claims` and `header` replace parts of it. */
  async assertion(id: string, claims: JWTPayload = {}, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const jwk = this.keyOf(id);
    const payload = { iss: id, sub: id, aud: this.issuer, iat: now, exp: now + 60, jti: randomUUID(), ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: jwk.kid, ...header }).sign(await importJWK(jwk, 'ES256'));
  }

  async proof(id: string): Promise<Record<string, string>> {
    return { client_assertion_type: JWT_BEARER, client_assertion: await this.assertion(id) };
  }

  request(method: string, path: string, init: { readonly headers?: Record<string, string>; readonly body?: string } = {}): Promise<Answer> {
    return fetch(`${this.config.issuer}${path}`, { method, redirect: 'manual', ...init }).then(answerOf);
  }

  form(path: string, parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(parameters).toString() });
  }

  /** `client_credentials` as this client. */
  async token(id: string, parameters: Record<string, string>): Promise<Answer> {
    return this.form('/token', { grant_type: 'client_credentials', ...(await this.proof(id)), ...parameters });
  }

  /** Token exchange as this server. */
  async exchange(server: string, parameters: Record<string, string>): Promise<Answer> {
    return this.form('/token', { grant_type: EXCHANGE, ...(await this.proof(server)), ...parameters });
  }

  async introspect(server: string, token: string): Promise<Answer> {
    return this.form('/introspect', { ...(await this.proof(server)), token });
  }

  /** A token for the broker's own API, for more than one call. */
  async apiToken(as: string): Promise<string> {
    const { body, text } = await this.token(as, { resource: this.issuer });
    assert.ok(body?.access_token !== undefined, `no token for the API: ${text}`);
    return body.access_token;
  }

  async api(as: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.apiWith(await this.apiToken(as), method, path, body);
  }

  apiWith(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.request(method, path, {
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** The signature with which a person lifts a stop. */
  async liftSignature(id: string, stop: string, claims: JWTPayload = {}): Promise<string> {
    const jwk = this.keyOf(id);
    return new SignJWT({ iss: id, aud: this.issuer, stop, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: jwk.kid, typ: 'hallpass-lift+jwt' })
      .sign(await importJWK(jwk, 'ES256'));
  }

  async lift(id: string, stop: string): Promise<Answer> {
    return this.api(id, 'DELETE', `/v1/stops/${stop}`, { signature: await this.liftSignature(id, stop) });
  }

  /** Engages a stop as the local operator, or as somebody else, and gives its id. */
  async stop(target: Readonly<Record<string, unknown>>, as = 'local-operator'): Promise<string> {
    const { status, body, text } = await this.api(as, 'POST', '/v1/stops', { target, reason: 'INC-7' });
    assert.equal(status, 201, text);
    return body.id;
  }

  /** Sends bytes as they are, and gives all that comes back until the broker closes; `end` closes this side after them. */
  raw(bytes: string, { end = false }: { readonly end?: boolean } = {}): Promise<string> {
    const { host, port } = this.config.listen;
    return new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(port, host, () => (end ? socket.end(bytes) : socket.write(bytes)));
      socket.setEncoding('utf8');
      socket.on('data', (chunk) => (text += chunk)).on('error', reject).on('close', () => resolve(text));
    });
  }

  async ledger(query = ''): Promise<readonly LedgerEntry[]> {
    const { body } = await this.api('local-operator', 'GET', `/v1/ledger?limit=200${query}`);
    return (body.entries as { readonly entry: LedgerEntry }[]).map(({ entry }) => entry);
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined };
}
