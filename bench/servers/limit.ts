/**
 * The limit: a bare fastify route that does what no broker can leave out, and nothing else. It checks the client's assertion
 * and, unless there is none or it saw it before, the subject_token; signs one token through jose; and answers when one row is
 * on the disk. Arguments: port, file, the client's public key, the identity provider's public key.
 */
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { type CryptoKey, importJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { newKey } from '../lib/sign.ts';
import { AGENT, RESOURCE, SCOPE } from '../lib/world.ts';
import { BareGroupCommit } from './bare-group-commit.ts';

const [port = '', file = '', clientKey = '', identityKey = ''] = process.argv.slice(2);
const [assertionKey, subjectKey] = await Promise.all([clientKey, identityKey].map((text) => importJWK(JSON.parse(text), 'ES256')));
const signingKey = await importJWK(newKey('limit').privateJwk, 'ES256');
if (assertionKey === undefined || subjectKey === undefined) throw new Error('two keys are needed');
const rows = new BareGroupCommit(file);
const issuer = `http://127.0.0.1:${port}`;
const known = new Map<string, JWTPayload>();

const app = fastify();
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, new URLSearchParams(body as string)));
app.post<{ Body: URLSearchParams }>('/token', async ({ body: form }) => {
  const { payload: { sub: client = '' } } = await jwtVerify(form.get('client_assertion') ?? '', assertionKey, { algorithms: ['ES256'], audience: issuer });
  const subjectToken = form.get('subject_token');
  const { sub = '' } = subjectToken === null ? { sub: client } : await identify(subjectToken);
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer, sub, aud: RESOURCE, client_id: client, scope: SCOPE, iat, exp: iat + 300, jti: randomUUID(), act: { sub: client }, sid: randomUUID(),
    grant: 'support-orders', agent: AGENT, server: client, ord: 0, lineage: [], approver: 'dana@example.com',
    authorization_details: [{ type: 'tool_access', tool: 'orders', env: 'staging', limits: { records: 1, calls: '1000000/min' } }],
  };
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'limit' }).sign(signingKey);
  await rows.add(JSON.stringify(claims));
  return { access_token: token, token_type: 'Bearer', expires_in: 300, scope: SCOPE };
});

async function identify(token: string): Promise<JWTPayload> {
  const found = known.get(token);
  if (found !== undefined) return found;
  const { payload } = await jwtVerify(token, subjectKey as CryptoKey, { algorithms: ['ES256'], audience: issuer });
  if (known.size >= 20_000) known.clear();
  known.set(token, payload);
  return payload;
}

await app.listen({ host: '127.0.0.1', port: Number(port) });
process.on('SIGTERM', () => process.exit());
console.log('listening');
