import assert from 'node:assert/strict';
import { createHash, KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import { CompactEncrypt, decodeProtectedHeader, generateKeyPair } from 'jose';
import { apiTokenClaimsSchema, toolTokenClaimsSchema } from '../../src/tokens/claims.ts';
import { signToken, type TokenCheck, verifyToken } from '../../src/tokens/signer.ts';
import { claims, encodePart, forge, forgeMac, ISSUER, newKeys, NOW, secretsOf } from './tokens.ts';

const keys = await newKeys('k1', 'k0');
const { token } = await signToken(keys, claims);
const privateKey = KeyObject.from(keys.current.privateKey);
const check = (text: string, nowMs = NOW, issuer = ISSUER): Promise<TokenCheck<unknown>> => verifyToken(keys, text, { issuer, schema: toolTokenClaimsSchema, nowMs });
const refuses = async (text: string, why?: RegExp): Promise<void> => {
  const result = await check(text);
  assert.ok(!result.ok, 'this token was taken');
  if (why !== undefined) assert.match(result.problem, why);
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'k1' };
const [head, payload, signature] = token.split('.') as [string, string, string];

describe('a token of ours', () => {
  test('comes back as it was signed', async () => assert.deepEqual(await check(token), { ok: true, claims, kid: 'k1' }));
  test('says what it is and by which key (RFC 9068)', () => assert.deepEqual(decodeProtectedHeader(token), header));
  test('is told in the ledger by its SHA-256', async () => {
    const signed = await signToken(keys, claims);
    assert.equal(signed.sha256, createHash('sha256').update(signed.token).digest('base64url'));
    assert.equal(signed.kid, 'k1');
  });
  test('by the key before a rotation still holds', async () => {
    const rotated = { ...keys, current: (await newKeys('k2')).current };
    assert.ok((await verifyToken(rotated, token, { issuer: ISSUER, schema: toolTokenClaimsSchema, nowMs: NOW })).ok);
  });
  test('by a key that is gone does not', async () => {
    const gone = { ...keys, verify: new Map([...keys.verify].filter(([kid]) => kid !== 'k1')) };
    assert.ok(!(await verifyToken(gone, token, { issuer: ISSUER, schema: toolTokenClaimsSchema, nowMs: NOW })).ok);
  });
  test('made like the forgeries below, and right, is taken: so they fail for what is wrong with them', async () =>
    assert.ok((await check(forge(header, claims, privateKey))).ok));
});

describe('time is kept to the second, by our own clock and without leeway', () => {
  test('it holds until the last millisecond before `exp`', async () => assert.ok((await check(token, claims.exp * 1000 - 1)).ok));
  test('it is over at `exp`', async () => assert.ok(!(await check(token, claims.exp * 1000)).ok));
  test('it does not hold before `nbf`', () => refuses(forge(header, { ...claims, nbf: NOW / 1000 + 1 }, privateKey)));
});

describe('tampering with any field breaks the signature', () => {
  const other: Readonly<Record<string, unknown>> = {
    iss: 'https://evil.example.com', sub: 'dana@example.com', aud: 'https://mcp.example.com/orders', client_id: 'evil', scope: 'orders.refund', iat: claims.iat - 1, exp: claims.exp + 3600,
    jti: 'tok_B', act: { sub: 'evil' }, sid: 'ses_B', grant: 'other', agent: 'other', server: 'evil', ord: 8, lineage: ['tok_B'], approver: 'kim@example.com',
    authorization_details: [{ type: 'tool_access', tool: 'orders', env: 'live', limits: {} }],
  };
  test('of which none is left out here', () => assert.deepEqual(Object.keys(other).sort(), Object.keys(claims).sort()));
  for (const [field, value] of Object.entries(other)) {
    test(field, () => refuses(`${head}.${encodePart({ ...claims, [field]: value })}.${signature}`, /signature/));
  }
  test('the key id of the header', () => refuses(`${encodePart({ ...header, kid: 'k0' })}.${payload}.${signature}`, /signature/));
  test('the signature', () => refuses(`${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, /signature/));
  test('a part more or less', async () => {
    for (const text of ['', '.', '..', head, `${head}.${payload}`, `${head}.${payload}.`, `${token}.`, `${token}.x`, `x${token}`, ` ${token}`, `${token}\n`]) await refuses(text);
  });
  test('a token of another length than ours costs nothing', () => refuses(`${head}.${'A'.repeat(10_000)}.${signature}`, /not a token of this broker/));
});

describe('claims must be exactly those of such a token, though we signed them', () => {
  for (const field of Object.keys(claims).filter((name) => name !== 'act')) {
    test(`without ${field}`, () => {
      const { [field as keyof typeof claims]: _gone, ...rest } = claims;
      return refuses(forge(header, rest, privateKey));
    });
  }
  test('with one more', () => refuses(forge(header, { ...claims, admin: true }, privateKey), /claims/));
  test('of another issuer', () => refuses(forge(header, { ...claims, iss: `${ISSUER}/` }, privateKey)));
  test('of the other kind: a token for a tool is none for the API of the broker, nor the reverse', async () => {
    const api = { iss: ISSUER, sub: 'dana@example.com', aud: ISSUER, client_id: 'dana@example.com', scope: 'broker', iat: claims.iat, exp: claims.exp, jti: 'tok_C', ord: 7 };
    const signed = await signToken(keys, api);
    await refuses(signed.token, /claims/);
    const expected = { issuer: ISSUER, schema: apiTokenClaimsSchema, nowMs: NOW };
    assert.ok((await verifyToken(keys, signed.token, expected)).ok);
    assert.ok(!(await verifyToken(keys, token, expected)).ok);
  });
  test('regression 10: `aud` is one string', async () => {
    for (const aud of [[claims.aud], [], '', {}, null, [[claims.aud]]]) {
      if (aud !== '') await refuses(forge(header, { ...claims, aud }, privateKey));
    }
  });
});

describe('regression 11: algorithm confusion, none, unknown crit and a wrong typ are refused', () => {
  test('none, however it is written', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
      await refuses(`${encodePart({ ...header, alg })}.${payload}.`);
      await refuses(`${encodePart({ ...header, alg })}.${payload}.${signature}`);
    }
  });
  test('HS256 keyed with our public key', async () => {
    for (const secret of secretsOf(keys)) await refuses(forgeMac({ ...header, alg: 'HS256' }, claims, secret));
  });
  test('another algorithm than ES256, over our own signature', async () => {
    for (const alg of ['ES384', 'ES256K', 'RS256', 'PS256', 'EdDSA', 'HS512', 'es256', ['ES256']]) await refuses(forge({ ...header, alg }, claims, privateKey));
  });
  test('a critical header that we do not know, and one that we never use', async () => {
    await refuses(forge({ ...header, crit: ['exp'] }, claims, privateKey));
    await refuses(forge({ ...header, crit: ['http://example.com/x'], 'http://example.com/x': true }, claims, privateKey));
    await refuses(forge({ ...header, crit: ['b64'], b64: false }, claims, privateKey));
    await refuses(forge({ ...header, crit: [] }, claims, privateKey));
  });
  test('another typ, or none', async () => {
    for (const typ of ['JWT', 'jwt', 'at+jwt ', 'rt+jwt', 'logout+jwt', '', undefined, 1]) await refuses(forge({ ...header, typ }, claims, privateKey));
  });
  test('a key that the token brings along', async () => {
    const evil = await newKeys('evil');
    const evilKey = KeyObject.from(evil.current.privateKey);
    const [jwk] = evil.publicJwks;
    await refuses(forge({ ...header, jwk }, claims, evilKey), /signature/);
    await refuses(forge({ ...header, kid: 'evil', jwk }, claims, evilKey), /a key that this broker does not have/);
    await refuses(forge({ ...header, jku: 'https://evil.example.com/jwks' }, claims, evilKey), /signature/);
  });
  test('no key id, or one that is none', async () => {
    for (const kid of [undefined, '', 'k9', 1, null, ['k1'], '__proto__', '../k1']) await refuses(forge({ ...header, kid }, claims, privateKey), /a key that this broker does not have/);
  });
});

describe('regression 23: encrypted tokens and PBES2 input are refused', () => {
  test('a JWE for our own public key', async () => {
    const { publicKey } = await generateKeyPair('ECDH-ES');
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'k1', typ: 'at+jwt' }).encrypt(publicKey);
    assert.equal(jwe.split('.').length, 5);
    await refuses(jwe, /not a token of this broker/);
  });
  test('PBES2 with a count that would keep us busy, in five parts and in three', async () => {
    const pbes2 = encodePart({ alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 2_147_483_647, p2s: 'AAAA', kid: 'k1', typ: 'at+jwt' });
    await refuses(`${pbes2}.AAAA.AAAA.AAAA.AAAA`, /not a token of this broker/);
    await refuses(`${pbes2}.${payload}.${signature}`);
  });
});

test('a problem never repeats the token', async () => {
  for (const text of [token.slice(0, -4), forge({ ...header, typ: 'JWT' }, claims, privateKey), `${head}.${encodePart('canary-5f1e')}.${signature}`, `canary-5f1e.${payload}.${signature}`]) {
    const result = await check(text);
    assert.ok(!result.ok);
    assert.ok(!result.problem.includes('canary') && !result.problem.includes(payload.slice(0, 12)), result.problem);
  }
});
