/** Bugs that others had (CVEs and issues of other brokers and libraries), shown over HTTP not to be here. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACCESS_TOKEN, type Answer, claimsOf, edit, EXCHANGE, JWT_TYPE, testBroker, type TestBroker } from './broker.ts';
import { onFullDisk, until } from './full-disk.ts';
import { desk } from './desk.ts';
import { asSubject } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };
const own = (answer: Answer): Record<string, string> => ({ subject_token: answer.body.access_token, subject_token_type: ACCESS_TOKEN });
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function revoke(broker: TestBroker, client: string, answer: Answer): Promise<Answer> {
  return broker.form('/revoke', { ...(await broker.proof(client)), token: answer.body.access_token });
}

async function isActive(broker: TestBroker, answer: Answer, server = 'orders-mcp-staging'): Promise<boolean> {
  return (await broker.introspect(server, answer.body.access_token)).body.active;
}

test('regression 1: a revocation that cannot be stored is never answered with success', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.token('support-agent', ORDERS);
  const server = await broker.apiToken('orders-mcp-staging');
  const ask = (): Promise<Answer> => broker.form('/introspect', { token: token.body.access_token }, bearer(server));
  await onFullDisk(async () => {
    for (const client of ['support-agent', 'orders-mcp-staging', 'support-agent']) {
      const answer = await revoke(broker, client, token);
      assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable'], client);
      assert.equal(answer.headers.get('retry-after'), '1');
    }
    assert.equal((await ask()).body.active, true, 'nor was it half done');
    assert.equal((await broker.request('GET', '/readyz')).status, 503);
  });
  assert.equal((await revoke(broker, 'support-agent', token)).status, 200);
  assert.equal((await ask()).body.active, false);
  await broker.close();
  await broker.start();
  assert.equal(await isActive(broker, token), false);
});

test('regression 1: a stop that cannot be stored is in force at once, says that it is not stored, and is stored later', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.token('support-agent', ORDERS);
  const [server, person] = [await broker.apiToken('orders-mcp-staging'), await broker.apiToken('dana@example.com')];
  const stop = await onFullDisk(async () => {
    const answer = await broker.apiWith(person, 'POST', '/v1/stops', { target: { tool: 'orders' }, reason: 'INC-7' });
    assert.deepEqual([answer.status, answer.body.durable], [202, false], answer.text);
    assert.equal((await broker.form('/introspect', { token: token.body.access_token }, bearer(server))).body.active, false);
    const { stops } = (await broker.apiWith(person, 'GET', '/v1/stops')).body;
    assert.deepEqual(stops.map(({ id, place }: { readonly id: string; readonly place?: number }) => [id, place]), [[answer.body.id, undefined]], 'it is listed, without a place');
    return answer.body.id;
  });
  const isStored = async (): Promise<boolean> => (await broker.apiWith(person, 'GET', '/v1/stops')).body.stops.some(({ id, place }: { readonly id: string; readonly place?: number }) => id === stop && place !== undefined);
  await until('the stop is stored', isStored);
  assert.equal((await broker.ledger(`&kind=stop.engaged&stop=${stop}`)).length, 1);
  await broker.close();
  await broker.start();
  assert.equal((await broker.token('support-agent', ORDERS)).body.error, 'access_denied');
  assert.equal(await isActive(broker, token), false);
});

test('regression 1: the token for the API of the broker can be given back too', async (t) => {
  const broker = await testBroker(t);
  const api = await broker.apiToken('dana@example.com');
  assert.equal((await broker.form('/revoke', { token: api }, bearer(await broker.apiToken('orders-mcp-staging')))).body.error, 'unauthorized_client');
  assert.equal((await broker.apiWith(api, 'GET', '/v1/stops')).status, 200);
  assert.equal((await broker.form('/revoke', { ...(await broker.proof('dana@example.com')), token: api })).status, 200);
  assert.equal((await broker.apiWith(api, 'GET', '/v1/stops')).status, 401);
});

test('regression 2: the jti of an assertion works once, at whichever endpoint, and a restart does not forget it', async (t) => {
  const broker = await testBroker(t);
  const { access_token } = (await broker.token('support-agent', ORDERS)).body;
  const endpoints: Readonly<Record<string, Record<string, string>>> = {
    '/token': { grant_type: EXCHANGE, ...ORDERS, subject_token: access_token, subject_token_type: ACCESS_TOKEN },
    '/introspect': { token: access_token },
    '/revoke': { token: 'x' },
  };
  for (const [first, parameters] of Object.entries(endpoints)) {
    const proof = await broker.proof('orders-mcp-staging');
    assert.equal((await broker.form(first, { ...proof, ...parameters })).status, 200, first);
    for (const [second, again] of Object.entries(endpoints)) {
      const answer = await broker.form(second, { ...proof, ...again });
      assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client'], `${first}, then ${second}: ${answer.text}`);
    }
  }
  const jti = 'the-same-jti-again';
  const claimed = async (id: string): Promise<Record<string, string>> => ({ ...(await broker.proof(id)), client_assertion: await broker.assertion(id, { jti }) });
  const show = async (id: string): Promise<number> => (await broker.form('/token', { grant_type: 'client_credentials', ...(await claimed(id)), ...TICKETS })).status;
  assert.deepEqual([await show('support-agent'), await show('support-agent'), await show('triage-agent')], [200, 401, 200], 'each client has ids of its own');
  await broker.close();
  await broker.start();
  assert.equal(await show('support-agent'), 401);
});

test('regression 3: of 100 concurrent uses of one assertion exactly one wins', async (t) => {
  const broker = await testBroker(t);
  const proof = { grant_type: 'client_credentials', ...(await broker.proof('support-agent')), ...ORDERS };
  const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await broker.form('/token', proof)).status));
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(statuses.filter((status) => status === 401).length, 99);
  assert.equal((await broker.ledger('&kind=token.issued&agent=support-agent')).length, 1);
});

test('regression 4: of an exchange that races a revocation, or a stop, nothing survives', async (t) => {
  const broker = await testBroker(t, { grants: (folder) => edit(folder, 'support-orders.yaml', '60/min', '10000/min') });
  for (let round = 0; round < 12; round += 1) {
    const parent = await broker.token('support-agent', ORDERS);
    const exchanges = Array.from({ length: 6 }, () => broker.exchange('orders-mcp-staging', { ...ORDERS, ...own(parent) }));
    const cut = round % 2 === 0 ? revoke(broker, 'support-agent', parent) : broker.api('local-operator', 'POST', '/v1/stops', { target: { token: claimsOf(parent).jti }, reason: 'INC-7' });
    const answers = await Promise.all(exchanges);
    assert.ok([200, 201].includes((await cut).status));
    for (const answer of answers) {
      if (answer.status === 200) assert.equal(await isActive(broker, answer), false, 'what came out before is void');
      else assert.equal(answer.body.error, 'access_denied', answer.text);
    }
    assert.equal((await broker.exchange('orders-mcp-staging', { ...ORDERS, ...own(parent) })).status, 400, 'and nothing comes out after');
  }
  assert.equal((await broker.api('local-operator', 'GET', '/v1/status')).body.live_tokens, 0);
});

test('regression 5: an exchange checks again that agent, tool, environment, action and grant are allowed', async (t) => {
  const changes: Readonly<Record<string, readonly [(folder: string) => void, string]>> = {
    'the grant is gone': [(folder) => rmSync(join(folder, 'desk-tickets.yaml')), 'no_grant'],
    'the agent is gone': [
      (folder) => {
        edit(folder, 'agents.yaml', / {2}desk-agent:\n(?: {4}.*\n)+/, '');
        rmSync(join(folder, 'desk-tickets.yaml'));
      },
      'subject_token_invalid',
    ],
    'the action is no longer granted': [(folder) => edit(folder, 'desk-tickets.yaml', '[tickets.read, tickets.create]', '[tickets.create]'), 'action_not_granted'],
    'the grant is over': [(folder) => edit(folder, 'desk-tickets.yaml', 'expires: 2027-12-31', 'expires: 2026-01-01'), 'grant_expired'],
    'the environment became production': [
      (folder) => {
        edit(folder, 'tools/tickets.yaml', 'production: false', 'production: true');
        edit(folder, 'people.yaml', '{tool: tickets, env: "*"}', '{tool: tickets, env: staging}');
        edit(folder, 'agents.yaml', 'desk-agent:\n    owner: dana@example.com', 'desk-agent:\n    owner: kim@example.com');
        rmSync(join(folder, 'support-tickets.yaml'));
      },
      'unsigned',
    ],
    'the identity is another\'s': [(folder) => edit(folder, 'agents.yaml', 'subject: desk', 'subject: desk2'), 'subject_token_invalid'],
  };
  for (const [name, [change, reason]] of Object.entries(changes)) {
    await t.test(name, async (inner) => {
      const { broker, idp } = await desk(inner);
      const ask = { ...TICKETS, scope: 'tickets.read', ...asSubject(await idp.token(broker, 'desk')) };
      const parent = await broker.exchange('tickets-mcp-staging', ask);
      assert.equal(parent.status, 200, parent.text);
      change(broker.config.grants);
      await broker.reload();
      assert.deepEqual((await broker.api('local-operator', 'GET', '/v1/status')).body.policy.broken, undefined);
      const again = await broker.exchange('tickets-mcp-staging', ask);
      assert.equal(again.status, 400, 'from the same identity');
      const [entry] = await broker.ledger(`&decision=${again.body.decision}`);
      assert.equal(entry?.reasons?.[0]?.reason, reason, JSON.stringify(entry?.reasons));
      assert.equal((await broker.exchange('tickets-mcp-staging', { ...TICKETS, ...own(parent) })).status, 400, 'from the token that it gave before');
      assert.equal(await isActive(broker, parent, 'tickets-mcp-staging'), false);
    });
  }
});

test('regression 7: a missing or emptied subject_token never falls back to the rights of the client', async (t) => {
  const broker = await testBroker(t);
  for (const subject of [undefined, '', ' ', 'null', 'undefined', '.', '..', 'eyJhbGciOiJub25lIn0..']) {
    for (const type of [undefined, '', JWT_TYPE, ACCESS_TOKEN]) {
      for (const client of ['support-agent', 'orders-mcp-staging']) {
        const given = { ...(subject === undefined ? {} : { subject_token: subject }), ...(type === undefined ? {} : { subject_token_type: type }) };
        const answer = await broker.exchange(client, { ...ORDERS, ...given });
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], `${JSON.stringify(given)}: ${answer.text}`);
      }
    }
  }
  assert.equal((await broker.ledger('&kind=token.issued')).filter(({ tool }) => tool !== undefined).length, 0);
});

test('regression 8: introspection tells nothing to whom the token is not for, not even that a stop came', async (t) => {
  const { broker, idp } = await desk(t);
  const token = await broker.token('support-agent', ORDERS);
  const answers = async (): Promise<readonly unknown[]> => {
    const kim = await idp.token(broker, '00u1kim');
    const asked = await Promise.all(['tickets-mcp-staging', 'support-agent', 'triage-agent', 'dana@example.com', 'local-operator'].map((client) => broker.introspect(client, token.body.access_token)));
    const byKim = await broker.form('/introspect', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: kim, token: token.body.access_token });
    return [...asked, byKim].map(({ status, body }) => ({ status, body }));
  };
  const nothing = Array.from({ length: 6 }, () => ({ status: 200, body: { active: false } }));
  assert.deepEqual(await answers(), nothing);
  await broker.stop({ tool: 'orders' });
  assert.deepEqual(await answers(), nothing);
  assert.deepEqual((await broker.introspect('orders-mcp-staging', token.body.access_token)).body, { active: false, stopped: true });
});
