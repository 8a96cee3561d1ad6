/** Bugs that others had, again: what is remembered, guessed, half done, misspelled, or used for two things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, claimsOf, edit, testBroker, type TestBroker, withKey } from './broker.ts';
import { desk } from './desk.ts';
import { onFullDisk } from './full-disk.ts';
import { apiByIdentity, asSubject, idpFor } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function revoke(broker: TestBroker, client: string, answer: Answer): Promise<Answer> {
  return broker.form('/revoke', { ...(await broker.proof(client)), token: answer.body.access_token });
}

async function isActive(broker: TestBroker, answer: Answer): Promise<boolean> {
  return (await broker.introspect('orders-mcp-staging', answer.body.access_token)).body.active;
}

test('regression 12: what is remembered of one token never answers for another', async (t) => {
  const { broker, idp } = await desk(t);
  const tokens = await Promise.all([
    broker.token('support-agent', { ...TICKETS, scope: 'tickets.read' }), broker.token('triage-agent', { ...TICKETS, scope: 'tickets.create' }), broker.token('support-agent', { ...TICKETS, scope: 'tickets.create' }),
  ]);
  const server = await broker.apiToken('tickets-mcp-staging');
  const ask = async (token: string): Promise<Answer['body']> => (await broker.form('/introspect', { token }, bearer(server))).body;
  for (let round = 0; round < 3; round += 1) {
    for (const token of round % 2 === 0 ? tokens : tokens.toReversed()) {
      const { active: _, token_type: __, ...claims } = await ask(token.body.access_token);
      assert.deepEqual(claims, claimsOf(token));
    }
  }
  const parts = tokens.map(({ body }) => body.access_token.split('.') as [string, string, string]);
  for (const [head] of parts) for (const [, payload] of parts) for (const [, , signature] of parts) {
    const mixed = `${head}.${payload}.${signature}`;
    const isOne = tokens.some(({ body }) => body.access_token === mixed);
    assert.equal((await ask(mixed)).active, isOne, 'a mixture of good tokens is none');
  }
  const [deskToken, kim] = [await idp.token(broker, 'desk'), await idp.token(broker, '00u1kim')];
  for (let round = 0; round < 2; round += 1) {
    assert.equal(claimsOf(await broker.exchange('tickets-mcp-staging', { ...TICKETS, ...asSubject(deskToken) })).sub, 'desk-agent');
    assert.equal(claimsOf(await broker.exchange('support-agent', { ...TICKETS, ...asSubject(kim) })).sub, 'kim@example.com');
  }
});

test('regression 18: nobody revokes, reads, clears or lifts what is not theirs by knowing its id', async (t) => {
  const idp = await idpFor(t);
  const broker = await testBroker(t, { config: { identities: [idp.identity] }, grants: (folder) => withKey(folder, 'lee@example.com') });
  const token = await broker.token('support-agent', ORDERS);
  for (const client of ['triage-agent', 'orders-mcp-staging', 'tickets-mcp-staging', 'dana@example.com', 'local-operator']) {
    const answer = await revoke(broker, client, token);
    assert.deepEqual([answer.status, answer.body.error], [400, 'unauthorized_client'], client);
  }
  assert.ok(await isActive(broker, token));
  const { decision } = (await broker.token('support-agent', { tool: 'orders', env: 'live', scope: 'orders.read' })).body;
  const stop = await broker.stop({ tool: 'orders' });
  const { sid } = claimsOf(token);
  const lift = async (as: string): Promise<unknown> => ({ signature: await broker.liftSignature(as, stop) });
  const callers = ['orders-mcp-staging', 'local-operator', 'dana@example.com', 'lee@example.com', 'kim', 'robin'] as const;
  const table: readonly (readonly [string, string, (as: string) => unknown, readonly number[]])[] = [
    // server, operator, admin, oncall, approver, auditor
    ['GET', `/v1/decisions/${decision}`, () => undefined, [403, 200, 200, 200, 200, 200]],
    ['GET', '/v1/status', () => undefined, [403, 200, 200, 200, 200, 200]],
    ['GET', '/v1/stops', () => undefined, [403, 200, 200, 200, 200, 200]],
    ['GET', '/v1/grants', () => undefined, [403, 200, 200, 200, 200, 200]],
    ['POST', '/v1/explain', () => ({ agent: 'support-agent', ...ORDERS }), [403, 200, 200, 200, 200, 200]],
    ['GET', '/v1/tokens', () => undefined, [403, 200, 200, 200, 403, 403]],
    ['GET', '/v1/sessions', () => undefined, [403, 200, 200, 200, 403, 403]],
    ['GET', '/v1/ledger', () => undefined, [403, 200, 403, 403, 403, 200]],
    ['POST', '/v1/keys/rotate', () => ({}), [403, 200, 200, 403, 403, 403]],
    ['POST', `/v1/sessions/${sid}/clear`, () => ({ reason: 'looked' }), [403, 403, 200, 404, 403, 403]],
    ['POST', '/v1/stops', () => ({ target: { env: 'live' }, reason: 'INC-7' }), [403, 201, 201, 201, 403, 403]],
    ['DELETE', `/v1/stops/${stop}`, (as) => (as.includes('@') || as.startsWith('local') ? lift(as) : { signature: 'x.y.z' }), [403, 403, 200, 404, 404, 404]],
  ];
  for (const [method, path, body, statuses] of table) {
    for (const [index, as] of callers.entries()) {
      const sent = await body(as);
      const answer = as === 'kim' || as === 'robin' ? await apiByIdentity(broker, await idp.token(broker, `00u1${as}`), method, path, sent) : await broker.api(as, method, path, sent);
      assert.equal(answer.status, statuses[index], `${method} ${path} as ${as}: ${answer.text}`);
    }
  }
  const agents = await broker.token('support-agent', { resource: broker.issuer });
  assert.equal(agents.status, 401, 'agents get no token for the API at all');
});

test('regression 19: a request that ends in an error has minted nothing', async (t) => {
  const broker = await testBroker(t, { grants: (folder) => edit(folder, 'support-tickets.yaml', '30/min', '1/day') });
  const operator = await broker.apiToken('local-operator');
  const counts = async (): Promise<readonly unknown[]> => {
    const { body: { live_tokens, ledger_size } } = await broker.apiWith(operator, 'GET', '/v1/status');
    const { body: { tokens } } = await broker.apiWith(operator, 'GET', '/v1/tokens');
    const { body: { sessions } } = await broker.apiWith(operator, 'GET', '/v1/sessions');
    return [live_tokens, tokens.length, sessions.length, ledger_size];
  };
  const before = await counts();
  await onFullDisk(async () => {
    for (const [client, parameters] of [['support-agent', ORDERS], ['triage-agent', TICKETS], ['dana@example.com', { resource: broker.issuer }]] as const) {
      const answer = await broker.token(client, parameters);
      assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
      assert.equal(answer.body.access_token, undefined);
    }
    assert.deepEqual(await counts(), before);
  });
  assert.deepEqual(await counts(), before, 'nor when there is space again');
  assert.equal((await broker.token('support-agent', TICKETS)).status, 200, 'the one call of the rate was not used up either');
  const [live] = await counts();
  assert.equal((await broker.token('support-agent', TICKETS)).status, 429);
  assert.equal((await broker.token('support-agent', { tool: 'orders', env: 'live', scope: 'orders.read' })).status, 400);
  assert.deepEqual((await counts()).slice(0, 3), [live, 1, 1]);
});

test('regression 20: wildcards, slashes, dots, case, look-alikes and normal forms in names widen nothing', async (t) => {
  const broker = await testBroker(t);
  const dana = await broker.apiToken('dana@example.com');
  const spellings = (name: string): readonly string[] => [
    '*', '**', `${name}*`, '.', '..', `../${name}`, `${name}/..`, `./${name}`, `/${name}`, `${name}/`, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`, ` ${name}`, `${name} `, `${name}\0`, `${name}\n`,
    name.replace('o', '\u043e').replace('s', '\u0455'), name.replace(/./, (first) => String.fromCodePoint((first.codePointAt(0) ?? 0) + 0xfee0)), `${name}\u200b`, `${name}\u0301`, `${name}.`, `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`, `${name},tickets`, '__proto__', 'constructor',
  ];
  for (const tool of spellings('orders')) assert.equal((await broker.token('support-agent', { tool, env: 'staging' })).body.error, 'invalid_target', tool);
  for (const env of spellings('staging')) assert.equal((await broker.token('support-agent', { tool: 'orders', env })).body.error, 'invalid_target', env);
  for (const scope of spellings('orders.read')) assert.match((await broker.token('support-agent', { ...ORDERS, scope })).body.error, /^invalid_(?:scope|request)$/, scope);
  for (const resource of ['http://127.0.0.1:8801/MCP', 'http://127.0.0.1:8801/mcp/*', 'http://127.0.0.1:8801/x/../mcp', 'http://127.0.0.1:8801/%6dcp', 'http://127.0.0.1:8801', 'http://127.0.0.1:8801/mcp?x', 'http://127.0.0.1:8801/mcp#x', 'http://u@127.0.0.1:8801/mcp', '*']) {
    assert.equal((await broker.token('support-agent', { resource })).body.error, 'invalid_target', resource);
  }
  for (const name of spellings('orders')) {
    const answer = await broker.apiWith(dana, 'POST', '/v1/stops', { target: { tool: name }, reason: 'INC-7' });
    assert.ok([400, 404].includes(answer.status), `${name}: ${answer.text}`);
  }
  assert.deepEqual((await broker.apiWith(dana, 'GET', '/v1/stops')).body.stops, []);
  assert.equal((await broker.ledger('&kind=token.issued')).filter(({ tool }) => tool !== undefined).length, 0);
});

test('regression 21: an id that was used for one kind of proof is free for another, and used up for its own', async (t) => {
  const broker = await testBroker(t);
  const jti = 'one-jti-for-two-kinds';
  const ids = [await broker.stop({ agent: 'triage-agent' }), await broker.stop({ agent: 'support-agent' })] as const;
  const api = await broker.apiToken('dana@example.com');
  const sign = async (): Promise<Answer> => broker.form('/token', { grant_type: 'client_credentials', ...(await broker.proof('dana@example.com')), client_assertion: await broker.assertion('dana@example.com', { jti }), resource: broker.issuer });
  const lift = async (id: string): Promise<Answer> => broker.apiWith(api, 'DELETE', `/v1/stops/${id}`, { signature: await broker.liftSignature('dana@example.com', id, { jti }) });
  assert.equal((await sign()).status, 200);
  assert.equal((await lift(ids[0])).status, 200);
  assert.equal((await lift(ids[1])).status, 403);
  assert.equal((await sign()).status, 401);
});
