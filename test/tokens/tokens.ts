/** Keys, claims and hand-made tokens for the tests of what a token must be. */
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type { ToolTokenClaims } from '../../src/tokens/claims.ts';
import type { SigningKeys } from '../../src/tokens/signer.ts';

export const ISSUER = 'https://broker.example.com';
export const NOW = Date.parse('2027-01-15T13:00:00Z');
const IAT = NOW / 1000;

export const claims: ToolTokenClaims = {
  iss: ISSUER, sub: 'support-agent', aud: 'https://staging.mcp.example.com/orders', client_id: 'orders-mcp-staging', scope: 'orders.read',
  iat: IAT, exp: IAT + 300, jti: 'tok_AAAAAAAAAAAAAAAAAAAAAA', act: { sub: 'orders-mcp-staging' }, sid: 'ses_AAAAAAAAAAAAAAAAAAAAAA', grant: 'support-orders',
  agent: 'support-agent', server: 'orders-mcp-staging', ord: 7, lineage: [], approver: 'dana@example.com',
  authorization_details: [{ type: 'tool_access', tool: 'orders', env: 'staging', limits: { records: 1, calls: '60/min' }, records: ['order/17'] }],
};

export async function newKeys(...kids: readonly [string, ...string[]]): Promise<SigningKeys> {
  const pairs = await Promise.all(kids.map(async (kid) => ({ kid, ...(await generateKeyPair('ES256', { extractable: true })) })));
  const [first] = pairs;
  if (first === undefined) throw new Error('no key');
  return {
    current: { kid: first.kid, privateKey: first.privateKey },
    verify: new Map(pairs.map(({ kid, publicKey }) => [kid, publicKey])),
    publicJwks: await Promise.all(pairs.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }))),
  };
}

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header at all, signed with ES256 by a key of Node's own. */
export function forge(header: Record<string, unknown>, payload: unknown, key: KeyObject): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A token whose MAC is keyed with something public, as algorithm confusion does. */
export function forgeMac(header: Record<string, unknown>, payload: unknown, secret: string): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The ways in which a public key could be taken for a secret. */
export function secretsOf(keys: SigningKeys): readonly string[] {
  const [jwk] = keys.publicJwks;
  if (jwk === undefined) throw new Error('no key');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return [key.export({ type: 'spki', format: 'pem' }).toString(), key.export({ type: 'spki', format: 'der' }).toString('latin1'), JSON.stringify(jwk), jwk.x ?? '', ''];
}
