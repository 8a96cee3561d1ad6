/** What clients find by themselves: metadata (RFC 8414), keys (RFC 7517), whether the broker is up, and what it counted. */
import type { FastifyInstance } from 'fastify';
import type { BrokerContext } from '../../broker/context.ts';
import { ALLOWED_ALGORITHMS } from '../../identity/jwt-rules.ts';
import { TOKEN_EXCHANGE } from '../token-form.ts';

/** How long clients may keep the key set: shorter than the time that an old key is kept after a rotation. */
const JWKS_MAX_AGE_SECONDS = 300;

export function discoveryRoutes(app: FastifyInstance, context: BrokerContext): void {
  const metadata = metadataOf(context.issuer);
  app.get('/.well-known/oauth-authorization-server', (_request, reply) => reply.header('cache-control', 'public, max-age=3600').send(metadata));

  app.get('/.well-known/jwks.json', (_request, reply) =>
    reply.header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`).type('application/jwk-set+json').send({ keys: context.keyRing.current().publicJwks }),
  );

  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await context.meter.render();
    return reply.type(contentType).send(text);
  });

  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));

  // A broken grants folder is told but does not take the broker out of service: the last good policy is in force.
  app.get('/readyz', async (_request, reply) => {
    const problem = await context.store.problem();
    const problems = [
      ...(problem === undefined ? [] : ['the store cannot answer']),
      ...(context.policyState().broken === undefined ? [] : ['the grants folder is broken: the last good policy is in force']),
    ];
    return reply.code(problem === undefined ? 200 : 503).send({ status: problem === undefined ? 'ready' : 'not ready', problems });
  });
}

/** RFC 8414. The official MCP SDKs refuse metadata without `authorization_endpoint` and `response_types_supported`; an empty list says that there is no code flow. */
const metadataOf = (issuer: string) => {
  const clientAuth = { methods: ['private_key_jwt'], algorithms: ALLOWED_ALGORITHMS };
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    authorization_endpoint: `${issuer}/authorize`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: ['client_credentials', TOKEN_EXCHANGE],
    token_endpoint_auth_methods_supported: clientAuth.methods,
    token_endpoint_auth_signing_alg_values_supported: clientAuth.algorithms,
    introspection_endpoint_auth_methods_supported: clientAuth.methods,
    introspection_endpoint_auth_signing_alg_values_supported: clientAuth.algorithms,
    revocation_endpoint_auth_methods_supported: clientAuth.methods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAuth.algorithms,
    authorization_details_types_supported: ['tool_call'],
  };
};
