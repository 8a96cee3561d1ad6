/** Lifting a stop: who may, with which signature, and that it lets new tokens out and revives no old one. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { importJWK, SignJWT } from 'jose';
import { type Answer, edit, testBroker, type TestBroker, withKey } from './broker.ts';
import { apiByIdentity, idpFor } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };
const LEE = 'lee@example.com';
const DANA = 'dana@example.com';

/** The example, in which Lee on call and Robin the auditor have keys. */
const office = (t: TestContext): Promise<TestBroker> =>
  testBroker(t, {
    grants: (folder) => {
      withKey(folder, LEE);
      withKey(folder, 'robin@example.com');
    },
  });

const isStopped = async (broker: TestBroker, parameters: Record<string, string> = TICKETS): Promise<boolean> => (await broker.token('triage-agent', parameters)).body.error === 'access_denied';
const stops = async (broker: TestBroker): Promise<readonly string[]> => (await broker.api(LEE, 'GET', '/v1/stops')).body.stops.map(({ id }: { readonly id: string }) => id);

test('a lift lets new tokens out, revives no old one, and sessions stay closed until a person clears them', async (t) => {
  const idp = await idpFor(t);
  const broker = await testBroker(t, { config: { identities: [idp.identity] }, grants: (folder) => withKey(folder, LEE) });
  const old = await broker.token('support-agent', { ...ORDERS, session_id: 'chat-1' });
  const stop = await broker.stop({ tool: 'orders' }, LEE);
  const lifted = await broker.lift(LEE, stop);
  assert.deepEqual([lifted.status, lifted.body.lifted, lifted.body.stop.id], [200, true, stop]);
  const [entry] = await broker.ledger('&kind=stop.lifted');
  assert.deepEqual([entry?.stop, entry?.by, entry?.target], [stop, LEE, 'tool:orders']);
  assert.deepEqual((await broker.introspect('orders-mcp-staging', old.body.access_token)).body, { active: false, stopped: true });

  const session = old.body.session_id;
  for (const ask of [{ session_id: 'chat-1' }, { session_id: 'chat-2' }, {}] as readonly Record<string, string>[]) {
    const refused = await broker.token('support-agent', { ...ORDERS, ...ask });
    assert.deepEqual([refused.status, refused.body.error], [400, 'access_denied'], 'nor does a new session get around it');
  }
  const shown = (await broker.api(LEE, 'GET', '/v1/sessions')).body.sessions.find((each: { readonly session: string }) => each.session === session);
  assert.deepEqual(shown.closed_for, [{ target: 'orders/staging', stop }]);
  assert.equal((await broker.token('support-agent', { ...TICKETS, session_id: 'chat-1' })).status, 200, 'the same conversation goes on with another tool');

  const path = `/v1/sessions/${session}/clear`;
  for (const person of ['00u1kim', '00u1robin']) assert.equal((await apiByIdentity(broker, await idp.token(broker, person), 'POST', path, { reason: 'looked' })).status, 403);
  for (const client of ['local-operator', 'orders-mcp-staging']) assert.equal((await broker.api(client, 'POST', path, { reason: 'looked' })).status, 403);
  for (const body of [{}, { reason: '' }, { reason: ' ' }]) assert.equal((await broker.api(LEE, 'POST', path, body)).status, 400);
  assert.equal((await broker.api(LEE, 'POST', '/v1/sessions/ses_AAAAAAAAAAAAAAAAAAAAAA/clear', { reason: 'looked' })).status, 404);
  assert.equal((await broker.token('support-agent', ORDERS)).body.error, 'access_denied');
  assert.deepEqual((await broker.api(LEE, 'POST', path, { reason: 'looked' })).body, { session, cleared: ['orders/staging'] });
  assert.equal((await broker.api(LEE, 'POST', path, { reason: 'looked' })).status, 404);
  const [cleared] = await broker.ledger('&kind=session.cleared');
  assert.deepEqual([cleared?.session, cleared?.by, cleared?.reason], [session, LEE, 'looked']);
  const fresh = await broker.token('support-agent', { ...ORDERS, session_id: 'chat-1' });
  assert.equal(fresh.status, 200, fresh.text);
  assert.equal((await broker.introspect('orders-mcp-staging', fresh.body.access_token)).body.active, true);
  assert.equal((await broker.introspect('orders-mcp-staging', old.body.access_token)).body.active, false, 'and still no old one');
});

test('a lift ends one stop: another on the same target stays', async (t) => {
  const broker = await office(t);
  const [first, second] = [await broker.stop({ tool: 'tickets' }), await broker.stop({ tool: 'tickets' })];
  assert.equal((await broker.lift(LEE, first)).status, 200);
  assert.deepEqual(await stops(broker), [second]);
  assert.ok(await isStopped(broker));
  assert.equal((await broker.lift(LEE, second)).status, 200);
  assert.ok(!(await isStopped(broker)));
  for (const gone of [first, 'stp_AAAAAAAAAAAAAAAAAAAAAA']) assert.equal((await broker.lift(LEE, gone)).status, 404);
});

test('of many who lift at the same moment one does, and it is in the record once', async (t) => {
  const broker = await office(t);
  const stop = await broker.stop({ tool: 'tickets' });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => broker.lift(index % 2 === 0 ? LEE : DANA, stop)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  for (const { status } of answers) assert.ok([200, 404, 409].includes(status), `${status}`);
  assert.equal((await broker.ledger('&kind=stop.lifted')).length, 1);
});

test('a lift needs a fresh signature over this stop, by the key of whoever lifts it', async (t) => {
  const broker = await office(t);
  const [stop, other] = [await broker.stop({ tool: 'tickets' }), await broker.stop({ tool: 'orders' })];
  const now = Math.floor(Date.now() / 1000);
  const send = (signature: unknown): Promise<Answer> => broker.api(LEE, 'DELETE', `/v1/stops/${stop}`, { signature });
  const otherType = await new SignJWT({ iss: LEE, aud: broker.issuer, stop, iat: now, jti: randomUUID() }).setProtectedHeader({ alg: 'ES256', typ: 'JWT' }).sign(await importJWK(broker.keyOf(LEE), 'ES256'));
  for (const [name, signature] of Object.entries({
    'over another stop': await broker.liftSignature(LEE, other),
    'that is stale': await broker.liftSignature(LEE, stop, { iat: now - 301 }),
    'from the future': await broker.liftSignature(LEE, stop, { iat: now + 60 }),
    'by another person': await broker.liftSignature(DANA, stop),
    'by another person in this name': await broker.liftSignature(DANA, stop, { iss: LEE }),
    'for another broker': await broker.liftSignature(LEE, stop, { aud: 'https://other.example.com' }),
    'of another type': otherType,
    'that is an assertion': await broker.assertion(LEE, { stop }),
    'that is none': 'x.y.z',
    'that is empty': '',
  })) {
    const answer = await send(signature);
    assert.equal(answer.status, 403, `a signature ${name}: ${answer.text}`);
  }
  for (const signature of [undefined, null, 1, {}, 'x'.repeat(4_097)]) assert.equal((await send(signature)).status, 400);
  assert.deepEqual(await stops(broker), [stop, other]);
  const good = await broker.liftSignature(LEE, stop);
  assert.equal((await broker.api(DANA, 'DELETE', `/v1/stops/${stop}`, { signature: good })).status, 403, 'nobody else may show it');
  assert.equal((await send(good)).status, 200);
  assert.equal((await send(good)).status, 404);
});

test('who is not on call and no admin lifts nothing, with whichever signature', async (t) => {
  const broker = await office(t);
  const stop = await broker.stop({ tool: 'tickets' });
  for (const who of ['robin@example.com', 'orders-mcp-staging']) {
    assert.equal((await broker.lift(who, stop)).status, 403, who);
    assert.equal((await broker.api(who, 'DELETE', `/v1/stops/${stop}`, { signature: await broker.liftSignature(LEE, stop) })).status, 403, who);
  }
  assert.deepEqual(await stops(broker), [stop]);
});

test('the local operator lifts what reaches no production, and nothing else', async (t) => {
  const broker = await office(t);
  const session = (await broker.token('support-agent', TICKETS)).body.session_id;
  const key = (await broker.request('GET', '/.well-known/jwks.json')).body.keys[0].kid;
  for (const target of [ORDERS, { env: 'staging' }, { server: 'orders-mcp-staging' }, { agent: 'triage-agent' }, { grant: 'support-orders' }, { session }] as readonly Record<string, unknown>[]) {
    const lifted = await broker.lift('local-operator', await broker.stop(target));
    assert.equal(lifted.status, 200, `${JSON.stringify(target)}: ${lifted.text}`);
  }
  const reaching = [{ tool: 'orders' }, { tool: 'orders', env: 'live' }, { env: 'live' }, { server: 'orders-mcp' }, { agent: 'support-agent' }, { grant: 'support-orders-live' }, { approver: DANA }, { person: 'kim@example.com' }, { key }, { all: true }];
  for (const target of reaching) {
    const stop = await broker.stop(target);
    assert.equal((await broker.lift('local-operator', stop)).status, 403, JSON.stringify(target));
    assert.ok((await stops(broker)).includes(stop));
  }
});

test('everything is lifted by two different people, each of whom may lift, within a quarter of an hour', async (t) => {
  const broker = await office(t);
  const stop = await broker.stop({ all: true }, LEE);
  const signature = await broker.liftSignature(LEE, stop);
  const first = await broker.api(LEE, 'DELETE', `/v1/stops/${stop}`, { signature });
  assert.deepEqual([first.status, first.body.lifted], [202, false]);
  assert.equal((await broker.api(LEE, 'DELETE', `/v1/stops/${stop}`, { signature })).status, 403, 'a signature counts once');
  assert.deepEqual((await broker.lift(LEE, stop)).body.lifted, false, 'the same person twice is one person');
  for (const who of ['robin@example.com', 'local-operator', 'orders-mcp-staging']) assert.equal((await broker.lift(who, stop)).status, 403, who);
  assert.ok(await isStopped(broker));
  const second = await broker.lift(DANA, stop);
  assert.deepEqual([second.status, second.body.lifted], [200, true]);
  assert.ok(!(await isStopped(broker)));
  assert.equal((await broker.ledger('&kind=stop.lift_requested')).length, 2);
  const [entry] = await broker.ledger('&kind=stop.lifted');
  assert.deepEqual([entry?.by, entry?.detail], [DANA, `${LEE} asked for it first`]);
});

test('a first wish to lift everything holds for its own stop, outlives a restart, and ends with the right to lift', async (t) => {
  const broker = await office(t);
  const [one, two] = [await broker.stop({ all: true }, LEE), await broker.stop({ all: true }, LEE)];
  assert.equal((await broker.lift(LEE, one)).status, 202);
  assert.equal((await broker.lift(DANA, two)).status, 202, 'it is about the other stop');
  await broker.close();
  await broker.start();
  assert.equal((await broker.lift(DANA, one)).status, 200);
  assert.deepEqual(await stops(broker), [two]);
  assert.equal((await broker.lift(LEE, two)).status, 200, 'the other way round');

  const three = await broker.stop({ all: true }, DANA);
  assert.equal((await broker.lift(LEE, three)).status, 202);
  edit(broker.config.grants, 'people.yaml', 'roles: [oncall]', 'roles: []');
  await broker.reload();
  assert.deepEqual((await broker.lift(DANA, three)).body.lifted, false, 'who may lift no longer does not count');
  assert.deepEqual((await broker.api(DANA, 'GET', '/v1/stops')).body.stops.length, 1);
});
