/** Reloading the grants: what it takes away is cut at the same moment, and a broken folder takes nothing away. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { type Answer, edit, testBroker, type TestBroker } from './broker.ts';
import { desk } from './desk.ts';
import { until } from './full-disk.ts';
import { asSubject } from './idp.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };

/** Writes another public key in the place of a principal's. */
function newKey(folder: string, id: string): void {
  const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => basename(name) === `${id}.jwk`);
  assert.ok(file !== undefined, id);
  writeFileSync(join(folder, file), JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })));
}

const status = async (broker: TestBroker): Promise<Answer['body']> => (await broker.api('local-operator', 'GET', '/v1/status')).body;
const isActive = async (broker: TestBroker, token: Answer, server: string): Promise<boolean> => {
  const api = await broker.apiToken(server);
  return (await broker.form('/introspect', { token: token.body.access_token }, { authorization: `Bearer ${api}` })).body.active;
};

interface Change {
  readonly change: (folder: string) => void;
  /** Of the tokens for orders and for tickets, those that go on. */
  readonly left: readonly string[];
}

const CHANGES: Readonly<Record<string, Change>> = {
  'nothing that means anything': { change: (folder) => edit(folder, 'support-orders.yaml', /$/, '\n# a comment\n'), left: ['orders', 'tickets', 'triage', 'kims'] },
  'more than before': { change: (folder) => edit(folder, 'support-tickets.yaml', '[tickets.read, tickets.create]', '[tickets.read, tickets.create, tickets.reply]'), left: ['orders', 'tickets', 'triage', 'kims'] },
  'a grant that is gone': { change: (folder) => rmSync(join(folder, 'support-orders.yaml')), left: ['tickets', 'triage'] },
  'an action less': { change: (folder) => edit(folder, 'support-tickets.yaml', '[tickets.read, tickets.create]', '[tickets.create]'), left: ['orders', 'kims'] },
  'an agent less in a grant': { change: (folder) => edit(folder, 'support-tickets.yaml', '[support-agent, triage-agent]', '[support-agent]'), left: ['orders', 'kims'] },
  'an earlier end': { change: (folder) => edit(folder, 'support-tickets.yaml', 'expires: 2027-12-31', 'expires: 2027-12-30'), left: ['orders', 'kims'] },
  'another version': { change: (folder) => edit(folder, 'support-tickets.yaml', 'version: 1', 'version: 2'), left: ['orders', 'kims'] },
  'another approver': {
    change: (folder) => {
      edit(folder, 'people.yaml', /(kim@example\.com:\n(?:.*\n)*?)( +- \{tool: tickets, env: live\})/, '$1$2\n      - {tool: tickets, env: "*"}');
      edit(folder, 'support-tickets.yaml', 'approver: dana@example.com', 'approver: kim@example.com');
    },
    left: ['orders', 'kims'],
  },
  'an agent that is gone': {
    change: (folder) => {
      edit(folder, 'agents.yaml', /\n.*\n {2}triage-agent:\n(?: {4}.*\n?)+/, '\n');
      edit(folder, 'support-tickets.yaml', '[support-agent, triage-agent]', '[support-agent]');
    },
    left: ['orders', 'kims'],
  },
  'another key of an agent': { change: (folder) => newKey(folder, 'triage-agent'), left: ['orders', 'tickets', 'kims'] },
  'a softer effect': { change: (folder) => edit(folder, 'tools/orders.yaml', 'effect: read', 'effect: write'), left: ['tickets', 'triage'] },
  'another resource': { change: (folder) => edit(folder, 'tools/orders.yaml', ':8801/mcp', ':8901/mcp'), left: ['tickets', 'triage'] },
  'an approver who may no longer approve': { change: (folder) => edit(folder, 'people.yaml', '- {tool: tickets, env: "*"}', '- {tool: tickets, env: staging}'), left: [] },
  'a person with another identity': { change: (folder) => edit(folder, 'people.yaml', 'subject: 00u1kim', 'subject: 00u2kim'), left: ['orders', 'tickets', 'triage'] },
};

test('a reload cuts the tokens that leaned on what it took away, and no others', async (t) => {
  for (const [name, { change, left }] of Object.entries(CHANGES)) {
    await t.test(name, async (inner) => {
      const { broker, idp } = await desk(inner);
      const tokens: Readonly<Record<string, Answer>> = {
        orders: await broker.token('support-agent', ORDERS),
        tickets: await broker.token('support-agent', TICKETS),
        triage: await broker.token('triage-agent', { ...TICKETS, scope: 'tickets.create' }),
        kims: await broker.exchange('support-agent', { ...ORDERS, ...asSubject(await idp.token(broker, '00u1kim')) }),
      };
      change(broker.config.grants);
      await broker.reload();
      assert.equal((await status(broker)).policy.broken, undefined);
      for (const [which, token] of Object.entries(tokens)) {
        assert.equal(token.status, 200, token.text);
        const server = which === 'orders' || which === 'kims' ? 'orders-mcp-staging' : 'tickets-mcp-staging';
        if (name !== 'another resource' || left.includes(which)) assert.equal(await isActive(broker, token, server), left.includes(which), which);
      }
      const loaded = await broker.ledger('&kind=grants.loaded');
      assert.equal(loaded.length, name === 'nothing that means anything' ? 1 : 2);
      const cuts = await broker.ledger('&kind=token.revoked');
      assert.equal(cuts.length > 0, left.length < 4, 'each cut is in the record');
      for (const cut of cuts) assert.deepEqual([cut.by, cut.reason], ['grants', 'taken away by a change of the grants']);
    });
  }
});

test('a key that was taken away proves nobody any more, and what was issued to it for the API ends', async (t) => {
  const broker = await testBroker(t);
  for (const [client, ask] of [['dana@example.com', { resource: broker.issuer }], ['orders-mcp-staging', { resource: broker.issuer }], ['triage-agent', TICKETS]] as const) {
    const before = await broker.token(client, ask);
    assert.equal(before.status, 200, before.text);
    newKey(broker.config.grants, client);
    await broker.reload();
    const after = await broker.token(client, ask);
    assert.deepEqual([after.status, after.body.error], [401, 'invalid_client'], client);
    if (client.includes('@')) assert.equal((await broker.apiWith(before.body.access_token, 'GET', '/v1/stops')).status, 401);
    if (client.includes('mcp')) assert.notEqual((await broker.form('/introspect', { token: 'x' }, { authorization: `Bearer ${before.body.access_token}` })).status, 200);
  }
});

test('a role that was taken away is gone at once, and so is a person', async (t) => {
  const broker = await testBroker(t);
  const old = await broker.apiToken('dana@example.com');
  edit(broker.config.grants, 'people.yaml', 'roles: [approver, admin]', 'roles: [approver]');
  await broker.reload();
  assert.equal((await broker.apiWith(old, 'GET', '/v1/stops')).status, 401);
  const fresh = await broker.apiToken('dana@example.com');
  assert.equal((await broker.apiWith(fresh, 'GET', '/v1/tokens')).status, 403);
  assert.equal((await broker.apiWith(fresh, 'POST', '/v1/stops', { target: { all: true }, reason: 'INC-7' })).status, 403);
});

test('a change of the folder is noticed without being asked for', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.token('support-agent', ORDERS);
  rmSync(join(broker.config.grants, 'support-orders.yaml'));
  await until('the grant is gone', async () => !(await isActive(broker, token, 'orders-mcp-staging')));
  assert.equal((await broker.token('support-agent', { ...ORDERS, scope: 'orders.read' })).status, 400);
});
