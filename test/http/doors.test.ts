/** What stands before every route: methods, hosts, origins, the parser; and tokens that were tampered with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePart } from '../tokens/tokens.ts';
import { type Answer, testBroker, type TestBroker } from './broker.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const hostOf = (broker: TestBroker): string => new URL(broker.issuer).host;
const denied = async (broker: TestBroker): Promise<readonly string[]> => (await broker.ledger('&kind=token.denied')).flatMap(({ reasons = [] }) => reasons.map(({ detail }) => detail));
const isAlive = async (broker: TestBroker): Promise<void> => assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'the broker goes on');
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

test('another method is 405 and says which ones there are; another path is 404', async (t) => {
  const broker = await testBroker(t);
  for (const [method, path, allow] of [
    ['GET', '/token', 'POST'], ['PUT', '/token', 'POST'], ['DELETE', '/token?grant_type=client_credentials', 'POST'], ['OPTIONS', '/token', 'POST'], ['PROPFIND', '/token', 'POST'],
    ['GET', '/introspect', 'POST'], ['GET', '/revoke', 'POST'], ['POST', '/.well-known/jwks.json', 'GET, HEAD'], ['POST', '/healthz', 'GET, HEAD'], ['PUT', '/v1/stops', 'GET, POST, HEAD'],
    ['DELETE', '/v1/ledger', 'GET, HEAD'],
  ] as const) {
    const answer = await broker.request(method, path);
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`);
  }
  for (const path of ['/', '/Token', '/token/', '/v2/stops', '/v1/stops/x/y', '/.well-known/openid-configuration', '/%74oken/x']) assert.equal((await broker.request('POST', path)).status, 404, path);
  assert.ok((await denied(broker)).includes('use POST'), 'a token that is asked for by another method is a denial too');
  await isAlive(broker);
});

test('a path that cannot be decoded is refused, and not repeated', async (t) => {
  const broker = await testBroker(t);
  for (const path of ['/%zz/canary', '/v1/stops/%', '/%c3%28canary']) {
    const answer = await broker.request('GET', path);
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes('canary'), answer.text);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
  await isAlive(broker);
});

test('under a foreign Host nothing is answered (421)', async (t) => {
  const broker = await testBroker(t);
  const host = hostOf(broker);
  const port = new URL(broker.issuer).port;
  const ask = (hosts: readonly string[], path = 'GET /healthz'): Promise<string> => broker.raw(`${path} HTTP/1.1\r\n${hosts.map((each) => `Host: ${each}\r\n`).join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  for (const own of [host, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) assert.equal(statusOf(await ask([own])), 200, own);
  for (const foreign of ['evil.example.com', `evil.example.com:${port}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1:${port}.evil.example.com`, `${host}@evil.example.com`, `0:${port}`, '']) {
    assert.equal(statusOf(await ask([foreign])), 421, foreign);
  }
  assert.equal(statusOf(await ask([host, 'evil.example.com'])), 421, 'two Host headers, though the first is ours');
  assert.equal(statusOf(await ask([host, host])), 421, 'two Host headers, though both are ours');
  assert.equal(statusOf(await ask([])), 400, 'no Host at all (RFC 9112, section 3.2)');
  assert.equal(statusOf(await broker.raw('GET /healthz HTTP/1.0\r\n\r\n')), 421, 'no Host, as HTTP/1.0 allows');
  for (const path of ['POST /token', 'POST /introspect', 'GET /v1/stops', 'GET /.well-known/jwks.json', 'GET /nothing', 'GET /metrics']) assert.equal(statusOf(await ask(['evil.example.com'], path)), 421, path);
  assert.ok((await denied(broker)).some((detail) => /Host/.test(detail)), 'for a token it is a denial too');
  await isAlive(broker);
});

test('a page of a foreign origin may not call any door (403)', async (t) => {
  const broker = await testBroker(t);
  const stop = (origin: string): Promise<Answer> => broker.request('POST', '/v1/stops', { headers: { origin, 'content-type': 'application/json' }, body: '{}' });
  for (const origin of ['https://evil.example.com', 'null', `${broker.issuer}.evil.example.com`, broker.issuer.replace('http:', 'https:'), 'http://127.0.0.1', broker.issuer.toUpperCase(), 'file://']) {
    const answer = await stop(origin);
    assert.equal(answer.status, 403, origin);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal((await broker.form('/token', { grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS }, { origin })).status, 403);
  }
  assert.equal((await stop(broker.issuer)).status, 401, 'its own pages come in, and are asked who they are');
  assert.ok((await denied(broker)).some((detail) => /origin/.test(detail)));
  await isAlive(broker);
});

test('what is no HTTP, or ends in the middle, is refused, counted, and mints nothing', async (t) => {
  const broker = await testBroker(t);
  const host = hostOf(broker);
  const parameters = new URLSearchParams({ grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS }).toString();
  const post = (headers: string, body: string, end = true): Promise<string> => broker.raw(`POST /token HTTP/1.1\r\nHost: ${host}\r\n${FORM}\r\n${headers}\r\n\r\n${body}`, { end });
  for (const [name, status, answer] of [
    ['a body shorter than it says', 400, await post(`Content-Length: ${parameters.length + 1}`, parameters)],
    ['a chunk that ends in the middle', 400, await post('Transfer-Encoding: chunked', `${parameters.length.toString(16)}\r\n${parameters}\r\n`)],
    ['a chunk size that is none', 400, await post('Transfer-Encoding: chunked', `zz\r\n${parameters}`)],
    ['two lengths', 400, await post('Content-Length: 5\r\nContent-Length: 6', parameters)],
    ['a length and chunks', 400, await post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['a length that is none', 400, await post('Content-Length: -1', parameters)],
    ['a header of 20 KiB', 431, await post(`X-Filler: ${'a'.repeat(20_480)}\r\nContent-Length: 0`, '')],
    ['many headers of 20 KiB together', 431, await post(`${Array.from({ length: 200 }, (_, index) => `X-${index}: ${'a'.repeat(100)}`).join('\r\n')}\r\nContent-Length: 0`, '')],
    ['a header line that is folded', 400, await post('X-Folded: a\r\n b\r\nContent-Length: -', '')],
    ['no HTTP', 400, await broker.raw('canary\r\n\r\n')],
    ['TLS', 400, await broker.raw('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03')],
  ] as const) {
    assert.equal(statusOf(answer), status, `${name}: ${answer}`);
    assert.ok(!answer.includes('access_token') && !answer.includes('canary'), name);
  }
  assert.equal((await broker.ledger('&kind=token.issued')).filter(({ tool }) => tool !== undefined).length, 0);
  const details = await denied(broker);
  for (const detail of ['the headers are too large', 'this is no HTTP request']) assert.ok(details.includes(detail), `${detail} is not among ${details.join('; ')}`);
  await isAlive(broker);
});

test('the API takes JSON of the one shape that it describes, and repeats nothing that it was sent', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.apiToken('dana@example.com');
  const post = (body: string, type = 'application/json'): Promise<Answer> => broker.request('POST', '/v1/stops', { headers: { authorization: `Bearer ${token}`, 'content-type': type }, body });
  const target = { tool: 'orders' };
  for (const [status, body, type] of [
    [400, '', undefined], [400, '{', undefined], [400, 'null', undefined], [400, '[]', undefined], [400, '"canary"', undefined], [400, '{}', undefined],
    [400, JSON.stringify({ target, reason: '' }), undefined], [400, JSON.stringify({ target, reason: '  ' }), undefined], [400, JSON.stringify({ target, reason: 'x'.repeat(501) }), undefined],
    [400, JSON.stringify({ target, reason: 'x', 'canary-17': 1 }), undefined], [400, JSON.stringify({ target: 'canary', reason: 'x' }), undefined],
    [400, `{"target":{"tool":"orders"},"reason":"x","__proto__":{"canary":1}}`, undefined], [400, `{"target":{"tool":"orders"},"reason":"x","constructor":{"prototype":{}}}`, undefined],
    [400, `${'['.repeat(30_000)}${']'.repeat(30_000)}`, undefined], [413, JSON.stringify({ target, reason: 'x'.repeat(65_536) }), undefined],
    [415, 'target=orders&reason=x', 'application/x-www-form-urlencoded'], [415, JSON.stringify({ target, reason: 'x' }), 'text/plain'],
  ] as const) {
    const answer = await post(body, type);
    assert.equal(answer.status, status, `${body.slice(0, 80)}: ${answer.text}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(answer.body.status, status);
    assert.ok(!answer.text.includes('canary'), answer.text);
  }
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'kind=canary', 'nothing=canary-17', 'from=1e3', 'from=99999999999999999999']) {
    const answer = await broker.request('GET', `/v1/ledger?${query}`, { headers: { authorization: `Bearer ${await broker.apiToken('local-operator')}` } });
    assert.equal(answer.status, 400, query);
    assert.ok(!answer.text.includes('canary'), answer.text);
  }
  assert.deepEqual((await broker.apiWith(token, 'GET', '/v1/stops')).body.stops, [], 'nothing was stopped');
});

test('the API wants a token that was made for it', async (t) => {
  const broker = await testBroker(t);
  const tool = (await broker.token('support-agent', ORDERS)).body.access_token;
  const api = await broker.apiToken('dana@example.com');
  const [head, payload, signature] = api.split('.') as [string, string, string];
  const status = async (authorization: string | undefined): Promise<number> =>
    (await broker.request('GET', '/v1/status', authorization === undefined ? {} : { headers: { authorization } })).status;
  assert.equal(await status(`Bearer ${api}`), 200);
  assert.equal(await status(`bearer ${api}`), 200, 'RFC 9110, section 11.1');
  const operator = encodePart({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'local-operator' });
  for (const authorization of [
    undefined, '', 'Bearer', 'Bearer ', `Bearer ${tool}`, `Bearer ${head}.${operator}.${signature}`, `Bearer ${head}.${payload}.`, `Bearer  ${api}`, `Bearer ${api} ${api}`, `Bearer ${api},`,
    `Basic ${Buffer.from('dana@example.com:x').toString('base64')}`, api, `DPoP ${api}`, `Bearer ${await broker.assertion('dana@example.com')}`,
  ]) {
    assert.equal(await status(authorization), 401, authorization);
  }
});

test('the operator\'s key works on this machine only, and not through a proxy on it', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.apiToken('local-operator');
  for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }] as readonly Record<string, string>[]) {
    const issued = await broker.form('/token', { grant_type: 'client_credentials', ...(await broker.proof('local-operator')), resource: broker.issuer }, headers);
    assert.deepEqual([issued.status, issued.body.error], [401, 'invalid_client']);
    assert.equal((await broker.request('GET', '/v1/status', { headers: { authorization: `Bearer ${token}`, ...headers } })).status, 401);
  }
  assert.equal((await broker.apiWith(token, 'GET', '/v1/status')).status, 200);
});

test('introspection calls a token inactive, and says no more, whichever field of it was changed', async (t) => {
  const broker = await testBroker(t);
  const issued = await broker.token('support-agent', { ...ORDERS, scope: 'orders.read' });
  const [head, payload, signature] = issued.body.access_token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const server = await broker.apiToken('orders-mcp-staging');
  const introspect = (token: string): Promise<Answer> => broker.form('/introspect', { token }, { authorization: `Bearer ${server}` });
  assert.equal((await introspect(issued.body.access_token)).body.active, true);
  const changed = Object.keys(claims).map((claim) => `${head}.${encodePart({ ...claims, [claim]: typeof claims[claim] === 'number' ? claims[claim] + 60 : 'other' })}.${signature}`);
  const gone = Object.keys(claims).map((claim) => `${head}.${encodePart({ ...claims, [claim]: undefined })}.${signature}`);
  const shaped = [
    `${head}.${payload}`, `${head}.${payload}.`, `${head}..${signature}`, `.${payload}.${signature}`, `${issued.body.access_token}\n`, `${issued.body.access_token} `, 'x', '..', 'a'.repeat(8_193),
    `${encodePart({ alg: 'none', typ: 'at+jwt' })}.${payload}.`, `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, server,
  ];
  assert.ok(changed.length >= 16);
  for (const token of [...changed, ...gone, ...shaped]) {
    const answer = await introspect(token);
    assert.deepEqual([answer.status, answer.body], [200, { active: false }], token);
  }
  for (const parameters of [{}, { token: '' }]) {
    const answer = await broker.form('/introspect', parameters as Record<string, string>, { authorization: `Bearer ${server}` });
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request']);
  }
  const unproven = await broker.form('/introspect', { token: issued.body.access_token });
  assert.deepEqual([unproven.status, unproven.body.error], [401, 'invalid_client']);
  assert.equal((await introspect(issued.body.access_token)).body.active, true, 'the good one still is');
});
