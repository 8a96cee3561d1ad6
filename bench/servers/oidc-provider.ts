/**
 * The peer: node-oidc-provider with what `/token` needs and nothing more. `client_credentials` by `private_key_jwt`, signed
 * access tokens (ES256), its own in-memory adapter. Arguments: port, the client's public key, the provider's private key.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { AGENT, RESOURCE, SCOPE } from '../lib/world.ts';

const [port = '', clientKey = '', providerKey = ''] = process.argv.slice(2);

// It comes without types.
const { Provider } = (await import('oidc-provider' as string)) as { readonly Provider: new (issuer: string, configuration: object) => { callback(): RequestListener } };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: AGENT, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', id_token_signed_response_alg: 'ES256',
      grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: SCOPE, jwks: { keys: [JSON.parse(clientKey)] },
    },
  ],
  jwks: { keys: [JSON.parse(providerKey)] },
  clientAuthMethods: ['private_key_jwt'],
  scopes: [SCOPE],
  ttl: { ClientCredentials: 300 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: SCOPE, audience: RESOURCE, accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});
const server = createServer(provider.callback()).listen(Number(port), '127.0.0.1');
await once(server, 'listening');
process.on('SIGTERM', () => process.exit());
console.log('listening');
