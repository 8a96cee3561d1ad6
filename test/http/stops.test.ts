/** The stop: what it hits and what it leaves alone, who may engage it, and that a typo stops nothing. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { ACCESS_TOKEN, type Answer, claimsOf, testBroker, type TestBroker, withKey } from './broker.ts';
import { apiByIdentity, asSubject, type Idp, idpFor } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };

interface Office {
  readonly broker: TestBroker;
  readonly idp: Idp;
}

async function office(t: TestContext): Promise<Office> {
  const idp = await idpFor(t);
  return { idp, broker: await testBroker(t, { config: { identities: [idp.identity] }, grants: (folder) => withKey(folder, 'lee@example.com') }) };
}

/** Four tokens in one conversation: two tools of one agent, another agent, and one that a person asked for. */
async function conversation({ broker, idp }: Office): Promise<Readonly<Record<string, Answer>>> {
  const session_id = 'chat-1';
  return {
    orders: await broker.token('support-agent', { ...ORDERS, session_id }),
    tickets: await broker.token('support-agent', { ...TICKETS, session_id }),
    triage: await broker.token('triage-agent', { ...TICKETS, session_id }),
    kims: await broker.exchange('support-agent', { ...ORDERS, ...asSubject(await idp.token(broker, '00u1kim')), session_id }),
  };
}

async function activeOnes({ broker }: Office, tokens: Readonly<Record<string, Answer>>): Promise<readonly string[]> {
  const asked = Object.entries(tokens).map(async ([name, answer]) => {
    const server = claimsOf(answer).server;
    return (await broker.introspect(server, answer.body.access_token)).body.active ? [name] : [];
  });
  return (await Promise.all(asked)).flat();
}

type Made = Readonly<Record<string, Answer>>;
const orders = (made: Made): ReturnType<typeof claimsOf> => claimsOf(made.orders as Answer);

/** Target, what goes on, and what nothing new is given for, with the reason. */
const TARGETS: Readonly<Record<string, readonly [(made: Made) => Record<string, unknown>, readonly string[], Readonly<Record<string, string>>]>> = {
  'a token': [(made) => ({ token: orders(made).jti }), ['tickets', 'triage', 'kims'], {}],
  'a session': [(made) => ({ session: orders(made).sid }), ['triage', 'kims'], { orders: 'stopped', tickets: 'stopped', kims: 'session_closed' }],
  'an agent': [() => ({ agent: 'support-agent' }), ['triage'], { orders: 'stopped', tickets: 'stopped', kims: 'stopped' }],
  'another agent': [() => ({ agent: 'triage-agent' }), ['orders', 'tickets', 'kims'], { triage: 'stopped' }],
  'a grant': [() => ({ grant: 'support-orders' }), ['tickets', 'triage'], { orders: 'stopped', kims: 'stopped' }],
  'a tool': [() => ({ tool: 'orders' }), ['tickets', 'triage'], { orders: 'stopped', kims: 'stopped' }],
  'a tool in one environment': [() => ({ tool: 'tickets', env: 'staging' }), ['orders', 'kims'], { tickets: 'stopped', triage: 'stopped' }],
  'a tool in another environment': [() => ({ tool: 'orders', env: 'live' }), ['orders', 'tickets', 'triage', 'kims'], {}],
  'an environment': [() => ({ env: 'staging' }), [], { orders: 'stopped', tickets: 'stopped', triage: 'stopped', kims: 'stopped' }],
  'another environment': [() => ({ env: 'live' }), ['orders', 'tickets', 'triage', 'kims'], {}],
  'a server': [() => ({ server: 'tickets-mcp-staging' }), ['orders', 'kims'], { tickets: 'stopped', triage: 'stopped' }],
  'all that a person approved': [() => ({ approver: 'dana@example.com' }), [], { orders: 'stopped', tickets: 'stopped', triage: 'stopped', kims: 'stopped' }],
  'all that another person approved': [() => ({ approver: 'kim@example.com' }), ['orders', 'tickets', 'triage', 'kims'], {}],
  'a person': [() => ({ person: 'kim@example.com' }), ['orders', 'tickets', 'triage'], { kims: 'stopped', orders: 'session_closed' }],
  'the signing key of today': [(made) => ({ key: decodeProtectedHeader(made.orders?.body.access_token).kid }), [], { orders: 'session_closed', tickets: 'session_closed', triage: 'session_closed', kims: 'session_closed' }],
  'everything': [() => ({ all: true }), [], { orders: 'stopped', tickets: 'stopped', triage: 'stopped', kims: 'stopped' }],
};

test('a stop voids what it is aimed at, lets nothing new out there, and leaves all else alone', async (t) => {
  for (const [name, [targetOf, goesOn, refused]] of Object.entries(TARGETS)) {
    await t.test(name, async (inner) => {
      const here = await office(inner);
      const { broker } = here;
      const made = await conversation(here);
      assert.deepEqual(await activeOnes(here, made), ['orders', 'tickets', 'triage', 'kims']);
      const target = targetOf(made);
      const stop = await broker.api('lee@example.com', 'POST', '/v1/stops', { target, reason: 'INC-7' });
      assert.equal(stop.status, 201, stop.text);
      assert.deepEqual([stop.body.target, stop.body.reason, stop.body.by, stop.body.durable], [target, 'INC-7', 'lee@example.com', true]);
      assert.equal(stop.body.live_tokens, 4 - goesOn.length);
      assert.deepEqual(await activeOnes(here, made), goesOn);

      const again = await conversation(here);
      for (const [which, answer] of Object.entries(again)) {
        const reason = refused[which];
        if (reason === undefined) assert.equal(answer.status, 200, `${which}: ${answer.text}`);
        else {
          assert.deepEqual([answer.status, answer.body.error], [400, 'access_denied'], `${which}: ${answer.text}`);
          const [entry] = await broker.ledger(`&decision=${answer.body.decision}`);
          assert.equal(entry?.reasons?.[0]?.reason, reason, which);
        }
      }
      const [entry] = await broker.ledger('&kind=stop.engaged');
      assert.deepEqual([entry?.stop, entry?.by, entry?.reason, entry?.outcome], [stop.body.id, 'lee@example.com', 'INC-7', 'ok']);
      const { body } = await broker.api('lee@example.com', 'GET', '/v1/stops');
      assert.deepEqual(body.stops.map(({ id }: { readonly id: string }) => id), [stop.body.id], 'and whoever is on call can still look');
    });
  }
});

test('who is stopped as a person, or as a server, gets no token for the API either', async (t) => {
  const { broker } = await office(t);
  const [dana, server] = [await broker.apiToken('dana@example.com'), await broker.apiToken('tickets-mcp-staging')];
  await broker.stop({ person: 'dana@example.com' });
  await broker.stop({ server: 'tickets-mcp-staging' });
  assert.equal((await broker.apiWith(dana, 'GET', '/v1/stops')).status, 401);
  assert.equal((await broker.form('/introspect', { token: 'x' }, { authorization: `Bearer ${server}` })).status, 401);
  for (const client of ['dana@example.com', 'tickets-mcp-staging']) {
    const answer = await broker.token(client, { resource: broker.issuer });
    assert.deepEqual([answer.status, answer.body.error], [400, 'access_denied'], client);
  }
});

test('a server stops its own tool in its own environment, and no other', async (t) => {
  const { broker } = await office(t);
  const stop = (target: unknown): Promise<Answer> => broker.api('orders-mcp-staging', 'POST', '/v1/stops', { target, reason: 'broken' });
  for (const target of [{ tool: 'orders' }, { tool: 'orders', env: 'live' }, TICKETS, { env: 'staging' }, { server: 'orders-mcp-staging' }, { agent: 'support-agent' }, { grant: 'support-orders' }, { all: true }]) {
    assert.equal((await stop(target)).status, 403, JSON.stringify(target));
  }
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'nothing was stopped by that');
  assert.equal((await stop(ORDERS)).status, 201);
  assert.equal((await broker.token('support-agent', ORDERS)).body.error, 'access_denied');
});

test('any person stops what is narrow; environments, approvers and all are for oncall and admin', async (t) => {
  const { broker, idp } = await office(t);
  for (const subject of ['00u1kim', '00u1robin']) {
    const stop = async (target: unknown): Promise<number> => (await apiByIdentity(broker, await idp.token(broker, subject), 'POST', '/v1/stops', { target, reason: 'INC-7' })).status;
    for (const target of [{ env: 'staging' }, { approver: 'dana@example.com' }, { all: true }]) assert.equal(await stop(target), 403, `${subject} ${JSON.stringify(target)}`);
    for (const target of [{ tool: 'tickets' }, { agent: 'triage-agent' }, { grant: 'support-tickets' }, { server: 'tickets-mcp' }]) assert.equal(await stop(target), 201, `${subject} ${JSON.stringify(target)}`);
  }
  for (const who of ['dana@example.com', 'local-operator', 'lee@example.com']) await broker.stop({ env: 'live' }, who);
});

test('an unknown name stops nothing, and names the nearest ones', async (t) => {
  const { broker } = await office(t);
  const token = await broker.apiToken('lee@example.com');
  const id = 'AAAAAAAAAAAAAAAAAAAAAA';
  for (const [target, nearest] of [
    [{ tool: 'order' }, 'orders'], [{ tool: 'tickests' }, 'tickets'], [{ tool: 'orders', env: 'stagin' }, 'staging'], [{ env: 'lives' }, 'live'], [{ agent: 'suport-agent' }, 'support-agent'], [{ server: 'orders-mcp-stagin' }, 'orders-mcp-staging'],
    [{ grant: 'support-order' }, 'support-orders'], [{ approver: 'dana@example.co' }, 'dana@example.com'], [{ person: 'kin@example.com' }, 'kim@example.com'],
    [{ token: `tok_${id}` }, undefined], [{ session: `ses_${id}` }, undefined], [{ key: 'nothing-like-it' }, undefined], [{ agent: 'orders-mcp-staging' }, undefined], [{ person: 'nobody@nowhere.example' }, undefined],
  ] as const) {
    const answer = await broker.apiWith(token, 'POST', '/v1/stops', { target, reason: 'INC-7' });
    assert.equal(answer.status, 404, answer.text);
    assert.ok(Array.isArray(answer.body.nearest));
    if (nearest !== undefined) assert.equal(answer.body.nearest[0], nearest, JSON.stringify(target));
  }
  for (const target of [
    undefined, null, {}, [], '', 'orders', { tool: '' }, { tool: null }, { tool: ['orders'] }, { tool: 'orders', agent: 'support-agent' }, { tool: 'orders', all: true }, { env: 'staging', agent: 'support-agent' }, { agent: 'support-agent', grant: 'support-orders' },
    { all: false }, { all: 'true' }, { all: 1 }, { env: '' }, { agent: 'Support-Agent' }, { token: 'tok_short' }, { everything: true }, { target: { tool: 'orders' } }, { tool: 'orders', env: undefined, server: 'orders-mcp' },
  ]) {
    const answer = await broker.apiWith(token, 'POST', '/v1/stops', { target, reason: 'INC-7' });
    assert.equal(answer.status, 400, `${JSON.stringify(target)}: ${answer.text}`);
  }
  assert.deepEqual((await broker.apiWith(token, 'GET', '/v1/stops')).body.stops, []);
  assert.deepEqual(await broker.ledger('&kind=stop.engaged'), []);
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200);
});

test('a stop on the signing key of today changes the key first, so that what may goes on', async (t) => {
  const here = await office(t);
  const { broker } = here;
  const before = await broker.token('support-agent', ORDERS);
  const { kid } = decodeProtectedHeader(before.body.access_token);
  await broker.stop({ key: kid }, 'lee@example.com');
  assert.deepEqual(await activeOnes(here, { before }), []);
  const after = await broker.token('triage-agent', TICKETS);
  assert.equal(after.status, 200, 'whom it did not hit, goes on');
  const now = decodeProtectedHeader(after.body.access_token).kid;
  assert.notEqual(now, kid);
  const [rotated] = await broker.ledger('&kind=key.rotated');
  assert.deepEqual([rotated?.key, rotated?.by], [now, 'lee@example.com']);
  assert.equal((await broker.exchange('orders-mcp-staging', { ...ORDERS, subject_token: before.body.access_token, subject_token_type: ACCESS_TOKEN })).body.error, 'access_denied');
  const again = await broker.api('lee@example.com', 'POST', '/v1/stops', { target: { key: kid }, reason: 'INC-7' });
  assert.equal(again.status, 201, 'an old key is stopped without another change');
  assert.equal((await broker.ledger('&kind=key.rotated')).length, 1);
  assert.ok((await broker.request('GET', '/.well-known/jwks.json')).body.keys.some((key: { readonly kid: string }) => key.kid === now));
});

test('a stop on a key hits what was exchanged, by another key, from what it signed', async (t) => {
  const here = await office(t);
  const { broker } = here;
  const parent = await broker.token('support-agent', ORDERS);
  const { kid } = decodeProtectedHeader(parent.body.access_token);
  assert.equal((await broker.api('local-operator', 'POST', '/v1/keys/rotate', {})).status, 200);
  const child = await broker.exchange('orders-mcp-staging', { ...ORDERS, subject_token: parent.body.access_token, subject_token_type: ACCESS_TOKEN });
  assert.notEqual(decodeProtectedHeader(child.body.access_token).kid, kid);
  assert.deepEqual(await activeOnes(here, { parent, child }), ['parent', 'child']);
  await broker.stop({ key: kid }, 'lee@example.com');
  assert.deepEqual(await activeOnes(here, { parent, child }), []);
});

test('a stop outlives a restart, with the sessions that it closed', async (t) => {
  const here = await office(t);
  const { broker } = here;
  const made = await conversation(here);
  const stop = await broker.stop({ tool: 'orders' });
  await broker.close();
  await broker.start();
  assert.deepEqual(await activeOnes(here, made), ['tickets', 'triage']);
  assert.equal((await broker.token('support-agent', ORDERS)).body.error, 'access_denied');
  const { body: status } = await broker.api('lee@example.com', 'GET', '/v1/status');
  assert.deepEqual([status.stops.map(({ id }: { readonly id: string }) => id), status.closed_sessions], [[stop], 2]);
  assert.equal((await broker.lift('lee@example.com', stop)).status, 200);
  await broker.close();
  await broker.start();
  assert.deepEqual(await activeOnes(here, made), ['tickets', 'triage'], 'lifted before a restart, it still revives nothing');
  assert.deepEqual((await broker.api('lee@example.com', 'GET', '/v1/stops')).body.stops, []);
});
