/** `private_key_jwt`: which self-signed assertions prove a client, and every way in which one does not. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { CompactEncrypt, generateKeyPair, type JWK } from 'jose';
import { type AssertionCheck, verifyKeyAssertion } from '../../src/identity/key-assertion.ts';
import { MAX_JWT_LENGTH } from '../../src/identity/jwt-rules.ts';
import { encodePart } from '../tokens/tokens.ts';
import { asSecrets, ecKey, edKey, jwt, mac, rsaKey } from './keys.ts';

const ISSUER = 'https://broker.example.com';
const NOW = Date.parse('2027-01-15T13:00:00Z');
const SECONDS = NOW / 1000;
const key = ecKey('k1');
const claims = { iss: 'support-agent', sub: 'support-agent', aud: ISSUER, iat: SECONDS, exp: SECONDS + 60, jti: 'a-jti' };
const header = { alg: 'ES256', kid: 'k1' };

const check = (assertion: string, keys: readonly JWK[] = [key.jwk], nowMs = NOW): Promise<AssertionCheck> => verifyKeyAssertion(assertion, { keys, clientId: 'support-agent', issuer: ISSUER, nowMs });
const takes = async (assertion: string, keys?: readonly JWK[], nowMs?: number): Promise<void> => {
  const result = await check(assertion, keys, nowMs);
  assert.ok(result.ok, result.ok ? '' : result.problem);
};
const refuses = async (assertion: string, why?: RegExp, keys?: readonly JWK[], nowMs?: number): Promise<void> => {
  const result = await check(assertion, keys, nowMs);
  assert.ok(!result.ok, `this was taken: ${assertion}`);
  assert.match(result.problem, /^client assertion: /);
  if (why !== undefined) assert.match(result.problem, why);
};
const claiming = (changed: Record<string, unknown>): string => jwt(header, { ...claims, ...changed }, key);
const headed = (changed: Record<string, unknown>): string => jwt({ ...header, ...changed }, claims, key, 'ES256');

test('a good assertion is taken, with its jti and how long that must be remembered', async () => {
  assert.deepEqual(await check(claiming({})), { ok: true, jti: 'a-jti', expiresMs: (claims.exp + 31) * 1000 });
  for (const typ of ['JWT', 'jwt', 'client-authentication+jwt']) await takes(headed({ typ }));
  await takes(headed({ kid: undefined }));
  await takes(claiming({ nbf: SECONDS, unknown: { nested: true } }));
});

test('every kind of key that a grant file may hold works, with the algorithm that fits it', async () => {
  for (const [alg, made] of [['ES256', key], ['ES384', ecKey('k2', 'P-384')], ['EdDSA', edKey('k3')], ['RS256', rsaKey('k4')], ['PS256', rsaKey('k5')]] as const) {
    await takes(jwt({ alg, kid: made.jwk.kid }, claims, made), [made.jwk]);
    await takes(jwt({ alg }, claims, made), [{ ...made.jwk, alg }]);
  }
});

describe('regression 10: `aud` is the issuer, exactly, and nothing beside it', () => {
  for (const aud of [ISSUER, [ISSUER]]) test(`${JSON.stringify(aud)} is taken`, () => takes(claiming({ aud })));
  const wrong: readonly unknown[] = [
    undefined, null, '', [], [''], [[ISSUER]], [ISSUER, ISSUER], [ISSUER, 'https://evil.example.com'], ['https://evil.example.com', ISSUER], { 0: ISSUER }, { aud: ISSUER }, 1, true, `${ISSUER}/`, `${ISSUER}/token`,
    `${ISSUER}:443`, ISSUER.toUpperCase(), ` ${ISSUER}`, `${ISSUER} `, `${ISSUER}.evil.example.com`, ISSUER.slice(0, -1), ISSUER.replace('https', 'http'), '*', `${ISSUER}\0`, ISSUER.replace('o', '\u043e'),
  ];
  for (const aud of wrong) test(`${JSON.stringify(aud)} is refused`, () => refuses(claiming({ aud }), /aud/));
});

describe('regression 25: an assertion that was made for another server is refused', () => {
  for (const aud of ['https://other.example.com', 'https://other.example.com/token', `https://other.example.com/${ISSUER}`, ['https://other.example.com', ISSUER], 'support-agent']) {
    test(JSON.stringify(aud), () => refuses(claiming({ aud }), /aud must be exactly https:\/\/broker\.example\.com/));
  }
});

describe('regression 11: algorithm confusion, none, unknown crit and a wrong typ are refused', () => {
  test('none, however it is written', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
      await refuses(`${encodePart({ ...header, alg })}.${encodePart(claims)}.`);
      await refuses(headed({ alg }), /alg/);
    }
  });
  test('an HMAC that is keyed with the public key', async () => {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of asSecrets(key, createPublicKey(key.privateKey))) await refuses(mac({ ...header, alg }, claims, secret), /alg/);
    }
    const octet = { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'k1' };
    await refuses(mac({ ...header, alg: 'HS256' }, claims, 'secret'), /alg/, [octet]);
  });
  test('an algorithm that does not fit the key, or that is not on the list', async () => {
    for (const alg of ['ES384', 'ES512', 'ES256K', 'RS256', 'RS384', 'PS256', 'EdDSA', 'Ed25519', 'es256', 'ES256 ', ['ES256'], { alg: 'ES256' }, 1]) await refuses(headed({ alg }));
    const rsa = rsaKey('k1');
    for (const alg of ['RS384', 'RS512', 'PS384', 'RS1', 'RSA-OAEP']) await refuses(jwt({ alg, kid: 'k1' }, claims, rsa, 'RS256'), /alg/, [rsa.jwk]);
    await refuses(jwt({ alg: 'PS256', kid: 'k1' }, claims, rsa), /signature/, [{ ...rsa.jwk, alg: 'RS256' }]);
    await refuses(jwt({ alg: 'RS256', kid: 'k1' }, claims, rsa, 'PS256'), /signature/, [rsa.jwk]);
  });
  test('a key for something else than signatures', () => refuses(claiming({}), /signature/, [{ ...key.jwk, use: 'enc' }]));
  test('header members that choose the key or the way to read', async () => {
    const evil = ecKey('evil');
    for (const member of [{ jwk: evil.jwk }, { jku: 'https://evil.example.com' }, { x5u: 'https://evil.example.com' }, { x5c: ['MII'] }, { crit: ['exp'] }, { crit: [] }, { crit: ['b64'], b64: false }, { b64: true }, { zip: 'DEF' }]) {
      await refuses(headed(member), /its header has /);
      await refuses(jwt({ ...header, kid: 'evil', ...member }, claims, evil), /its header has /);
    }
  });
  test('another typ', async () => {
    for (const typ of ['at+jwt', 'JWT ', 'hallpass-lift+jwt', 'secevent+jwt', '', 1, null, ['JWT']]) await refuses(headed({ typ }), /typ/);
  });
  test('a kid that is none, and one that names no key: then every key is tried, and one must fit', async () => {
    for (const kid of [1, null, {}, 'x'.repeat(257)]) await refuses(headed({ kid }), /kid/);
    for (const kid of ['k9', '', '__proto__', '../k1']) await takes(headed({ kid }));
    await refuses(jwt({ ...header, kid: 'k1' }, claims, ecKey('k1')), /signature/);
  });
});

describe('regression 23: encrypted tokens and PBES2 input are refused, and cost nothing', () => {
  test('a JWE for the very key', async () => {
    const { publicKey } = await generateKeyPair('ECDH-ES');
    const jwe = await new CompactEncrypt(Buffer.from(claiming({}))).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' }).encrypt(publicKey);
    await refuses(jwe, /encrypted/);
  });
  test('PBES2 with a count that would keep us busy', async () => {
    const pbes2 = { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2_147_483_647, p2s: 'AAAA' };
    const started = performance.now();
    await refuses(`${encodePart(pbes2)}.AAAA.AAAA.AAAA.AAAA`, /encrypted/);
    await refuses(`${encodePart(pbes2)}.${encodePart(claims)}.AAAA`, /alg/);
    await refuses(headed({ p2c: 2_147_483_647 }), /its header has p2c/);
    await refuses(headed({ enc: 'A256GCM' }), /its header has enc/);
    assert.ok(performance.now() - started < 2_000);
  });
});

describe('claims', () => {
  const wrong: Readonly<Record<string, readonly [Record<string, unknown>, RegExp]>> = {
    'no iss': [{ iss: undefined }, /required/],
    'another iss': [{ iss: 'triage-agent' }, /client id/],
    'another sub': [{ sub: 'triage-agent' }, /client id/],
    'no sub': [{ sub: undefined }, /required/],
    'no iat': [{ iat: undefined }, /required/],
    'no exp': [{ exp: undefined }, /required/],
    'no jti': [{ jti: undefined }, /required/],
    'an emptied jti': [{ jti: '' }, /required/],
    'a jti that is a number': [{ jti: 1 }, /required/],
    'a jti that is too long': [{ jti: 'x'.repeat(129) }, /required/],
    'an exp that is a text': [{ exp: String(SECONDS + 60) }, /required/],
    'an iat that is null': [{ iat: null }, /required/],
    'an nbf that is a text': [{ nbf: 'x' }, /required/],
    'a life of more than five minutes': [{ exp: SECONDS + 301 }, /300 seconds/],
    'no life at all': [{ exp: SECONDS }, /300 seconds/],
    'a life backwards': [{ iat: SECONDS, exp: SECONDS - 1 }, /300 seconds/],
    'an end without end': [{ exp: 1e308 }, /300 seconds/],
    'an end half a minute ago': [{ iat: SECONDS - 90, exp: SECONDS - 30 }, /expired/],
    'made in more than half a minute': [{ iat: SECONDS + 31, exp: SECONDS + 90 }, /from the future/],
    'good in more than half a minute': [{ nbf: SECONDS + 31 }, /from the future/],
  };
  for (const [name, [changed, why]] of Object.entries(wrong)) test(`${name} is refused`, () => refuses(claiming(changed), why));
  test('clocks may be off by less than half a minute', async () => {
    await takes(claiming({ iat: SECONDS - 89, exp: SECONDS - 29 }));
    await takes(claiming({ iat: SECONDS + 30, nbf: SECONDS + 30, exp: SECONDS + 90 }));
  });
  test('a payload that is no object of claims is refused', async () => {
    for (const payload of [null, [], 'x', 1, true, [claims]]) await refuses(jwt(header, payload, key), /required/);
    const input = `${encodePart(header)}.${Buffer.from('{"iss":').toString('base64url')}`;
    await refuses(`${input}.AAAA`, /signature/);
  });
});

test('one assertion has one spelling, and no more length than one needs', async () => {
  const good = claiming({});
  const [head, payload, signature] = good.split('.') as [string, string, string];
  for (const text of ['', '.', '..', '...', head, `${head}.${payload}`, `${head}.${payload}.`, `.${payload}.${signature}`, `${good}.`, `${good}.x`, ` ${good}`, `${good} `, `${good}\n`, `${good}=`, `${head}\n.${payload}.${signature}`, good.replaceAll('.', '..')]) await refuses(text);
  await refuses(claiming({ filler: 'x'.repeat(MAX_JWT_LENGTH) }), /longer/);
  await refuses(`${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, /signature/);
  for (const claim of Object.keys(claims)) await refuses(`${head}.${encodePart({ ...claims, [claim]: 'other' })}.${signature}`, /signature/);
});

test('among several keys the named one is tried, and without a name a bounded number', async () => {
  const keys = Array.from({ length: 6 }, (_, index) => ecKey(`k${index + 10}`));
  const jwks = keys.map(({ jwk }) => jwk);
  for (const made of keys) await takes(jwt({ alg: 'ES256', kid: made.jwk.kid }, claims, made), jwks);
  const [first, , , , , last] = keys;
  assert.ok(first !== undefined && last !== undefined);
  await takes(jwt({ alg: 'ES256' }, claims, first), jwks);
  await refuses(jwt({ alg: 'ES256' }, claims, last), /signature/, jwks);
  await refuses(claiming({}), /signature/, []);
});

test('a problem never repeats the assertion', async () => {
  const canary = 'canary-5f1e';
  for (const text of [claiming({ iss: canary }), claiming({ aud: canary }), claiming({ jti: 1, note: canary }), headed({ typ: canary }), headed({ alg: canary }), headed({ kid: canary, crit: [canary] }), `${canary}.x.y`, canary]) {
    const result = await check(text);
    assert.ok(!result.ok && !result.problem.includes('canary'), JSON.stringify(result));
  }
});

