/** Requests that are wrong: each is refused by the RFC's code, mints nothing, is told in the ledger, and harms no other. */
import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { type Answer, EXCHANGE, JWT_BEARER, JWT_TYPE, testBroker, type TestBroker } from './broker.ts';
import { encodePart, forge, forgeMac } from '../tokens/tokens.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const minutes = (count: number): number => Math.floor(Date.now() / 1000) + count * 60;

/** Nothing was minted for a tool, and the broker goes on. */
async function isUnharmed(broker: TestBroker, mintedBefore = 0): Promise<void> {
  assert.equal((await broker.ledger('&kind=token.issued')).filter(({ tool }) => tool !== undefined).length, mintedBefore);
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'the broker goes on');
}

/** The reason in the ledger under which an answer was counted: by its decision, or where it has none by its words. */
async function recordedReason(broker: TestBroker, { body }: Answer): Promise<string | undefined> {
  const entries = await broker.ledger(body.decision === undefined ? '&kind=token.denied' : `&decision=${body.decision}`);
  const words = body.error_description ?? body.detail;
  return entries.flatMap(({ reasons = [] }) => reasons).find(({ detail }) => body.decision !== undefined || detail === words)?.reason;
}

interface Bad {
  readonly status?: number;
  readonly error?: string;
  readonly reason?: string;
  send(broker: TestBroker): Promise<Answer>;
}

async function refusesAll(t: TestContext, broker: TestBroker, table: Readonly<Record<string, Bad>>): Promise<void> {
  for (const [name, { status = 400, error = 'invalid_request', reason = 'malformed_request', send }] of Object.entries(table)) {
    await t.test(name, async () => {
      const answer = await send(broker);
      assert.equal(answer.status, status, answer.text);
      if (error !== '') assert.equal(answer.body.error, error, answer.text);
      assert.equal(answer.body.access_token, undefined);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(await recordedReason(broker, answer), reason);
    });
  }
}

/** A good request whose parameters are replaced; undefined takes one away. */
const withParameters = (parameters: Record<string, string | undefined>): Bad['send'] => async (broker) => {
  const all = { grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS, ...parameters };
  return broker.form('/token', Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)));
};
const body = (text: string, headers: Record<string, string> = FORM): Bad['send'] => (broker) => broker.request('POST', '/token', { headers, body: text });
const twice = (name: string): Bad['send'] => async (broker) => {
  const good = new URLSearchParams({ grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS, resource: 'http://127.0.0.1:8801/mcp', scope: 'orders.read' });
  return broker.request('POST', '/token', { headers: FORM, body: `${good}&${name}=${encodeURIComponent(good.get(name) ?? 'x')}` });
};
const details = (text: string): Bad['send'] => withParameters({ scope: 'orders.read', authorization_details: text });
const call = (members: Record<string, unknown>): Bad['send'] => details(JSON.stringify([{ type: 'tool_call', action: 'orders.read', arguments: { order_id: 17 }, ...members }]));
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test('what is no token request is refused as RFC 6749 says', async (t) => {
  const broker = await testBroker(t);
  await refusesAll(t, broker, {
    'no body': { send: (b) => b.request('POST', '/token') },
    'an empty form': { send: body('') },
    'no grant_type': { send: withParameters({ grant_type: undefined }) },
    'an emptied grant_type': { send: withParameters({ grant_type: '' }) },
    'another grant_type': { send: withParameters({ grant_type: 'password' }), error: 'unsupported_grant_type' },
    'a grant_type out of the prototype': { send: withParameters({ grant_type: 'constructor' }), error: 'unsupported_grant_type' },
    'a grant_type in capitals': { send: withParameters({ grant_type: 'CLIENT_CREDENTIALS' }), error: 'unsupported_grant_type' },
    'a content type of JSON': { send: body(JSON.stringify({ grant_type: 'client_credentials' }), { 'content-type': 'application/json' }) },
    'JSON that looks like what a parsed form is': { send: body('{"ok":true,"parameters":{"grant_type":"client_credentials"}}', { 'content-type': 'application/json' }) },
    'JSON null': { send: body('null', { 'content-type': 'application/json' }) },
    'plain text': { send: body('grant_type=client_credentials', { 'content-type': 'text/plain' }) },
    'a form in parts': { send: body('--x--', { 'content-type': 'multipart/form-data; boundary=x' }) },
    'a content type that is none': { send: body('grant_type=client_credentials', { 'content-type': 'x' }) },
    'a body that is too large': { send: body(`grant_type=client_credentials&x=${'a'.repeat(65_536)}`), status: 413 },
    'too many parameters': { send: body(Array.from({ length: 65 }, (_, index) => `p${index}=1`).join('&')) },
    'bytes that are no text': { send: body('%ff%fe=%00&\0') },
    'parameters out of the prototype': { send: body('__proto__=x&constructor=y&toString=z') },
    'an assertion type that is unknown': { send: withParameters({ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }) },
    'an assertion of a size that none has': { send: withParameters({ client_assertion: 'a'.repeat(8_193) }) },
    'a client_secret instead': { send: withParameters({ client_assertion: undefined, client_assertion_type: undefined, client_id: 'support-agent', client_secret: 'x' }), status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
    'an assertion without its type': { send: withParameters({ client_assertion_type: undefined }), status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
    'an emptied assertion': { send: withParameters({ client_assertion: '' }), status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
    'Basic authentication': {
      send: (b) => b.form('/token', { grant_type: 'client_credentials', ...ORDERS }, { authorization: 'Basic c3VwcG9ydC1hZ2VudDp4' }), status: 401, error: 'invalid_client', reason: 'client_authentication_failed',
    },
    'an audience instead of a resource (RFC 8693, section 2.2.2)': { send: withParameters({ audience: 'orders' }), error: 'invalid_target' },
    'a scope with two spaces': { send: withParameters({ scope: 'orders.read  orders.read' }) },
    'a scope with a line end': { send: withParameters({ scope: 'orders.read\norders.refund' }) },
    'a scope with a quote': { send: withParameters({ scope: '"orders.read"' }) },
    'a scope of too many names': { send: withParameters({ scope: Array.from({ length: 65 }, () => 'orders.read').join(' ') }) },
    'a session id that is too long': { send: withParameters({ session_id: 'x'.repeat(129) }) },
    'a request id that is too long': { send: withParameters({ request_id: 'x'.repeat(129) }) },
    'a prompt that is too long': { send: withParameters({ prompt: 'x'.repeat(8_193) }) },
    'a name that is too long': { send: withParameters({ tool: 'x'.repeat(129) }) },
    'a subject outside an exchange': { send: withParameters({ subject_token: 'x' }) },
    'an actor outside an exchange': { send: withParameters({ actor_token: 'x' }) },
    'a subject without its type': { send: withParameters({ grant_type: EXCHANGE, subject_token: 'x' }) },
    'a subject of a type that is unknown': { send: withParameters({ grant_type: EXCHANGE, subject_token: 'x', subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }) },
    'an actor without its type': { send: withParameters({ grant_type: EXCHANGE, subject_token: 'x', subject_token_type: JWT_TYPE, actor_token: 'x' }) },
    'an actor type without an actor': { send: withParameters({ grant_type: EXCHANGE, subject_token: 'x', subject_token_type: JWT_TYPE, actor_token_type: JWT_TYPE }) },
    'a token of another type asked for': { send: withParameters({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }) },
    ...Object.fromEntries(['grant_type', 'client_assertion', 'client_assertion_type', 'tool', 'env', 'scope'].map((name) => [`${name} twice`, { send: twice(name) }])),
    'resource twice (RFC 8707, section 2)': { send: twice('resource'), error: 'invalid_target' },
  });
  await isUnharmed(broker);
});

test('announced calls that are malformed, or made to keep us busy, are refused', async (t) => {
  const broker = await testBroker(t);
  await refusesAll(t, broker, {
    'no JSON': { send: details('{') },
    'no list': { send: details('{"type":"tool_call"}') },
    'an empty list': { send: details('[]') },
    'two calls': { send: details(JSON.stringify([1, 2].map(() => ({ type: 'tool_call', action: 'orders.read', arguments: { order_id: 17 } })))) },
    'null': { send: details('[null]') },
    'another type': { send: call({ type: 'payment' }) },
    'no arguments': { send: call({ arguments: undefined }) },
    'arguments that are a list': { send: call({ arguments: [] }) },
    'an action that is a number': { send: call({ action: 1 }) },
    'a member that is unknown': { send: call({ actions: ['orders.refund'] }) },
    'arguments nested 9 deep': { send: call({ arguments: JSON.parse(nested(9)) }) },
    'objects nested 2,000 deep': { send: details(`[{"type":"tool_call","action":"orders.read","arguments":${nested(2_000)}}]`) },
    'lists nested 8,000 deep': { send: details('['.repeat(8_000) + ']'.repeat(8_000)) },
    'a list that never ends': { send: details('['.repeat(16_000)) },
    'more than a call may be': { send: details(JSON.stringify([{ type: 'tool_call', action: 'orders.read', arguments: { text: 'x'.repeat(16_384) } }])) },
    'a record that is an object': { send: call({ arguments: { order_id: { id: 17 } } }) },
    'a record that is empty': { send: call({ arguments: { order_id: '' } }) },
    'a record that is too long': { send: call({ arguments: { order_id: 'x'.repeat(257) } }) },
    'a record out of the prototype': { send: details('[{"type":"tool_call","action":"orders.read","arguments":{"__proto__":{"order_id":"17"}}}]') },
  });
  await isUnharmed(broker);
});

const keyObject = (broker: TestBroker, id: string): KeyObject => createPrivateKey({ key: broker.keyOf(id), format: 'jwk' });
const assertionClaims = (broker: TestBroker): Record<string, unknown> => ({
  iss: 'support-agent', sub: 'support-agent', aud: broker.issuer, iat: minutes(0), exp: minutes(1), jti: crypto.randomUUID(),
});
const using = (make: (broker: TestBroker) => Promise<string> | string): Bad['send'] => async (broker) =>
  broker.form('/token', { grant_type: 'client_credentials', client_assertion_type: JWT_BEARER, client_assertion: await make(broker), ...ORDERS });
/** Signed by the client's own key, with claims replaced. */
const claiming = (claims: Record<string, unknown>): Bad => ({ ...UNPROVEN, send: using((broker) => broker.assertion('support-agent', claims)) });
const UNPROVEN = { status: 401, error: 'invalid_client', reason: 'client_authentication_failed' } as const;
/** Signed, and changed after that. */
const tampered = (change: (parts: readonly [string, string, string]) => string): Bad => ({
  ...UNPROVEN, send: using(async (broker) => change((await broker.assertion('support-agent')).split('.') as [string, string, string])),
});
const payloadOf = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());
const headed = (header: Record<string, unknown>): Bad => ({
  ...UNPROVEN, send: using((broker) => forge({ alg: 'ES256', kid: broker.keyOf('support-agent').kid, ...header }, assertionClaims(broker), keyObject(broker, 'support-agent'))),
});

test('an assertion that proves nothing is invalid_client, whichever field is wrong', async (t) => {
  const broker = await testBroker(t);
  const good = await using((b) => forge({ alg: 'ES256' }, assertionClaims(b), keyObject(b, 'support-agent')))(broker);
  assert.equal(good.status, 200, `made like the forgeries below, and right, is taken: ${good.text}`);
  await refusesAll(t, broker, {
    'an agent that nobody knows': { ...UNPROVEN, send: using((b) => forge({ alg: 'ES256' }, { ...assertionClaims(b), iss: 'nobody', sub: 'nobody' }, keyObject(b, 'support-agent'))) },
    'an agent that nobody knows, with another case': { ...UNPROVEN, send: using((b) => forge({ alg: 'ES256' }, { ...assertionClaims(b), iss: 'Support-agent', sub: 'Support-agent' }, keyObject(b, 'support-agent'))) },
    'another agent\'s name over this key': claiming({ iss: 'triage-agent', sub: 'triage-agent' }),
    'another subject': claiming({ sub: 'triage-agent' }),
    'another client_id': { ...UNPROVEN, send: withParameters({ client_id: 'triage-agent' }) },
    'no iss': claiming({ iss: undefined as never }),
    'an iss that is a list': claiming({ iss: ['support-agent'] }),
    'no sub': claiming({ sub: undefined as never }),
    'no aud': claiming({ aud: undefined as never }),
    'no iat': claiming({ iat: undefined as never }),
    'no exp': claiming({ exp: undefined as never }),
    'no jti': claiming({ jti: undefined as never }),
    'an emptied jti': claiming({ jti: '' }),
    'a jti of a size that none has': claiming({ jti: 'x'.repeat(129) }),
    'an iat that is a text': claiming({ iat: String(minutes(0)) }),
    'an exp in milliseconds': claiming({ exp: Date.now() }),
    'the token endpoint as aud': { ...UNPROVEN, send: using((b) => b.assertion('support-agent', { aud: `${b.issuer}/token` })) },
    'the issuer among other audiences': { ...UNPROVEN, send: using((b) => b.assertion('support-agent', { aud: [b.issuer, 'https://evil.example.com'] })) },
    'over for two minutes': claiming({ iat: minutes(-3), exp: minutes(-2) }),
    'made in two minutes': claiming({ iat: minutes(2), exp: minutes(3) }),
    'good in two minutes': claiming({ nbf: minutes(2), exp: minutes(3) }),
    'good for an hour': claiming({ exp: minutes(60) }),
    'an end before its beginning': claiming({ iat: minutes(0), exp: minutes(0) - 10 }),
    'another header': tampered(([, payload, signature]) => `${encodePart({ alg: 'ES256', typ: 'JWT' })}.${payload}.${signature}`),
    'another signature': tampered(([head, payload, signature]) => `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`),
    'no signature': tampered(([head, payload]) => `${head}.${payload}.`),
    'a part less': tampered(([head, payload]) => `${head}.${payload}`),
    'a part more': tampered((parts) => `${parts.join('.')}.x`),
    'a line end behind it': tampered((parts) => `${parts.join('.')}\n`),
    ...Object.fromEntries(
      Object.entries({ iss: 'triage-agent', sub: 'triage-agent', aud: 'https://evil.example.com', iat: 1, exp: minutes(4), jti: 'x', extra: true }).map(([claim, value]) => [
        `${claim} changed after signing`, tampered(([head, payload, signature]) => `${head}.${encodePart({ ...payloadOf(payload), [claim]: value })}.${signature}`),
      ]),
    ),
    'alg none': tampered(([, payload]) => `${encodePart({ alg: 'none' })}.${payload}.`),
    'alg none over a good signature': tampered(([, payload, signature]) => `${encodePart({ alg: 'none' })}.${payload}.${signature}`),
    'alg HS256, keyed with the public key': {
      ...UNPROVEN,
      send: using((b) => {
        const { d: _, ...jwk } = b.keyOf('support-agent');
        return forgeMac({ alg: 'HS256', kid: jwk.kid }, assertionClaims(b), JSON.stringify(jwk));
      }),
    },
    'alg ES384 over an ES256 signature': headed({ alg: 'ES384' }),
    'alg es256': headed({ alg: 'es256' }),
    'no alg': headed({ alg: undefined }),
    'a key that the assertion brings along': { ...UNPROVEN, send: using((b) => forge({ alg: 'ES256', jwk: b.keyOf('triage-agent') }, assertionClaims(b), keyObject(b, 'triage-agent'))) },
    'the key of another client': { ...UNPROVEN, send: using((b) => forge({ alg: 'ES256', kid: b.keyOf('triage-agent').kid }, assertionClaims(b), keyObject(b, 'triage-agent'))) },
    'a key set that the assertion names': headed({ jku: 'https://evil.example.com/jwks' }),
    'a critical header': headed({ crit: ['exp'] }),
    'another typ': headed({ typ: 'at+jwt' }),
    'a token of ours as the assertion': { ...UNPROVEN, send: using((b) => b.apiToken('dana@example.com')) },
    'nothing that is a JWT': { ...UNPROVEN, send: using(() => 'x.y.z') },
  });
  await isUnharmed(broker, 1);
});

test('a clock that is off by less than half a minute does no harm, either way', async (t) => {
  const broker = await testBroker(t);
  const now = minutes(0);
  for (const [name, claims] of Object.entries({ slow: { iat: now - 85, exp: now - 25 }, fast: { iat: now + 25, exp: now + 85 } })) {
    const answer = await using((b) => b.assertion('support-agent', claims))(broker);
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
  }
});

test('an assertion that was used is worth nothing, whatever was done with it and whatever it is shown for', async (t) => {
  const broker = await testBroker(t);
  const assertion = await broker.assertion('support-agent');
  const show = (parameters: Record<string, string>): Promise<Answer> => broker.form('/token', { grant_type: 'client_credentials', client_assertion_type: JWT_BEARER, client_assertion: assertion, ...parameters });
  assert.equal((await show({ tool: 'orders', env: 'live' })).body.error, 'access_denied', 'it is used up by what was denied');
  for (const parameters of [ORDERS, { tool: 'orders', env: 'live' }, { tool: 'nothing', env: 'staging' }, { resource: broker.issuer }]) {
    const answer = await show(parameters);
    assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client'], answer.text);
    assert.equal(await recordedReason(broker, answer), 'replayed', 'and nothing tells what the policy says to it');
  }
  await isUnharmed(broker);
});

test('denials that are the same are one entry in ten seconds, and the repeats are counted', async (t) => {
  const broker = await testBroker(t);
  const answers = await Promise.all(Array.from({ length: 50 }, () => broker.form('/token', { grant_type: 'password' })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([400]));
  const told = (await broker.ledger('&kind=token.denied')).length;
  assert.ok(told <= 2, `${told} entries: two only where a window ended in between`);
  await broker.close();
  await broker.start();
  const entries = await broker.ledger('&kind=token.denied');
  const sum = entries.reduce((total, { count = 1 }) => total + count, 0);
  assert.equal(sum, 50, 'none is lost at the end');
});
