import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiftSignatureCheck, verifyLiftSignature } from '../../src/identity/lift-signature.ts';
import { encodePart } from '../tokens/tokens.ts';
import { ecKey, edKey, jwt, mac } from './keys.ts';

const ISSUER = 'https://broker.example.com';
const NOW = Date.parse('2027-01-15T13:00:00Z');
const SECONDS = NOW / 1000;
const key = ecKey('dana-1');
const stop = 'stp_AAAAAAAAAAAAAAAAAAAAAA';
const claims = { iss: 'dana@example.com', aud: ISSUER, stop, iat: SECONDS, jti: 'sixteen-letters-' };
const header = { alg: 'ES256', kid: 'dana-1', typ: 'hallpass-lift+jwt' };
const check = (signature: string, keys = [key.jwk]): Promise<LiftSignatureCheck> => verifyLiftSignature(signature, { keys, signer: 'dana@example.com', issuer: ISSUER, stop, nowMs: NOW });

test('a fresh signature over this stop is taken, with its jti and how long that must be remembered', async () => {
  assert.deepEqual(await check(jwt(header, claims, key)), { ok: true, jti: claims.jti, expiresMs: (SECONDS + 331) * 1000 });
  assert.ok((await check(jwt({ ...header, kid: undefined }, { ...claims, iat: SECONDS - 300 }, key))).ok);
  const ed = edKey('dana-2');
  assert.ok((await check(jwt({ alg: 'EdDSA', typ: header.typ }, claims, ed), [key.jwk, ed.jwk])).ok);
});

test('what is about something else, by somebody else, stale, or another kind of statement is refused', async () => {
  const wrong: Readonly<Record<string, string>> = {
    'another stop': jwt(header, { ...claims, stop: 'stp_BBBBBBBBBBBBBBBBBBBBBB' }, key),
    'no stop': jwt(header, { ...claims, stop: undefined }, key),
    'another person': jwt(header, { ...claims, iss: 'lee@example.com' }, key),
    'another broker': jwt(header, { ...claims, aud: 'https://other.example.com' }, key),
    'this broker in a list': jwt(header, { ...claims, aud: [ISSUER] }, key),
    'made more than five minutes ago': jwt(header, { ...claims, iat: SECONDS - 301 }, key),
    'made in more than half a minute': jwt(header, { ...claims, iat: SECONDS + 31 }, key),
    'a time that is no whole number': jwt(header, { ...claims, iat: SECONDS + 0.5 }, key),
    'no jti': jwt(header, { ...claims, jti: undefined }, key),
    'a jti that is too short to be random': jwt(header, { ...claims, jti: 'short' }, key),
    'a claim more': jwt(header, { ...claims, all: true }, key),
    'another key': jwt(header, claims, ecKey('dana-1')),
    'no typ': jwt({ ...header, typ: undefined }, claims, key),
    'the typ of an assertion': jwt({ ...header, typ: 'JWT' }, claims, key),
    'the typ of an access token': jwt({ ...header, typ: 'at+jwt' }, claims, key),
    'a critical header': jwt({ ...header, crit: ['exp'] }, claims, key),
    'a key that it brings along': jwt({ ...header, jwk: key.jwk }, claims, key),
    'alg none': `${encodePart({ ...header, alg: 'none' })}.${encodePart(claims)}.`,
    'an HMAC': mac({ ...header, alg: 'HS256' }, claims, JSON.stringify(key.jwk)),
    'no JWT': 'x.y.z',
    'nothing': '',
  };
  for (const [name, signature] of Object.entries(wrong)) {
    const result = await check(signature);
    assert.ok(!result.ok, name);
    assert.match(result.problem, /^lift signature: /);
  }
});
