/** A grants folder that breaks, goes, or changes while nobody looks: there is never a moment with another policy than the last good one. */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Log } from '../../src/core/log.ts';
import { type Answer, edit, silent, testBroker, type TestBroker } from './broker.ts';
import { onFullDisk, until } from './full-disk.ts';

const ORDERS = { tool: 'orders', env: 'staging' };
const TICKETS = { tool: 'tickets', env: 'staging' };

const status = async (broker: TestBroker): Promise<Answer['body']> => (await broker.api('local-operator', 'GET', '/v1/status')).body;
const isActive = async (broker: TestBroker, token: Answer, server: string): Promise<boolean> => {
  const api = await broker.apiToken(server);
  return (await broker.form('/introspect', { token: token.body.access_token }, { authorization: `Bearer ${api}` })).body.active;
};

/** Ways to break a folder, with what the problem says. */
const BREAKS: Readonly<Record<string, readonly [(folder: string) => void, RegExp]>> = {
  'a file that is no YAML': [(folder) => writeFileSync(join(folder, 'support-orders.yaml'), 'grant: [\n'), /support-orders\.yaml:\d+:\d+: /],
  'a key that is misspelled': [(folder) => edit(folder, 'support-orders.yaml', 'approver:', 'aprover:'), /support-orders\.yaml:\d+:\d+: .*approver/],
  'a grant for an agent that is not there': [(folder) => edit(folder, 'support-orders.yaml', '[support-agent]', '[suport-agent]'), /support-orders\.yaml:\d+:\d+: .*support-agent/],
  'people.yaml that is gone': [(folder) => rmSync(join(folder, 'people.yaml')), /people\.yaml:1:1: .*missing/],
  'the whole folder gone': [(folder) => renameSync(folder, `${folder}.away`), /.*/],
};

test('a broken folder leaves the last good policy in force, and everybody is told, also across a restart', async (t) => {
  for (const [name, [breakIt, problem]] of Object.entries(BREAKS)) {
    await t.test(name, async (inner) => {
      const broker = await testBroker(inner);
      const folder = broker.config.grants;
      cpSync(folder, `${folder}.good`, { recursive: true });
      const token = await broker.token('support-agent', ORDERS);
      const { digest } = (await status(broker)).policy;
      breakIt(folder);
      await broker.reload();
      const tells = async (): Promise<void> => {
        const ready = await broker.request('GET', '/readyz');
        assert.deepEqual([ready.status, ready.body], [200, { status: 'ready', problems: ['the grants folder is broken: the last good policy is in force'] }]);
        const { policy } = await status(broker);
        assert.equal(policy.digest, digest);
        assert.match(policy.broken.problems.join('\n'), problem);
        assert.ok(Date.parse(policy.broken.since) <= Date.now());
        assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'what was granted goes on');
        assert.equal((await broker.token('triage-agent', { tool: 'orders', env: 'live' })).status, 400, 'and nothing more');
        assert.ok(await isActive(broker, token, 'orders-mcp-staging'));
      };
      await tells();
      await broker.reload();
      assert.equal((await broker.ledger('&kind=grants.refused')).length, 1, 'the same problem is told once');
      await broker.close();
      const running = await broker.start();
      assert.ok(running.brokenGrants.length > 0);
      await tells();

      rmSync(folder, { recursive: true, force: true });
      cpSync(`${folder}.good`, folder, { recursive: true });
      await broker.reload();
      assert.deepEqual((await broker.request('GET', '/readyz')).body, { status: 'ready', problems: [] });
      assert.equal((await status(broker)).policy.broken, undefined);
      assert.ok(await isActive(broker, token, 'orders-mcp-staging'), 'mended, nothing was taken away');
    });
  }
});

test('what was taken away while the broker was not running is cut at its start', async (t) => {
  const broker = await testBroker(t);
  const [orders, tickets] = [await broker.token('support-agent', ORDERS), await broker.token('support-agent', TICKETS)];
  await broker.close();
  rmSync(join(broker.config.grants, 'support-orders.yaml'));
  await broker.start();
  assert.deepEqual([await isActive(broker, orders, 'orders-mcp-staging'), await isActive(broker, tickets, 'tickets-mcp-staging')], [false, true]);
});

test('where nothing tells what was in force before, every older token is cut', async (t) => {
  const broker = await testBroker(t);
  const token = await broker.token('support-agent', ORDERS);
  await broker.close();
  rmSync(join(broker.config.data, 'policy.json'));
  await broker.start();
  assert.equal(await isActive(broker, token, 'orders-mcp-staging'), false);
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200);
});

test('a change that cannot be recorded, or that comes while the broker closes, does not end the process', async (t) => {
  const told: string[] = [];
  const log: Log = { ...silent, error: (_, message) => void told.push(message) };
  const broker = await testBroker(t, { log });
  const [token, server] = [await broker.token('support-agent', ORDERS), await broker.apiToken('orders-mcp-staging')];
  await onFullDisk(async () => {
    rmSync(join(broker.config.grants, 'support-orders.yaml'));
    await until('the change was seen', async () => told.some((message) => message.includes('could not be recorded')));
    assert.equal((await broker.form('/introspect', { token: token.body.access_token }, { authorization: `Bearer ${server}` })).body.active, false, 'and it is in force');
  });
  assert.equal((await broker.token('support-agent', { ...ORDERS, scope: 'orders.read' })).status, 400);
  for (let round = 0; round < 5; round += 1) {
    edit(broker.config.grants, 'support-tickets.yaml', /version: \d+/, `version: ${round + 2}`);
    const reloading = broker.reload();
    await broker.close();
    await reloading;
    await broker.start();
    assert.equal((await status(broker)).policy.broken, undefined);
  }
});
