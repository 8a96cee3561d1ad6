/** Key sets of others: fetched, remembered, followed when they rotate, asked for rarely, and refused while they cannot be had. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { JWK } from 'jose';
import { type KeySetOptions, openKeySets } from '../../../src/adapters/jwks/key-sets.ts';
import type { Log } from '../../../src/core/log.ts';
import { type KeySource, verifyIssuerToken } from '../../../src/identity/issuer-token.ts';
import { silent, temporaryFolder } from '../../http/broker.ts';
import { ecKey, jwt, type TestKey } from '../../identity/keys.ts';
import { type KeyServer, keyServer, resolver } from './servers.ts';

const IDP = 'https://idp.example.com';
const BROKER = 'https://broker.example.com';
const [old, fresh, other] = [ecKey('old'), ecKey('fresh'), ecKey('other')];

/** Whether a token that this key signed is good by these keys, at the test's clock. */
async function proves(keys: KeySource, { jwk: { kid }, ...key }: TestKey, named = kid): Promise<boolean> {
  const seconds = Math.floor(Date.now() / 1000);
  const token = jwt({ alg: 'ES256', ...(named === '' ? {} : { kid: named }) }, { iss: IDP, sub: 'x', aud: BROKER, iat: seconds, exp: seconds + 60 }, { ...key, jwk: {} });
  return (await verifyIssuerToken(token, { issuer: IDP, keys, audience: BROKER, nowMs: Date.now() })).ok;
}

interface Published {
  readonly server: KeyServer;
  /** What it answers with from now on: keys, or a text, or nothing but a status. */
  publish(content: readonly JWK[] | string | number): void;
}

async function published(t: TestContext, ...keys: readonly TestKey[]): Promise<Published> {
  let content: readonly JWK[] | string | number = keys.map(({ jwk }) => jwk);
  const server = await keyServer(t, (_, response) => {
    if (typeof content === 'number') response.writeHead(content).end();
    else response.end(typeof content === 'string' ? content : JSON.stringify({ keys: content }));
  });
  return { server, publish: (next) => (content = next) };
}

const open = ({ host }: KeyServer, options: Partial<KeySetOptions> = {}): ReturnType<typeof openKeySets> => openKeySets({ allowPrivateHosts: [host], log: silent, ...options });
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe('an issuer\'s key set behind a URL', () => {
  test('is fetched once, also when many tokens come at once', async (t) => {
    const { server } = await published(t, old, fresh);
    const keys = open(server).issuerKeys({ issuer: IDP, jwks_uri: server.url });
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, (_, index) => proves(keys, index % 2 === 0 ? old : fresh))), Array.from({ length: 20 }, () => true));
    assert.equal(server.requests, 1);
  });

  test('is asked again for a key id that is not known, at most every half minute, so that a rotation is followed and no storm is made', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2027-01-15T13:00:00Z') });
    const { server, publish } = await published(t, old);
    const keys = open(server).issuerKeys({ issuer: IDP, jwks_uri: server.url });
    assert.ok(await proves(keys, old));
    publish([old.jwk, fresh.jwk]);
    t.mock.timers.tick(29 * SECOND);
    for (let round = 0; round < 10; round += 1) assert.equal(await proves(keys, fresh), false);
    for (let round = 0; round < 10; round += 1) assert.equal(await proves(keys, other, `made-up-${round}`), false);
    assert.equal(server.requests, 1, 'within the half minute nobody is asked');
    t.mock.timers.tick(SECOND);
    assert.equal(await proves(keys, fresh), true, 'after it the new key is found');
    assert.equal(server.requests, 2);
    for (let round = 0; round < 10; round += 1) assert.equal(await proves(keys, other, `made-up-${round}`), false);
    assert.equal(server.requests, 2);
    assert.ok(await proves(keys, old));
  });

  test('is fetched again after ten minutes, so that a key that was taken away ends', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2027-01-15T13:00:00Z') });
    const { server, publish } = await published(t, old, fresh);
    const keys = open(server).issuerKeys({ issuer: IDP, jwks_uri: server.url });
    assert.ok(await proves(keys, old));
    publish([fresh.jwk]);
    t.mock.timers.tick(10 * MINUTE - 1);
    assert.ok(await proves(keys, old));
    t.mock.timers.tick(1);
    assert.equal(await proves(keys, old), false);
    assert.ok(await proves(keys, fresh));
    assert.equal(server.requests, 2);
  });

  test('that cannot be had is a no; nobody is asked again at once, and it works when it is back', async (t) => {
    const warnings: unknown[] = [];
    const log: Log = { ...silent, warn: (fields, message) => void warnings.push({ ...fields, message }) };
    const { server, publish } = await published(t, old);
    publish(503);
    const keys = open(server, { log }).issuerKeys({ issuer: IDP, jwks_uri: server.url });
    for (let round = 0; round < 20; round += 1) assert.equal(await proves(keys, old), false);
    assert.equal(server.requests, 1);
    assert.deepEqual(warnings, [{ host: server.host, problem: 'answered with status 503', message: 'keys of an identity cannot be fetched: tokens signed by keys not known yet are refused' }]);
    publish([old.jwk]);
    const deadline = performance.now() + 10_000;
    while (!(await proves(keys, old))) {
      assert.ok(performance.now() < deadline, 'it is not tried again within ten seconds');
      await setTimeout(50);
    }
    assert.equal(server.requests, 2);
  });

  for (const [name, content] of Object.entries({
    'no JSON': 'canary', 'no object': '[]', 'null': 'null', 'no keys': '{}', 'keys that are no list': '{"keys":{}}', 'a key without a kind': '{"keys":[{"kid":"old"}]}', 'a key that is a text': '{"keys":["x"]}',
    'more keys than anybody has': JSON.stringify({ keys: Array.from({ length: 101 }, () => old.jwk) }), 'nothing': '',
  })) {
    test(`that holds ${name} proves nothing, and is not repeated in the log`, async (t) => {
      const lines: string[] = [];
      const { server, publish } = await published(t);
      publish(content);
      const keys = open(server, { log: { ...silent, warn: (fields) => void lines.push(JSON.stringify(fields)) } }).issuerKeys({ issuer: IDP, jwks_uri: server.url });
      assert.equal(await proves(keys, old), false);
      assert.equal(lines.length, 1);
      assert.ok(!lines[0]?.includes('canary'), lines[0]);
    });
  }

  test('of SPIFFE marks its keys by a use of its own, and they work; keys for encryption do not', async (t) => {
    for (const [use, isGood] of [['jwt-svid', true], ['sig', true], [undefined, true], ['enc', false], ['x509-svid', false]] as const) {
      const { server, publish } = await published(t);
      publish([{ ...old.jwk, ...(use === undefined ? {} : { use }) }]);
      assert.equal(await proves(open(server).issuerKeys({ issuer: IDP, jwks_uri: server.url }), old), isGood, use);
    }
  });

  test('regression 13: at a private address is not fetched, whatever the name, unless its host is allowed', async (t) => {
    const { server } = await published(t, old);
    for (const [url, allowPrivateHosts] of [
      [server.url, []], [server.url, ['127.0.0.1.example.com']], [`https://localhost:${server.port}/`, []], [`https://keys.example.com:${server.port}/`, []], [`http://keys.example.com:${server.port}/`, ['keys.internal']],
    ] as const) {
      const sets = openKeySets({ allowPrivateHosts, log: silent, lookup: resolver(['127.0.0.1']).lookup });
      assert.equal(await proves(sets.issuerKeys({ issuer: IDP, jwks_uri: url }), old), false, url);
      assert.deepEqual(await sets.remoteKeys(url), [], url);
    }
    assert.equal(server.connections, 0);
    const allowed = openKeySets({ allowPrivateHosts: ['keys.internal'], log: silent, lookup: resolver(['127.0.0.1']).lookup });
    assert.ok(await proves(allowed.issuerKeys({ issuer: IDP, jwks_uri: `http://keys.internal:${server.port}/` }), old));
  });
});

describe('an issuer\'s key set in a file', () => {
  test('is read again when it was replaced or rewritten, and a token without a key id finds the only key', async (t) => {
    const file = join(temporaryFolder(t), 'jwks.json');
    const write = (path: string, ...keys: readonly TestKey[]): void => writeFileSync(path, JSON.stringify({ keys: keys.map(({ jwk }) => ({ ...jwk, use: 'jwt-svid' })) }));
    write(file, old);
    const keys = openKeySets({ allowPrivateHosts: [], log: silent }).issuerKeys({ issuer: IDP, jwks_file: file });
    assert.deepEqual([await proves(keys, old), await proves(keys, old, ''), await proves(keys, fresh)], [true, true, false]);
    write(`${file}.new`, fresh);
    renameSync(`${file}.new`, file);
    assert.deepEqual([await proves(keys, old), await proves(keys, fresh)], [false, true], 'replaced by a rename');
    write(file, old, fresh);
    assert.deepEqual([await proves(keys, old), await proves(keys, fresh)], [true, true], 'rewritten in place');
  });

  test('that is missing or broken is a no until it is mended', async (t) => {
    const file = join(temporaryFolder(t), 'jwks.json');
    const keys = openKeySets({ allowPrivateHosts: [], log: silent }).issuerKeys({ issuer: IDP, jwks_file: file });
    assert.equal(await proves(keys, old), false);
    for (const text of ['', '{', '{"keys":1}', '{"keys":[{"kid":"old"}]}']) {
      writeFileSync(file, text);
      assert.equal(await proves(keys, old), false, text);
    }
    writeFileSync(file, JSON.stringify({ keys: [old.jwk] }));
    assert.equal(await proves(keys, old), true);
  });
});

describe('a client\'s own key set', () => {
  test('is fetched once a minute, and what it no longer holds works no longer', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2027-01-15T13:00:00Z') });
    const { server, publish } = await published(t, old);
    const { remoteKeys } = open(server);
    const kids = async (): Promise<readonly unknown[]> => (await remoteKeys(server.url)).map(({ kid }) => kid);
    assert.deepEqual([await kids(), await kids()], [['old'], ['old']]);
    publish([fresh.jwk]);
    t.mock.timers.tick(MINUTE - 1);
    assert.deepEqual(await kids(), ['old']);
    assert.equal(server.requests, 1);
    t.mock.timers.tick(1);
    assert.deepEqual(await Promise.all([kids(), kids(), kids()]), [['fresh'], ['fresh'], ['fresh']]);
    assert.equal(server.requests, 2);
  });

  test('gives no keys while it cannot be had, also those that were known', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2027-01-15T13:00:00Z') });
    const { server, publish } = await published(t, old);
    const { remoteKeys } = open(server);
    assert.equal((await remoteKeys(server.url)).length, 1);
    publish(500);
    t.mock.timers.tick(MINUTE);
    assert.deepEqual(await remoteKeys(server.url), []);
    assert.deepEqual(await remoteKeys(server.url), []);
    assert.equal(server.requests, 2);
  });
});
