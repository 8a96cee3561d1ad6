/** `client_credentials`: what an agent gets for itself, what it does not, and what is recorded of both. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DenyReason } from '../../src/core/reasons.ts';
import { claimsOf, edit, testBroker } from './broker.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };
const RESOURCE = 'http://127.0.0.1:8801/mcp';
const details = (action: string, args: unknown): string => JSON.stringify([{ type: 'tool_call', action, arguments: args }]);

interface Allowed {
  readonly ask: Record<string, string>;
  readonly scope: string;
}

const ALLOWED: Readonly<Record<string, Allowed>> = {
  'the one action that is asked for': { ask: { ...ORDERS, scope: 'orders.read' }, scope: 'orders.read' },
  'a target named by resource': { ask: { resource: RESOURCE, scope: 'orders.read' }, scope: 'orders.read' },
  'a resource with a slash at its end, and a scheme in capitals': { ask: { resource: 'HTTP://127.0.0.1:8801/mcp/' }, scope: 'orders.read' },
  'resource, tool and env that agree': { ask: { resource: RESOURCE, ...ORDERS }, scope: 'orders.read' },
  'an empty parameter, as if it were not there': { ask: { ...TICKETS, scope: '', resource: '' }, scope: 'tickets.read' },
  'no scope: the reads, and nothing else': { ask: TICKETS, scope: 'tickets.read' },
  'one write': { ask: { ...TICKETS, scope: 'tickets.create' }, scope: 'tickets.create' },
  'a union of reads and one write: the write alone': { ask: { ...TICKETS, scope: 'tickets.read tickets.create' }, scope: 'tickets.create' },
  'reads of which one is not granted: the others': { ask: { ...ORDERS, scope: 'orders.read orders.list' }, scope: 'orders.read' },
  'an announced call within the limit': { ask: { ...ORDERS, scope: 'orders.read', authorization_details: details('orders.read', { order_id: 17 }) }, scope: 'orders.read' },
  'parameters that nobody knows': { ask: { ...ORDERS, constructor: 'x', __proto__x: 'y', foo: 'bar' }, scope: 'orders.read' },
};

interface Refused {
  readonly as?: string;
  readonly ask: Record<string, string>;
  readonly status?: number;
  readonly error: string;
  readonly reason: DenyReason;
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'several actions that are no reads': { ask: { ...TICKETS, scope: 'tickets.create tickets.reply' }, error: 'invalid_scope', reason: 'several_actions' },
  'an action that nobody knows': { ask: { ...ORDERS, scope: 'orders.fly' }, error: 'invalid_scope', reason: 'unknown_action' },
  'an action of another tool': { ask: { ...ORDERS, scope: 'tickets.read' }, error: 'invalid_scope', reason: 'unknown_action' },
  'one known and one unknown action': { ask: { ...ORDERS, scope: 'orders.read orders.fly' }, error: 'invalid_scope', reason: 'unknown_action' },
  'an action that no grant names': { ask: { ...TICKETS, scope: 'tickets.reply' }, error: 'invalid_scope', reason: 'action_not_granted' },
  'a union whose one write is not granted': { ask: { ...TICKETS, scope: 'tickets.read tickets.reply' }, error: 'invalid_scope', reason: 'action_not_granted' },
  'no scope under a grant without reads': { as: 'triage-agent', ask: ORDERS, error: 'invalid_scope', reason: 'no_action_named' },
  'a risky action': { ask: { ...ORDERS, scope: 'orders.refund' }, error: 'access_denied', reason: 'approval_required' },
  'production': { ask: { tool: 'orders', env: 'live', scope: 'orders.read' }, error: 'access_denied', reason: 'unsigned' },
  'production, without naming an action': { ask: { resource: 'https://mcp.example.com/orders' }, error: 'access_denied', reason: 'unsigned' },
  'an environment that no grant names': { ask: { tool: 'tickets', env: 'live', scope: 'tickets.read' }, error: 'access_denied', reason: 'no_grant' },
  'an agent that no grant names here': { as: 'triage-agent', ask: { tool: 'orders', env: 'live' }, error: 'access_denied', reason: 'no_grant' },
  'a grant that is over': { as: 'triage-agent', ask: { tool: 'notes', env: 'staging' }, error: 'access_denied', reason: 'grant_expired' },
  'a grant that holds on another day': { ask: { tool: 'notes', env: 'staging' }, error: 'access_denied', reason: 'outside_hours' },
  'more records than one call may touch': {
    ask: { ...ORDERS, scope: 'orders.read', authorization_details: details('orders.read', { order_id: ['17', '18'] }) }, error: 'access_denied', reason: 'too_many_records',
  },
  'an announced call that is not in scope': { ask: { ...ORDERS, authorization_details: details('orders.read', { order_id: 17 }) }, error: 'invalid_request', reason: 'malformed_request' },
  'an announced call without its record': { ask: { ...ORDERS, scope: 'orders.read', authorization_details: details('orders.read', {}) }, error: 'invalid_request', reason: 'malformed_request' },
  'an announced call that nobody knows': { ask: { ...ORDERS, scope: 'orders.read', authorization_details: details('orders.fly', {}) }, error: 'invalid_scope', reason: 'unknown_action' },
  'a tool that nobody knows': { ask: { tool: 'order', env: 'staging' }, error: 'invalid_target', reason: 'unknown_tool' },
  'an environment that nobody knows': { ask: { tool: 'orders', env: 'stage' }, error: 'invalid_target', reason: 'unknown_env' },
  'a resource that nobody knows': { ask: { resource: 'https://mcp.example.com/order' }, error: 'invalid_target', reason: 'unknown_resource' },
  'a resource that is no URL': { ask: { resource: 'orders' }, error: 'invalid_target', reason: 'unknown_resource' },
  'resource, tool and env that do not agree': { ask: { resource: RESOURCE, ...TICKETS }, error: 'invalid_target', reason: 'target_mismatch' },
  'a resource and another environment of its tool': { ask: { resource: RESOURCE, tool: 'orders', env: 'live' }, error: 'invalid_target', reason: 'target_mismatch' },
  'a tool without an environment': { ask: { tool: 'orders' }, error: 'invalid_request', reason: 'malformed_request' },
  'an environment without a tool': { ask: { env: 'staging', resource: RESOURCE }, error: 'invalid_request', reason: 'malformed_request' },
  'no target at all': { ask: { scope: 'orders.read' }, error: 'invalid_request', reason: 'malformed_request' },
  'a server for itself': { as: 'orders-mcp-staging', ask: ORDERS, status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
  'a person for a tool': { as: 'dana@example.com', ask: ORDERS, status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
  'an agent at the API of the broker': { ask: {}, status: 401, error: 'invalid_client', reason: 'client_authentication_failed' },
};

const OTHER_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
/** A day that is neither today, nor yesterday, nor tomorrow, wherever one is. */
const otherDay = (): string => OTHER_DAYS[(new Date().getUTCDay() + 3) % 7] as string;

/** The example and one tool more, with grants that are over, hold on another day, or hold no reads. */
function moreGrants(folder: string): void {
  const grant = (id: string, agent: string, tool: string, action: string, rest: string): void =>
    writeFileSync(
      join(folder, `${id}.yaml`),
      `grant: ${id}\nversion: 1\nagents: [${agent}]\ntool: ${tool}\nenv: staging\nactions: [${action}]\napprover: dana@example.com\nreason: for a test\n${rest}\n`,
    );
  edit(folder, 'tools/orders.yaml', 'environments:', '  orders.list: {effect: read, says: list orders, mcp: [list_orders]}\n\nenvironments:');
  edit(folder, 'people.yaml', '- {tool: tickets, env: "*"}', '- {tool: tickets, env: "*"}\n      - {tool: notes, env: "*"}');
  writeFileSync(
    join(folder, 'tools/notes.yaml'),
    `tool: notes\nowner: dana@example.com\nsays: Keep notes.\nactions:\n  notes.read: {effect: read, says: read one note}\nenvironments:
  staging:\n    production: false\n    resource: http://127.0.0.1:8803/mcp\n    server: {id: notes-mcp-staging, keys: [{file: keys/notes-mcp-staging.jwk}]}
    enforced_by: introspection\n    credential: {type: token}\n`,
  );
  grant('triage-refunds', 'triage-agent', 'orders', 'orders.refund', 'expires: 2027-12-31');
  grant('triage-notes', 'triage-agent', 'notes', 'notes.read', 'expires: 2026-01-31');
  grant('support-notes', 'support-agent', 'notes', 'notes.read', `expires: 2027-12-31\nlimits: {hours: "${otherDay()} 08:00-09:00 UTC"}`);
}

test('a client gets what a grant allows, and no more', async (t) => {
  const broker = await testBroker(t, { grants: moreGrants });
  for (const [name, { ask, scope }] of Object.entries(ALLOWED)) {
    await t.test(name, async () => {
      const issued = await broker.token('support-agent', ask);
      assert.equal(issued.status, 200, issued.text);
      assert.equal(issued.headers.get('cache-control'), 'no-store');
      assert.match(issued.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(Object.keys(issued.body).sort(), ['access_token', 'expires_in', 'scope', 'session_id', 'token_type']);
      assert.equal(issued.body.token_type, 'Bearer');
      assert.equal(issued.body.scope, scope);
      assert.equal(claimsOf(issued).scope, scope);
    });
  }
});

test('what is denied names an OAuth error, keeps the reason for the ledger, and mints nothing', async (t) => {
  const broker = await testBroker(t, { grants: moreGrants });
  for (const [name, { as = 'support-agent', ask, status = 400, error, reason }] of Object.entries(REFUSED)) {
    await t.test(name, async () => {
      const answer = await broker.token(as, name === 'an agent at the API of the broker' ? { resource: broker.issuer } : ask);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.body.error, error, answer.text);
      assert.equal(answer.body.access_token, undefined);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('www-authenticate') !== null, status === 401);
      assert.match(answer.body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749, section 5.2');
      const [entry] = await broker.ledger(`&kind=token.denied&decision=${answer.body.decision}`);
      assert.equal(entry?.reasons?.[0]?.reason, reason);
      assert.equal(entry.agent ?? entry.by, as.includes('mcp') ? undefined : as);
      // The server that asks; where an agent asks for itself, the one that serves the target, as far as there is one.
      const serving = entry.env === 'live' ? `${entry.tool}-mcp` : `${entry.tool}-mcp-${entry.env}`;
      assert.equal(entry.server, as.includes('mcp') ? as : entry.agent === undefined || entry.env === undefined ? undefined : serving);
    });
  }
  const issued = await broker.ledger('&kind=token.issued');
  assert.deepEqual(issued.filter(({ tool }) => tool !== undefined), []);
});

test('the claims are those of RFC 9068, with the tool, its limits and the records of the announced call', async (t) => {
  const broker = await testBroker(t);
  const issued = await broker.token('support-agent', { ...ORDERS, scope: 'orders.read', authorization_details: details('orders.read', { order_id: 17 }) });
  const { iat, exp, jti, sid, ...claims } = claimsOf(issued);
  assert.deepEqual(claims, {
    iss: broker.issuer, sub: 'support-agent', aud: RESOURCE, client_id: 'support-agent', scope: 'orders.read', grant: 'support-orders', agent: 'support-agent',
    server: 'orders-mcp-staging', ord: 0, lineage: [], approver: 'dana@example.com',
    authorization_details: [{ type: 'tool_access', tool: 'orders', env: 'staging', limits: { records: 1, calls: '60/60s' }, records: ['order/17'] }],
  });
  assert.equal(exp - iat, 300);
  assert.equal(issued.body.expires_in, 300);
  assert.match(jti, /^tok_/);
  assert.equal(sid, issued.body.session_id);
  assert.equal(JSON.parse(Buffer.from(issued.body.access_token.split('.')[0], 'base64url').toString()).typ, 'at+jwt');
});

test('a session is minted by the broker and bound: the same label joins it for the same agent only', async (t) => {
  const broker = await testBroker(t);
  const session = async (agent: string, label?: string): Promise<string> => (await broker.token(agent, { ...TICKETS, ...(label === undefined ? {} : { session_id: label }) })).body.session_id;
  const first = await session('support-agent', 'chat-17');
  assert.match(first, /^ses_[A-Za-z0-9_-]{22}$/);
  assert.equal(await session('support-agent', 'chat-17'), first);
  assert.notEqual(await session('support-agent', 'chat-18'), first);
  assert.notEqual(await session('triage-agent', 'chat-17'), first, 'nobody joins another\'s session by naming it');
  assert.notEqual(await session('triage-agent', first), first);
  assert.notEqual(await session('support-agent'), await session('support-agent'), 'without a label each is new');
  const { body } = await broker.api('dana@example.com', 'GET', '/v1/sessions');
  const shown = body.sessions.find((each: { readonly session: string }) => each.session === first);
  assert.deepEqual([shown.label, shown.agent, shown.tool, shown.env, shown.closed_for], ['chat-17', 'support-agent', 'tickets', 'staging', []]);
  const entries = await broker.ledger(`&session=${first}`);
  assert.deepEqual(entries.map(({ session_label }) => session_label), ['chat-17', 'chat-17']);
});

test('a rate that is used up is 429 slow_down with the seconds to wait, for the whole grant', async (t) => {
  const broker = await testBroker(t, { grants: (folder) => edit(folder, 'support-tickets.yaml', '30/min', '2/day') });
  for (const agent of ['support-agent', 'triage-agent']) assert.equal((await broker.token(agent, TICKETS)).status, 200);
  const refused = await broker.token('support-agent', TICKETS);
  assert.equal(refused.status, 429, refused.text);
  assert.equal(refused.body.error, 'slow_down');
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 86_400, `${wait}`);
  assert.equal((await broker.ledger('&kind=token.issued&tool=tickets')).length, 2);
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'another grant goes on');
});

test('the entry of an issuance holds what a person must know, and never the token', async (t) => {
  const broker = await testBroker(t);
  const prompt = 'Where is order 17? My mail is pat@example.com, my card 4111 1111 1111 1111, password: tulip';
  const issued = await broker.token('support-agent', { ...ORDERS, scope: 'orders.read', session_id: 'chat-17', request_id: 'req-9', prompt, authorization_details: details('orders.read', { order_id: 17 }) });
  const claims = claimsOf(issued);
  const [entry, ...more] = await broker.ledger('&kind=token.issued&tool=orders');
  assert.deepEqual(more, []);
  const { time, prompt: masked, policy, duration_ms, ...rest } = entry ?? {};
  assert.deepEqual(rest, {
    v: 1, kind: 'token.issued', outcome: 'ok', requester: 'support-agent', agent: 'support-agent', server: 'orders-mcp-staging', tool: 'orders', env: 'staging', actions: ['orders.read'], records: ['order/17'],
    session: claims.sid, session_label: 'chat-17', request_id: 'req-9', grant: 'support-orders', token: claims.jti,
    token_sha256: createHash('sha256').update(issued.body.access_token).digest('base64url'), expires: new Date(claims.exp * 1000).toISOString(),
  });
  assert.match(masked ?? '', /^Where is order 17\? My mail is \[e-mail [0-9a-f]{8}\], my card \[card [0-9a-f]{8}\], password: \[secret [0-9a-f]{8}\]$/);
  assert.match(policy ?? '', /^[A-Za-z0-9_-]{43}$/);
  assert.ok(duration_ms !== undefined && duration_ms >= 0 && duration_ms < 60_000);
  assert.ok(Math.abs(Date.parse(time ?? '') - Date.now()) < 60_000);
  const signature = issued.body.access_token.split('.')[2];
  assert.ok(!JSON.stringify(await broker.ledger()).includes(signature));
});

test('a grant whose end is nearer than its ttl ends the token', async (t) => {
  const end = new Date(Math.floor(Date.now() / 1000) * 1000 + 90_000);
  const broker = await testBroker(t, { grants: (folder) => edit(folder, 'support-orders.yaml', /expires: .*\n(?:.*\n)?review: .*/, `expires: ${end.toISOString()}`) });
  const issued = await broker.token('support-agent', ORDERS);
  assert.equal(claimsOf(issued).exp * 1000, end.getTime());
});

test('a ttl is what the grant says', async (t) => {
  const broker = await testBroker(t, { grants: (folder) => edit(folder, 'support-orders.yaml', 'ttl: 5m', 'ttl: 45s') });
  assert.equal((await broker.token('support-agent', ORDERS)).body.expires_in, 45);
  rmSync(join(broker.config.grants, 'support-orders.yaml'));
  await broker.reload();
  assert.equal((await broker.token('support-agent', ORDERS)).body.error, 'invalid_scope', 'only the grant of refunds is left');
});
