/** Tokens of other issuers: which prove an identity, and every way in which one does not. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { CompactEncrypt, createLocalJWKSet, generateKeyPair, type JWK } from 'jose';
import { type IssuerTokenCheck, verifyIssuerToken } from '../../src/identity/issuer-token.ts';
import { MAX_JWT_LENGTH } from '../../src/identity/jwt-rules.ts';
import { encodePart } from '../tokens/tokens.ts';
import { asSecrets, ecKey, edKey, jwt, mac, rsaKey } from './keys.ts';

const IDP = 'https://idp.example.com';
const BROKER = 'https://broker.example.com';
const NOW = Date.parse('2027-01-15T13:00:00Z');
const SECONDS = NOW / 1000;
const key = ecKey('idp-1');
const claims = { iss: IDP, sub: 'support-agent', aud: BROKER, iat: SECONDS, exp: SECONDS + 600 };
const header = { alg: 'ES256', kid: 'idp-1' };

const check = (token: string, jwks: readonly JWK[] = [key.jwk], nowMs = NOW): Promise<IssuerTokenCheck> =>
  verifyIssuerToken(token, { issuer: IDP, keys: createLocalJWKSet({ keys: [...jwks] }), audience: BROKER, nowMs });
const takes = async (token: string, jwks?: readonly JWK[]): Promise<void> => {
  const result = await check(token, jwks);
  assert.ok(result.ok, result.ok ? '' : result.problem);
};
const refuses = async (token: string, why?: RegExp, jwks?: readonly JWK[]): Promise<void> => {
  const result = await check(token, jwks);
  assert.ok(!result.ok, `this was taken: ${token}`);
  assert.match(result.problem, /^identity token: /);
  if (why !== undefined) assert.match(result.problem, why);
};
const claiming = (changed: Record<string, unknown>): string => jwt(header, { ...claims, ...changed }, key);
const headed = (changed: Record<string, unknown>): string => jwt({ ...header, ...changed }, claims, key, 'ES256');

test('a good token says whom it stands for, and until when', async () => {
  assert.deepEqual(await check(claiming({})), { ok: true, identity: { issuer: IDP, subject: 'support-agent' }, expiresMs: claims.exp * 1000 });
  assert.deepEqual(await check(claiming({ exp: SECONDS + 86_400, iat: SECONDS - 60 })), { ok: true, identity: { issuer: IDP, subject: 'support-agent' }, expiresMs: (SECONDS + 3_540) * 1000 });
  await takes(headed({ typ: 'JWT' }));
  await takes(headed({ typ: 'at+jwt' }));
  await takes(claiming({ 'kubernetes.io': { namespace: 'shop' }, email: 'pat@example.com', nbf: SECONDS }));
});

test('the algorithms that issuers use work', async () => {
  for (const [alg, made] of [['ES256', key], ['ES384', ecKey('k2', 'P-384')], ['EdDSA', edKey('k3')], ['RS256', rsaKey('k4')], ['PS256', rsaKey('k5')]] as const) await takes(jwt({ alg, kid: made.jwk.kid }, claims, made), [made.jwk]);
});

describe('regression 10: `aud` is this broker, exactly, and nothing beside it', () => {
  for (const aud of [BROKER, [BROKER]]) test(`${JSON.stringify(aud)} is taken`, () => takes(claiming({ aud })));
  for (const aud of [
    undefined, null, '', [], [''], [[BROKER]], [BROKER, BROKER], [BROKER, 'https://kubernetes.default.svc'], ['https://kubernetes.default.svc', BROKER], { 0: BROKER }, 1, true, `${BROKER}/`, `${BROKER}/token`, BROKER.toUpperCase(),
    ` ${BROKER}`, `${BROKER}.evil.example.com`, BROKER.slice(0, -1), '*', 'https://kubernetes.default.svc', IDP,
  ]) test(`${JSON.stringify(aud)} is refused`, () => refuses(claiming({ aud }), /aud/));
});

describe('regression 11: algorithm confusion, none, unknown crit and a wrong typ are refused', () => {
  test('none, however it is written', async () => {
    for (const alg of ['none', 'None', 'NONE', '', null, undefined]) {
      await refuses(`${encodePart({ ...header, alg })}.${encodePart(claims)}.`);
      await refuses(headed({ alg }), /alg/);
    }
  });
  test('an HMAC that is keyed with the public key, or with one that the set holds', async () => {
    const rsa = rsaKey('idp-1');
    for (const made of [key, rsa]) {
      for (const secret of asSecrets(made, createPublicKey(made.privateKey))) await refuses(mac({ ...header, alg: 'HS256' }, claims, secret), /alg/, [made.jwk]);
    }
    await refuses(mac({ alg: 'HS256', kid: 'o' }, claims, 'secret'), /alg/, [{ kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'o' }]);
  });
  test('an algorithm that is not on the list, or not that of the key', async () => {
    for (const alg of ['ES384', 'ES512', 'ES256K', 'RS256', 'EdDSA', 'es256', ['ES256'], 1]) await refuses(headed({ alg }));
    await refuses(headed({}), /signature/, [{ ...key.jwk, alg: 'ES384' }]);
    await refuses(headed({}), /signature/, [{ ...key.jwk, use: 'enc' }]);
    await refuses(headed({}), /signature/, [{ ...key.jwk, key_ops: ['sign'] }]);
  });
  test('header members that choose the key or the way to read', async () => {
    const evil = ecKey('evil');
    for (const member of [{ jwk: evil.jwk }, { jku: 'https://evil.example.com' }, { x5u: 'https://evil.example.com' }, { x5c: ['MII'] }, { crit: ['exp'] }, { crit: [] }, { crit: ['b64'], b64: false }, { zip: 'DEF' }, { enc: 'A256GCM' }]) {
      await refuses(headed(member), /its header has /);
      await refuses(jwt({ ...header, kid: 'evil', ...member }, claims, evil), /its header has /);
    }
  });
  test('a typ that says it is something else', async () => {
    for (const typ of ['logout+jwt', 'secevent+jwt', 'client-authentication+jwt', 'hallpass-lift+jwt', 'dpop+jwt', '', 1, null]) await refuses(headed({ typ }), /typ/);
  });
  test('a key that the issuer does not have', async () => {
    await refuses(jwt({ ...header, kid: 'evil' }, claims, ecKey('evil')), /no key of its issuer/);
    await refuses(jwt(header, claims, ecKey('idp-1')), /no key of its issuer/);
    await refuses(claiming({}), /no key of its issuer/, []);
  });
});

describe('regression 23: encrypted tokens and PBES2 input are refused', () => {
  test('a JWE', async () => {
    const { publicKey } = await generateKeyPair('ECDH-ES');
    await refuses(await new CompactEncrypt(Buffer.from(claiming({}))).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' }).encrypt(publicKey), /encrypted/);
  });
  test('PBES2 with a count that would keep us busy', async () => {
    const started = performance.now();
    const pbes2 = encodePart({ alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 2_147_483_647, p2s: 'AAAA', kid: 'idp-1' });
    await refuses(`${pbes2}.AAAA.AAAA.AAAA.AAAA`, /encrypted/);
    await refuses(`${pbes2}.${encodePart(claims)}.AAAA`, /alg/);
    assert.ok(performance.now() - started < 2_000);
  });
});

describe('claims', () => {
  const wrong: Readonly<Record<string, Record<string, unknown>>> = {
    'no iss': { iss: undefined }, 'another iss': { iss: 'https://evil.example.com' }, 'an iss with a slash more': { iss: `${IDP}/` }, 'an iss that is a list': { iss: [IDP] },
    'no sub': { sub: undefined }, 'an emptied sub': { sub: '' }, 'a sub that is a number': { sub: 1 }, 'a sub that is a list': { sub: ['support-agent'] }, 'a sub that is too long': { sub: 'x'.repeat(256) },
    'no iat': { iat: undefined }, 'no exp': { exp: undefined }, 'an exp that is a text': { exp: String(SECONDS + 60) }, 'an iat that is a text': { iat: 'x' },
    'over for half a minute': { exp: SECONDS - 30 }, 'good in more than half a minute': { nbf: SECONDS + 31 }, 'made in more than half a minute': { iat: SECONDS + 31 },
    'made more than an hour ago, though good for a day': { iat: SECONDS - 3_631, exp: SECONDS + 86_400 },
  };
  for (const [name, changed] of Object.entries(wrong)) test(`${name} is refused`, () => refuses(claiming(changed)));
  test('clocks may be off by less than half a minute, and that makes nothing last longer', async () => {
    const over = await check(claiming({ exp: SECONDS - 29 }));
    assert.ok(over.ok && over.expiresMs < NOW);
    await takes(claiming({ iat: SECONDS + 30, nbf: SECONDS + 30 }));
  });
  test('a payload that is no object is refused', async () => {
    for (const payload of [null, [], 'x', 1, [claims]]) await refuses(jwt(header, payload, key));
  });
});

test('one token has one spelling, and no more length than one needs', async () => {
  const good = claiming({});
  const [head, payload, signature] = good.split('.') as [string, string, string];
  for (const text of ['', '..', `${head}.${payload}`, `${head}.${payload}.`, `${good}.`, ` ${good}`, `${good}\n`, `${good}=`, `${head}\n.${payload}.${signature}`]) await refuses(text);
  await refuses(claiming({ filler: 'x'.repeat(MAX_JWT_LENGTH) }), /longer/);
  for (const claim of Object.keys(claims)) await refuses(`${head}.${encodePart({ ...claims, [claim]: 'other' })}.${signature}`, /signature/);
});

test('keys that cannot be had are a no, and not an error', async () => {
  const result = await verifyIssuerToken(claiming({}), { issuer: IDP, keys: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:443')), audience: BROKER, nowMs: NOW });
  assert.deepEqual(result, { ok: false, problem: 'identity token: the keys of its issuer cannot be had now' });
});

test('a problem never repeats the token', async () => {
  for (const changed of [{ iss: 'canary' }, { aud: 'canary' }, { sub: 1, note: 'canary' }, { exp: 'canary' }, { nbf: 'canary' }]) {
    const result = await check(claiming(changed));
    assert.ok(!result.ok && !result.problem.includes('canary'), JSON.stringify(result));
  }
});
