/** Token exchange (RFC 8693): who may exchange what, what comes out, and that it never is more than went in. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DenyReason } from '../../src/core/reasons.ts';
import { ACCESS_TOKEN, type Answer, claimsOf, edit, testBroker, type TestBroker } from './broker.ts';
import { asActor, asClient, asSubject, type Idp, idpFor } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };
const ORDERS_SERVER = 'orders-mcp-staging';
const TICKETS_SERVER = 'tickets-mcp-staging';
const own = (answer: Answer): Record<string, string> => ({ subject_token: answer.body.access_token, subject_token_type: ACCESS_TOKEN });
const call = (order: string): Record<string, string> => ({
  scope: 'orders.read', authorization_details: JSON.stringify([{ type: 'tool_call', action: 'orders.read', arguments: { order_id: order } }]),
});

interface Desk {
  readonly broker: TestBroker;
  readonly idp: Idp;
  /** The company's word for somebody. */
  word(subject: string, claims?: Record<string, unknown>): Promise<string>;
}

/** The example, with an agent that the company's identity provider vouches for, and a server that may call another's tool. */
async function desk(t: TestContext): Promise<Desk> {
  const idp = await idpFor(t);
  const broker = await testBroker(t, {
    config: { identities: [idp.identity] },
    grants: (folder) => {
      edit(folder, 'agents.yaml', /$/, '  desk-agent:\n    owner: dana@example.com\n    identity: {issuer: https://idp.example.com, subject: desk}\n');
      edit(folder, 'tools/orders.yaml', 'enforced_by: introspection', 'may_call: [tickets-mcp-staging]\n    enforced_by: introspection');
      edit(folder, 'tools/tickets.yaml', 'identity: {issuer: https://kubernetes.example.com', 'identity: {issuer: https://idp.example.com');
      writeFileSync(
        join(folder, 'desk-orders.yaml'),
        'grant: desk-orders\nversion: 1\nagents: [desk-agent]\ntool: orders\nenv: staging\nactions: [orders.read]\napprover: dana@example.com\nreason: for a test\nexpires: 2027-12-31\n',
      );
    },
  });
  return { broker, idp, word: (subject, claims) => idp.token(broker, subject, claims) };
}

const KIM = '00u1kim';
const TICKETS_LIVE_SERVER = 'system:serviceaccount:shop:tickets';

test('a server exchanges the identity of an agent, and acts for it', async (t) => {
  const { broker, word } = await desk(t);
  const issued = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...asSubject(await word('desk')) });
  assert.equal(issued.status, 200, issued.text);
  assert.equal(issued.body.issued_token_type, ACCESS_TOKEN);
  const { sub, act, agent, client_id, aud, scope, lineage } = claimsOf(issued);
  assert.deepEqual({ sub, act, agent, client_id, aud, scope, lineage }, {
    sub: 'desk-agent', act: { sub: ORDERS_SERVER }, agent: 'desk-agent', client_id: ORDERS_SERVER, aud: 'http://127.0.0.1:8801/mcp', scope: 'orders.read', lineage: [],
  });
  assert.equal((await broker.introspect(ORDERS_SERVER, issued.body.access_token)).body.active, true);
});

test('a token of ours is exchanged by the server that it is for, and keeps agent, session and place', async (t) => {
  const { broker } = await desk(t);
  const parent = await broker.token('support-agent', { ...ORDERS, session_id: 'chat-1' });
  const child = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(parent), session_id: 'chat-2' });
  assert.equal(child.status, 200, child.text);
  const [before, after] = [claimsOf(parent), claimsOf(child)];
  assert.deepEqual(after.act, { sub: ORDERS_SERVER });
  assert.deepEqual(after.lineage, [before.jti]);
  for (const claim of ['sub', 'agent', 'sid', 'ord', 'grant', 'aud', 'scope'] as const) assert.equal(after[claim], before[claim], claim);
  const [entry] = await broker.ledger(`&kind=token.issued&token=${after.jti}`);
  assert.deepEqual([entry?.parent, entry?.server, entry?.agent, entry?.session], [before.jti, ORDERS_SERVER, 'support-agent', before.sid]);
});

test('a person is the requester only where the token of that person proves it, and actors are told from the last to the first', async (t) => {
  const { broker, word } = await desk(t);
  const byAgent = await broker.exchange('support-agent', { ...ORDERS, ...asSubject(await word(KIM)) });
  assert.equal(byAgent.status, 200, byAgent.text);
  assert.equal(claimsOf(byAgent).sub, 'kim@example.com');
  assert.deepEqual(claimsOf(byAgent).act, { sub: 'support-agent' });
  const byServer = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(byAgent) });
  assert.equal(claimsOf(byServer).sub, 'kim@example.com');
  assert.deepEqual(claimsOf(byServer).act, { sub: ORDERS_SERVER, act: { sub: 'support-agent' } });
  const twice = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(byServer) });
  assert.deepEqual(claimsOf(twice).act, { sub: ORDERS_SERVER, act: { sub: 'support-agent' } }, 'who acts already is not told twice');
  const both = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(KIM)), ...asActor(await word('desk')) });
  assert.equal(claimsOf(both).sub, 'kim@example.com');
  assert.deepEqual(claimsOf(both).act, { sub: ORDERS_SERVER, act: { sub: 'desk-agent' } });
  assert.equal(claimsOf(both).agent, 'desk-agent');
  const entries = await broker.ledger('&kind=token.issued&tool=orders');
  assert.deepEqual(entries.map(({ requester }) => requester), Array.from({ length: 4 }, () => 'kim@example.com'));
  const stopped = await broker.api('local-operator', 'POST', '/v1/stops', { target: { person: 'kim@example.com' }, reason: 'INC-7' });
  assert.equal(stopped.body.live_tokens, 4);
  assert.equal((await broker.introspect(ORDERS_SERVER, byServer.body.access_token)).body.active, false);
});

test('a server that may_call lists gets a token for that target, and only the server of that target may use it', async (t) => {
  const { broker, word } = await desk(t);
  const issued = await broker.exchange(TICKETS_SERVER, { ...ORDERS, ...asSubject(await word('desk')) });
  assert.equal(issued.status, 200, issued.text);
  const { client_id, server, aud } = claimsOf(issued);
  assert.deepEqual([client_id, server, aud], [TICKETS_SERVER, ORDERS_SERVER, 'http://127.0.0.1:8801/mcp']);
  const token = issued.body.access_token;
  assert.equal((await broker.introspect(ORDERS_SERVER, token)).body.active, true);
  assert.deepEqual((await broker.introspect(TICKETS_SERVER, token)).body, { active: false });
  assert.equal((await broker.exchange(TICKETS_SERVER, { ...ORDERS, ...own(issued) })).body.error, 'invalid_request', 'it was not made for the caller');
  assert.equal((await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(issued) })).status, 200);
});

test('an exchange never lasts longer than what it was made from', async (t) => {
  const { broker, word } = await desk(t);
  const exp = Math.floor(Date.now() / 1000) + 90;
  const parent = await broker.exchange('support-agent', { ...ORDERS, ...asSubject(await word(KIM, { exp })) });
  assert.equal(claimsOf(parent).exp, exp, 'the identity ends first');
  assert.equal(claimsOf(await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(parent) })).exp, exp);
  const actorEnds = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(KIM)), ...asActor(await word('desk', { exp })) });
  assert.equal(claimsOf(actorEnds).exp, exp);
  const old = Math.floor(Date.now() / 1000) - 3_500;
  const aged = await broker.exchange('support-agent', { ...ORDERS, ...asSubject(await word(KIM, { iat: old })) });
  assert.equal(claimsOf(aged).exp, old + 3_600, 'an identity token is good for an hour, whatever its exp says');
});

test('an exchange never holds actions or records that its parent did not', async (t) => {
  const { broker } = await desk(t);
  const reads = await broker.token('support-agent', { ...TICKETS, scope: 'tickets.read' });
  assert.equal(claimsOf(await broker.exchange(TICKETS_SERVER, { ...TICKETS, ...own(reads) })).scope, 'tickets.read');
  const write = await broker.token('support-agent', { ...TICKETS, scope: 'tickets.create' });
  assert.equal(claimsOf(await broker.exchange(TICKETS_SERVER, { ...TICKETS, ...own(write) })).scope, 'tickets.create', 'no scope is the scope of the parent');

  const one = await broker.token('support-agent', { ...ORDERS, ...call('17') });
  const recordsOf = (answer: Answer): unknown => claimsOf(answer).authorization_details[0]?.records;
  assert.deepEqual(recordsOf(await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(one) })), ['order/17'], 'no call is the call of the parent');
  assert.deepEqual(recordsOf(await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(one), ...call('17') })), ['order/17']);
  const any = await broker.token('support-agent', ORDERS);
  assert.deepEqual(recordsOf(await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(any), ...call('18') })), ['order/18']);
  for (const [server, ask] of [
    [TICKETS_SERVER, { ...TICKETS, ...own(reads), scope: 'tickets.create' }],
    [TICKETS_SERVER, { ...TICKETS, ...own(reads), scope: 'tickets.read tickets.create' }],
    [TICKETS_SERVER, { ...TICKETS, ...own(write), scope: 'tickets.read' }],
    [ORDERS_SERVER, { ...ORDERS, ...own(one), ...call('18') }],
  ] as const) {
    const refused = await broker.exchange(server, ask);
    assert.equal(refused.body.error, 'invalid_scope', refused.text);
    const [entry] = await broker.ledger(`&decision=${refused.body.decision}`);
    assert.equal(entry?.reasons?.[0]?.reason, 'exceeds_parent');
  }
});

test('a token is exchanged a few times and no more, and every one dies with any of its ancestors', async (t) => {
  const { broker } = await desk(t);
  const chain = [await broker.token('support-agent', ORDERS)];
  for (let depth = 0; depth < 4; depth += 1) chain.push(await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(chain.at(-1) as Answer) }));
  const jtis = chain.map((answer) => claimsOf(answer).jti);
  assert.deepEqual(claimsOf(chain.at(-1) as Answer).lineage, jtis.slice(0, -1));
  const tooDeep = await broker.exchange(ORDERS_SERVER, { ...ORDERS, ...own(chain.at(-1) as Answer) });
  assert.deepEqual([tooDeep.status, tooDeep.body.error], [400, 'invalid_scope']);
  await broker.stop({ token: jtis[2] });
  const active = await Promise.all(chain.map(async (answer) => (await broker.introspect(ORDERS_SERVER, answer.body.access_token)).body.active));
  assert.deepEqual(active, [true, true, false, false, false]);
});

test('what may not be exchanged is refused, with the reason in the ledger', async (t) => {
  const { broker, idp, word } = await desk(t);
  const token = await broker.token('support-agent', ORDERS);
  const other = await broker.token('support-agent', TICKETS);
  const api = { body: { access_token: await broker.apiToken('dana@example.com') } } as Answer;
  const stranger = await idpFor(t, 'https://evil.example.com');
  const desk1 = asSubject(await word('desk'));
  const table: Readonly<Record<string, readonly [string, Record<string, string>, string, DenyReason]>> = {
    'a server at another\'s environment': [ORDERS_SERVER, { ...TICKETS, ...desk1 }, 'access_denied', 'not_your_environment'],
    'a server at another\'s environment, with its own token': [ORDERS_SERVER, { ...TICKETS, ...own(token) }, 'access_denied', 'not_your_environment'],
    'a token that was made for another server': [TICKETS_SERVER, { ...TICKETS, ...own(token) }, 'invalid_request', 'subject_token_invalid'],
    'a token for another target, where may_call allows the target': [TICKETS_SERVER, { ...ORDERS, ...own(other) }, 'invalid_scope', 'exceeds_parent'],
    'a token by the agent itself': ['support-agent', { ...ORDERS, ...own(token) }, 'invalid_request', 'subject_token_invalid'],
    'a token for the API of the broker': [ORDERS_SERVER, { ...ORDERS, ...own(api) }, 'invalid_request', 'subject_token_invalid'],
    'a token of ours that is said to be a JWT of others': [ORDERS_SERVER, { ...ORDERS, ...asSubject(token.body.access_token) }, 'invalid_request', 'subject_token_invalid'],
    'an identity that is said to be a token of ours': [ORDERS_SERVER, { ...ORDERS, ...desk1, subject_token_type: ACCESS_TOKEN }, 'invalid_request', 'subject_token_invalid'],
    'a token of ours with an actor': [ORDERS_SERVER, { ...ORDERS, ...own(token), ...asActor(await word('desk')) }, 'invalid_request', 'actor_token_invalid'],
    'an identity for another audience': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word('desk', { aud: 'https://mcp.example.com/orders' })) }, 'invalid_request', 'subject_token_invalid'],
    'an identity that is over': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word('desk', { exp: Math.floor(Date.now() / 1000) - 60 })) }, 'invalid_request', 'subject_token_invalid'],
    'an identity that ended within the leeway of clocks': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word('desk', { exp: Math.floor(Date.now() / 1000) - 5 })) }, 'invalid_request', 'subject_expired'],
    'an identity that nobody has': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word('Desk')) }, 'invalid_request', 'subject_token_invalid'],
    'an issuer that nobody listed': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await stranger.token(broker, 'desk')) }, 'invalid_request', 'subject_token_invalid'],
    'a key that is not the issuer\'s': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await stranger.token(broker, 'desk', { iss: 'https://idp.example.com' })) }, 'invalid_request', 'subject_token_invalid'],
    'the identity of a server': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(TICKETS_LIVE_SERVER)) }, 'invalid_request', 'subject_token_invalid'],
    'the identity of another agent, by an agent': ['support-agent', { ...ORDERS, ...desk1 }, 'invalid_request', 'subject_token_invalid'],
    'a person without an agent': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(KIM)) }, 'invalid_request', 'actor_token_invalid'],
    'a person as the actor': [ORDERS_SERVER, { ...ORDERS, ...desk1, ...asActor(await word(KIM)) }, 'invalid_request', 'actor_token_invalid'],
    'a server as the actor': [ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(KIM)), ...asActor(await word(TICKETS_LIVE_SERVER)) }, 'invalid_request', 'actor_token_invalid'],
    'another agent as the actor, by an agent': ['support-agent', { ...ORDERS, ...asSubject(await word(KIM)), ...asActor(await word('desk')) }, 'invalid_request', 'actor_token_invalid'],
    'an actor that is over': [
      ORDERS_SERVER, { ...ORDERS, ...asSubject(await word(KIM)), ...asActor(await idp.token(broker, 'desk', { exp: Math.floor(Date.now() / 1000) - 60 })) }, 'invalid_request', 'actor_token_invalid',
    ],
    'production, by the server of production': ['', { tool: 'tickets', env: 'live', ...desk1, ...asClient(await word(TICKETS_LIVE_SERVER)) }, 'access_denied', 'no_grant'],
  };
  for (const [name, [client, ask, error, reason]] of Object.entries(table)) {
    await t.test(name, async () => {
      const answer = client === '' ? await broker.form('/token', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', ...ask }) : await broker.exchange(client, ask);
      assert.deepEqual([answer.status, answer.body.error], [400, error], answer.text);
      const [entry] = await broker.ledger(`&kind=token.denied&decision=${answer.body.decision}`);
      assert.equal(entry?.reasons?.[0]?.reason, reason, JSON.stringify(entry));
    });
  }
  await t.test('a person as the client', async () => {
    const answer = await broker.exchange('dana@example.com', { ...ORDERS, ...desk1 });
    assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client']);
  });
  assert.equal((await broker.ledger('&kind=token.issued')).filter(({ tool }) => tool !== undefined).length, 2, 'nothing more was minted');
});
