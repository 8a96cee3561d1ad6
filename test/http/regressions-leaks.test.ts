/** Bugs that others had: secrets that came to light, files that somebody else chose, time and words that told too much. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { Log } from '../../src/core/log.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { ACCESS_TOKEN, type Answer, EXCHANGE, JWT_BEARER, JWT_TYPE, testBroker, type TestBroker, withKey } from './broker.ts';
import { asClient, idpFor } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };

/** A log that keeps every line, with all that an error could say. */
function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const errorsToo = (_key: string, value: unknown): unknown => (value instanceof Error ? { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause } : value);
  const keep = (fields: object, message: string): void => void lines.push(JSON.stringify([message, fields], errorsToo));
  return { log: { debug: keep, info: keep, warn: keep, error: keep }, lines };
}

/** Every parameter of `/token`, also those that only some requests may have. */
const TOKEN_PARAMETERS = [
  'grant_type', 'client_id', 'client_assertion_type', 'client_assertion', 'resource', 'audience', 'tool', 'env', 'scope', 'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type',
  'requested_token_type', 'session_id', 'request_id', 'prompt', 'authorization_details', 'client_secret', 'code', 'refresh_token', 'password', 'unknown',
];
const HEADERS = ['authorization', 'cookie', 'user-agent', 'referer', 'origin', 'x-request-id', 'request-id', 'traceparent', 'x-forwarded-for', 'forwarded', 'dpop', 'accept', 'x-hallpass-unknown'];
const TARGETS = ['tool', 'env', 'agent', 'server', 'grant', 'token', 'session', 'approver', 'person', 'key', 'all', 'unknown'];

test('regression 14: a secret sent through every parameter, header, path and field is in no log line, no entry, no error', async (t) => {
  const secret = `s3cr3t-${randomBytes(16).toString('hex')}`;
  const { log, lines } = keptLog();
  const idp = await idpFor(t);
  const broker = await testBroker(t, { log, config: { identities: [idp.identity] }, grants: (folder) => withKey(folder, 'lee@example.com') });
  const answers: Answer[] = [];
  const sent = async (answer: Promise<Answer>): Promise<void> => void answers.push(await answer);
  const good = async (client: string): Promise<Record<string, string>> => ({ grant_type: 'client_credentials', ...(await broker.proof(client)), ...ORDERS });

  for (const name of TOKEN_PARAMETERS) {
    await sent(broker.form('/token', { ...(await good('support-agent')), scope: 'orders.read', [name]: secret }));
    await sent(broker.form('/token', { ...(await good('orders-mcp-staging')), grant_type: EXCHANGE, subject_token: 'x', subject_token_type: ACCESS_TOKEN, [name]: secret }));
    await sent(broker.form('/token', { [name]: secret }));
    await sent(broker.form('/token', { [name]: 'x', [secret]: 'x' }));
  }
  for (const scope of [`orders.${secret}`, `orders.read ${secret}`]) await sent(broker.token('support-agent', { ...ORDERS, scope }));
  const call = { type: 'tool_call', action: 'orders.read', arguments: { order_id: '17' } };
  for (const details of [
    [{ ...call, type: secret }], [{ ...call, action: secret }], [{ ...call, arguments: { order_id: secret } }], [{ ...call, arguments: { [secret]: secret } }], [{ ...call, arguments: secret }],
    [{ ...call, [secret]: secret }], [secret], { [secret]: secret }, [call, secret], [{ ...call, arguments: { order_id: [secret, '17'] } }],
  ]) {
    await sent(broker.token('support-agent', { ...ORDERS, scope: 'orders.read', authorization_details: JSON.stringify(details) }));
  }
  await sent(broker.token('support-agent', { ...ORDERS, authorization_details: `[{"${secret}` }));

  const signed = (claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> => broker.assertion('support-agent', claims, header);
  const jwts = [
    ...(await Promise.all(['iss', 'sub', 'aud', 'jti', 'iat', 'exp', 'nbf', 'unknown', secret].map((claim) => signed({ [claim]: secret } as never)))),
    ...(await Promise.all(['kid', 'typ', 'cty', 'jku', 'unknown'].map((member) => signed({}, { [member]: secret })))),
    new UnsecuredJWT({ iss: secret, sub: secret }).encode(), `${secret}.${secret}.${secret}`, await idp.token(broker, secret), await idp.token(broker, '00u1kim', { jti: secret, unknown: secret }), await idp.token(broker, '00u1kim', {}, { kid: secret }),
    await new SignJWT({ iss: 'https://idp.example.com', sub: secret, aud: broker.issuer }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret)),
  ];
  for (const jwt of jwts) {
    await sent(broker.form('/token', { grant_type: 'client_credentials', ...asClient(jwt), ...ORDERS }));
    await sent(broker.exchange('orders-mcp-staging', { ...ORDERS, subject_token: jwt, subject_token_type: JWT_TYPE }));
    await sent(broker.exchange('orders-mcp-staging', { ...ORDERS, subject_token: await idp.token(broker, '00u1kim'), subject_token_type: JWT_TYPE, actor_token: jwt, actor_token_type: JWT_TYPE }));
    for (const path of ['/introspect', '/revoke']) await sent(broker.form(path, { ...asClient(jwt), token: jwt }));
  }
  for (const path of ['/introspect', '/revoke']) {
    for (const name of ['token', 'token_type_hint', 'client_assertion', 'client_assertion_type', 'client_id', 'unknown']) await sent(broker.form(path, { ...(await broker.proof('orders-mcp-staging')), token: 'x', [name]: secret }));
  }
  for (const header of HEADERS) {
    for (const [method, path] of [['POST', '/token'], ['POST', '/introspect'], ['GET', '/v1/status'], ['GET', '/healthz'], ['GET', '/nothing'], ['GET', '/token']] as const) {
      await sent(broker.request(method, path, { headers: { [header]: header === 'authorization' ? `Bearer ${secret}` : secret } }));
    }
  }
  const [dana, operator] = [await broker.apiToken('dana@example.com'), await broker.apiToken('local-operator')];
  const api = (method: string, path: string, body?: unknown, token = dana): Promise<void> => sent(broker.apiWith(token, method, path, body));
  for (const path of [`/${secret}`, `/token/${secret}`, `/v1/${secret}`, `/v1/stops/${secret}`, `/v1/decisions/${secret}`, `/v1/sessions/${secret}/clear`, `/%zz${secret}`, `/v1/stops?${secret}=${secret}`, `/token?x=${secret}`, `/healthz?${secret}`, `/v1/stops/${secret.repeat(8)}`]) {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT']) await api(method, path, method === 'GET' ? undefined : { reason: secret, signature: secret });
  }
  for (const target of TARGETS) await api('POST', '/v1/stops', { target: { [target]: secret }, reason: 'INC-7' });
  for (const body of [{ target: secret, reason: 'x' }, { target: { tool: 'orders', env: secret }, reason: 'x' }, { target: { tool: 'orders', [secret]: 'x' }, reason: 'x' }, { target: { tool: 'orders' }, reason: 'x', [secret]: 'x' }, secret]) await api('POST', '/v1/stops', body);
  await api('POST', '/v1/stops', { target: { agent: 'triage-agent' }, reason: `because of ${secret}` });
  for (const [name, value] of Object.entries({ agent: secret, tool: secret, env: secret, actions: [secret], records: secret, at: secret, [secret]: secret })) await api('POST', '/v1/explain', { agent: 'support-agent', ...ORDERS, [name]: value });
  for (const name of ['from', 'before', 'limit', 'kind', 'outcome', 'agent', 'tool', 'env', 'session', 'token', 'decision', 'grant', 'stop', 'text', secret]) await api('GET', `/v1/ledger?${name}=${secret}`, undefined, operator);
  for (const name of ['limit', secret]) for (const path of ['tokens', 'sessions', 'status', 'grants', 'stops']) await api('GET', `/v1/${path}?${name}=${secret}`);
  const stop = await broker.stop({ tool: 'tickets' });
  for (const signature of [secret, await broker.liftSignature('dana@example.com', stop, { stop: secret }), await broker.liftSignature('dana@example.com', secret), await broker.liftSignature('dana@example.com', stop, { iss: secret, [secret]: secret })]) await api('DELETE', `/v1/stops/${stop}`, { signature });
  await broker.token('support-agent', { ...ORDERS, session_id: 'chat-1' });
  const { sessions } = (await broker.apiWith(dana, 'GET', '/v1/sessions')).body;
  await broker.stop({ tool: 'orders' });
  await api('POST', `/v1/sessions/${sessions[0].session}/clear`, { reason: `saw ${secret}` });
  await api('POST', '/v1/keys/rotate', { [secret]: secret });
  for (const type of ['application/json', 'text/plain', secret, `application/json; charset=${secret}`]) await sent(broker.request('POST', '/token', { headers: { 'content-type': type }, body: `{"${secret}` }));

  const core = secret.slice(7);
  assert.ok(answers.length > 350 && lines.length > 350, `${answers.length} answers, ${lines.length} lines`);
  for (const { status, text, headers } of answers) {
    // What was issued is for whoever sent it; all else is an error, or lists what is stored.
    if (!text.includes('access_token')) assert.ok(!text.includes(core) && !JSON.stringify([...headers]).includes(core), `${status}: ${text}`);
  }
  for (const line of lines) assert.ok(!line.includes(core), line);
  const stored: { readonly entry: LedgerEntry }[] = [];
  for (let from = 0; ; from += 200) {
    const { entries } = (await broker.apiWith(await broker.apiToken('local-operator'), 'GET', `/v1/ledger?from=${from}&limit=200`)).body;
    if (entries.length === 0) break;
    stored.push(...entries);
  }
  assert.ok(stored.length > 50);
  for (const entry of stored) assert.ok(!JSON.stringify(entry).includes(core), JSON.stringify(entry));
  assert.ok(stored.some(({ entry }) => /\[(?:opaque|secret) [0-9a-f]{8}\]/.test(entry.reason ?? '')), 'it is masked where text is kept');
});

/** Every file below a folder, with the hash of what it holds. */
function filesIn(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => lstatSync(join(folder, name)).isFile());
  return new Map(names.sort().map((name) => [name, createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')]));
}

test('regression 15: no parameter chooses a file: outside the data folder nothing changes, and in it nothing new appears', async (t) => {
  const broker = await testBroker(t);
  const { data, grants } = broker.config;
  const outside = (): readonly (readonly [string, string])[] => [...filesIn(dirname(data))].filter(([name]) => !name.startsWith(`${relative(dirname(data), data)}/`));
  const before = { outside: outside(), data: [...filesIn(data).keys()] };
  assert.ok(before.outside.length > 5 && before.outside.every(([name]) => name.startsWith('grants/')));

  const mark = `pwned-${randomBytes(8).toString('hex')}`;
  const paths = [`../${mark}`, `../../${mark}`, `/tmp/${mark}`, `..%2f${mark}`, `....//${mark}`, `file:///tmp/${mark}`, `${grants}/${mark}.yaml`, `keys/../../${mark}`, `C:\\${mark}`, `;touch /tmp/${mark}`, `$(touch /tmp/${mark})`, `\`touch /tmp/${mark}\``, `${mark}\0.jwk`, mark];
  const token = await broker.apiToken('dana@example.com');
  for (const path of paths) {
    for (const name of TOKEN_PARAMETERS) await broker.form('/token', { grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS, [name]: path });
    for (const target of TARGETS) await broker.apiWith(token, 'POST', '/v1/stops', { target: { [target]: path }, reason: path });
    for (const url of ['/v1/stops/', '/v1/decisions/', '/v1/sessions/', '/']) await broker.apiWith(token, 'GET', `${url}${encodeURIComponent(path)}`);
    for (const method of ['PUT', 'POST', 'DELETE']) await broker.apiWith(token, method, `/v1/stops/${encodeURIComponent(path)}`, { signature: path });
    await broker.apiWith(token, 'POST', '/v1/keys/rotate', { kid: path, file: path });
    await broker.form('/token', { grant_type: 'client_credentials', client_assertion_type: JWT_BEARER, client_assertion: await broker.assertion('support-agent', { jti: path }, { kid: path }), ...ORDERS });
  }
  await broker.stop({ key: (await broker.request('GET', '/.well-known/jwks.json')).body.keys[0].kid }, 'dana@example.com');
  assert.deepEqual(outside(), before.outside);
  const fresh = [...filesIn(data).keys()].filter((name) => !before.data.includes(name));
  assert.ok(fresh.length === 1 && /^keys\/signing-[A-Za-z0-9_-]{43}\.jwk$/.test(fresh[0] ?? ''), `only a key of the broker's own making: ${fresh}`);
  for (const folder of ['/', '/tmp', tmpdir(), process.cwd(), dirname(dirname(data)), grants]) {
    for (const name of [mark, `${mark}.yaml`, `${mark}.jwk`]) assert.ok(!existsSync(join(folder, name)), join(folder, name));
  }
});

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

/** The same request as a client that there is, and as one that there is not, with a key that neither has. */
async function guess(broker: TestBroker, client: string): Promise<Answer> {
  const assertion = await broker.assertion('triage-agent', { iss: client, sub: client });
  return broker.form('/token', { grant_type: 'client_credentials', ...asClient(assertion), ...ORDERS });
}

test('regression 16: an unknown client costs the same work as a known one, and hears the same words', async (t) => {
  const broker = await testBroker(t);
  const verify = t.mock.method(crypto.subtle, 'verify');
  const done = async (client: string): Promise<unknown> => {
    const before = verify.mock.callCount();
    const { status, body: { error, error_description: words } } = await guess(broker, client);
    return { status, error, words: words.replace(/\(dec_.*\)/, ''), signaturesChecked: verify.mock.callCount() - before };
  };
  const known = await done('support-agent');
  assert.equal((known as { readonly signaturesChecked: number }).signaturesChecked, 1);
  // An agent, a server, a person and the operator that there are; servers and people without a key; and nobody.
  for (const client of ['orders-mcp-staging', 'dana@example.com', 'local-operator', 'orders-mcp', 'kim@example.com', 'nobody', 'nobody@example.com', '', 'https://evil.example.com', '__proto__']) {
    assert.deepEqual(await done(client), known, client);
  }
});

test('regression 16: an unknown client takes as long as a known one', async (t) => {
  const broker = await testBroker(t);
  const times = { 'support-agent': [] as number[], nobody: [] as number[] };
  for (let round = 0; round < 120; round += 1) {
    for (const client of ['support-agent', 'nobody'] as const) {
      const started = performance.now();
      await guess(broker, client);
      times[client].push(performance.now() - started);
    }
  }
  const ratio = median(times.nobody) / median(times['support-agent']);
  assert.ok(ratio > 1 / 3 && ratio < 3, `${ratio}`);
});
