/** What a guard has to know: where the broker is, and who its server is. All of it comes with the server's key. */
import { readFileSync } from 'node:fs';
import { type CryptoKey, importJWK, type JWK } from 'jose';

export interface GuardSettings {
  /** The broker's URL, which is its issuer. Default: `HALLPASS_URL`. */
  readonly url?: string;
  /** The id of this MCP server in the grant files. Default: `HALLPASS_CLIENT_ID`. */
  readonly clientId?: string;
  /** The file with its private key. Default: `HALLPASS_KEY_FILE`. */
  readonly keyFile?: string;
}

export interface ServerIdentity {
  /** The broker's origin, without a slash at its end. */
  readonly issuer: string;
  readonly clientId: string;
  readonly kid: string;
  readonly key: () => Promise<CryptoKey>;
}

/** Settings that are missing or wrong: a guard without them would let everything in, so there is none. */
export class GuardSettingsError extends Error {
  override readonly name = 'GuardSettingsError';
}

/** Reads settings and environment once, at the start, so that a mistake shows before the first call. */
export function serverIdentity(settings: GuardSettings, env: NodeJS.ProcessEnv = process.env): ServerIdentity {
  const url = needed(settings.url ?? env.HALLPASS_URL, 'HALLPASS_URL', 'the broker\'s URL');
  if (!isSafe(url)) throw new GuardSettingsError('HALLPASS_URL must be an https URL (http on this machine only), such as https://hallpass.example.com');
  const clientId = needed(settings.clientId ?? env.HALLPASS_CLIENT_ID, 'HALLPASS_CLIENT_ID', 'the id of this MCP server in the grant files');
  const keyFile = needed(settings.keyFile ?? env.HALLPASS_KEY_FILE, 'HALLPASS_KEY_FILE', 'the file with its private key, as `hallpass keys new server` printed it');
  const jwk = readJwk(keyFile);
  let key: Promise<CryptoKey> | undefined;
  return {
    issuer: new URL(url).origin, clientId, kid: jwk.kid ?? '',
    key: () => {
      key ??= importJWK(jwk, 'ES256') as Promise<CryptoKey>;
      return key;
    },
  };
}

/** Tokens go to the broker: never in the clear, unless they do not leave the machine. */
function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname));
}

function needed(value: string | undefined, variable: string, what: string): string {
  if (value === undefined || value === '') throw new GuardSettingsError(`${variable} is not set: ${what}`);
  return value;
}

/** No message repeats anything of the file. */
function readJwk(file: string): JWK {
  let jwk: JWK | undefined;
  try {
    jwk = JSON.parse(readFileSync(file, 'utf8')) as JWK;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new GuardSettingsError(`${file} cannot be read as a key${code === undefined ? '' : ` (${code})`}: set HALLPASS_KEY_FILE to what \`hallpass keys new server\` printed`);
  }
  if (jwk?.kty !== 'EC' || typeof jwk.d !== 'string') throw new GuardSettingsError(`${file} holds no private key: set HALLPASS_KEY_FILE to what \`hallpass keys new server\` printed`);
  return jwk;
}
