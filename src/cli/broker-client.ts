/** The command line as a client of the broker: proves who is calling, and calls the API. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { SignJWT } from 'jose';
import type { KeyPair } from '../adapters/data-folder/key-file.ts';
import { type Config, loadConfig } from '../config.ts';
import { OPERATOR_ID } from '../core/names.ts';
import { isLoopbackHost } from '../core/resource.ts';
import { CLIENT_ASSERTION_TYPE } from '../identity/key-assertion.ts';
import { placesFor, readKey } from './key-places.ts';
import { CliProblem, EXIT } from './terminal.ts';

const TIMEOUT_MS = 15_000;

/** Options of every command that talks to a broker. */
export interface ClientOptions {
  readonly as?: string;
  readonly url?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds the options of a command that talks to a broker. */
export const withClientOptions = (command: Command): Command =>
  command
    .option('--as <id>', 'who is calling (default: HALLPASS_CLIENT_ID, else this machine\'s operator)')
    .option('--url <url>', 'the broker (default: HALLPASS_URL, else the one that hallpass.yaml describes)')
    .option('--config <file>', 'hallpass.yaml to read (default: the one here, if there is one)')
    .option('--json', 'print JSON');

/** Reads the configuration or ends the command. */
export function configFor({ config: file }: { readonly config?: string }): Config {
  const loaded = loadConfig({ cwd: process.cwd(), env: process.env, ...(file === undefined ? {} : { file }) });
  if (!loaded.ok) throw new CliProblem('the configuration is not good: correct it and try again', { lines: loaded.problems });
  return loaded.config;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the broker is of the same version, and each command reads what it documents
  readonly body: any;
}

/** A client of one broker under one name. */
export class BrokerClient {
  readonly id: string;
  /** Where the broker is reached. */
  readonly url: string;
  /** Its issuer: what assertions and signatures are made out to. */
  readonly issuer: string;
  readonly #key: KeyPair;
  #apiToken: string | undefined;

  private constructor(id: string, { url, issuer }: { readonly url: string; readonly issuer: string }, key: KeyPair) {
    this.id = id;
    this.url = url;
    this.issuer = issuer;
    this.#key = key;
  }

  /** Finds the broker and the caller's key from options, environment and configuration, in that order. */
  static async open(options: ClientOptions): Promise<BrokerClient> {
    const config = configFor(options);
    const { HALLPASS_CLIENT_ID, HALLPASS_KEY_FILE, HALLPASS_URL } = process.env;
    const id = options.as ?? (HALLPASS_CLIENT_ID || OPERATOR_ID);
    const isFromEnvironment = HALLPASS_KEY_FILE !== undefined && HALLPASS_KEY_FILE !== '' && id === HALLPASS_CLIENT_ID;
    const key = await readKey(id, isFromEnvironment ? [HALLPASS_KEY_FILE] : placesFor(id, config.data));
    return new BrokerClient(id, brokerOf(config, options.url ?? (HALLPASS_URL || undefined)), key);
  }

  /** Asks `/token`; expected refusals come back as answers. */
  async requestToken(parameters: Readonly<Record<string, string>>): Promise<Answer> {
    const now = Math.floor(Date.now() / 1000);
    const assertion = await this.sign({ iss: this.id, sub: this.id, aud: this.issuer, iat: now, exp: now + 60, jti: randomUUID() });
    return this.#fetch('/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion, ...parameters }).toString(),
    });
  }

  /** A JWS by the caller's key. */
  sign(claims: Readonly<Record<string, unknown>>, typ?: string): Promise<string> {
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: this.#key.kid, ...(typ === undefined ? {} : { typ }) }).sign(this.#key.privateKey);
  }

  /** Calls the API and gives the body; ends the command when the broker says no. */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
    let answer = await this.#callOnce(method, path, body);
    // A token for the API lives for minutes; what follows the ledger runs for hours.
    if (answer.status === 401) {
      this.#apiToken = undefined;
      answer = await this.#callOnce(method, path, body);
    }
    if (answer.status >= 400) {
      const { title, detail, nearest = [] } = answer.body as { readonly title?: string; readonly detail?: string; readonly nearest?: readonly string[] };
      throw new CliProblem(`${detail ?? title ?? `the broker answered ${answer.status}`}`, { lines: nearest.length === 0 ? [] : [`Did you mean ${nearest.join(', or ')}?`] });
    }
    return answer;
  }

  async #callOnce(method: string, path: string, body: object | undefined): Promise<Answer> {
    this.#apiToken ??= await this.#getApiToken();
    return this.#fetch(path, {
      method,
      headers: { authorization: `Bearer ${this.#apiToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #getApiToken(): Promise<string> {
    const { status, body } = await this.requestToken({ resource: this.issuer });
    if (status === 200) return body.access_token as string;
    throw new CliProblem(`the broker did not accept ${this.id}: ${body?.error_description ?? `status ${status}`}`);
  }

  async #fetch(path: string, init: RequestInit): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      const isLate = (error as Error).name === 'TimeoutError';
      throw new CliProblem(
        isLate
          ? `the broker at ${this.url} did not answer within ${TIMEOUT_MS / 1000} s: what was asked may or may not have been done; look with \`hallpass status\``
          : `no broker answers at ${this.url}: start one (hallpass serve), or say where it is (--url, or HALLPASS_URL)`,
      );
    }
    const text = await response.text();
    try {
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch {
      throw new CliProblem(`what answers at ${this.url} is no Hallpass broker (status ${response.status}): correct the URL`);
    }
  }
}

function brokerOf({ issuer, listen }: Config, given: string | undefined): { readonly url: string; readonly issuer: string } {
  if (given === undefined) {
    const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[listen.host] ?? (listen.host.includes(':') ? `[${listen.host}]` : listen.host);
    return { url: `http://${host}:${listen.port}`, issuer };
  }
  const url = URL.parse(given);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)))) {
    throw new CliProblem(`${given} is not a broker's URL: it is https (http on this machine only), such as https://hallpass.example.com`, { exitCode: EXIT.usage });
  }
  return { url: url.origin, issuer: url.origin };
}
