/** A real OpenID provider on a free port: machines are clients of it, with a secret, and get access tokens made out to the broker. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Provider } from 'oidc-provider';

export interface OidcIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The identity token of a machine, made out to `audience`. */
  identity(clientId: string, audience: string): Promise<string>;
  /** From now on it signs with another key, and publishes both. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it; `clients` are the machines that it knows. */
export async function startOidcIssuer(clients: readonly string[]): Promise<OidcIssuer> {
  const secret = randomBytes(24).toString('base64url');
  const keys: JWK[] = [await newKey()];
  let handler: ReturnType<Provider['callback']> | undefined;
  const server = createServer((request, response) => void handler?.(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const setUp = (): void => {
    handler = new Provider(issuer, {
      adapter: NothingKept, ttl: { ClientCredentials: 600 }, jwks: { keys: keys.map((key) => ({ ...key })) },
      clients: clients.map((client_id) => ({ client_id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' })),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({ scope: '', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'ES256' } } }),
        },
      },
    }).callback();
  };
  setUp();
  return {
    issuer, jwksUri: `${issuer}/jwks`,
    identity: async (clientId, audience) => {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      });
      const body = (await response.json()) as { readonly access_token?: string };
      if (body.access_token === undefined) throw new Error(`the provider answered ${response.status}: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    rotate: async () => {
      keys.unshift(await newKey());
      setUp();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Access tokens that are JWTs are kept nowhere, and nothing else is made here. */
class NothingKept {
  upsert(): Promise<void> {
    return Promise.resolve();
  }

  find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), use: 'sig', alg: 'ES256', kid: randomBytes(8).toString('hex') };
}
