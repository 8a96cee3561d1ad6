/** A broker that cannot start says why in one line, and leaves nothing running, locked or changed. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig } from '../../src/config.ts';
import { startBroker, StartProblem } from '../../src/main.ts';
import { edit, silent, temporaryFolder, testBroker, type TestBroker } from './broker.ts';

const ORDERS = { tool: 'orders', env: 'staging' };

/** What the start fails with: one line for the operator. */
async function problemOf(start: () => Promise<unknown>): Promise<StartProblem> {
  const error = await start().then(() => assert.fail('it started'), (reason: unknown) => reason);
  assert.ok(error instanceof StartProblem, String(error));
  assert.ok(!error.message.includes('\n') && error.message.length > 20, error.message);
  return error;
}

/** A broker that ran once and is closed: its folders are as a restart finds them. */
async function closed(t: TestContext): Promise<TestBroker> {
  const broker = await testBroker(t);
  await broker.close();
  return broker;
}

/** Does something as a user who may not read what root may, whoever runs the tests. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process;
  if (geteuid?.() !== 0 || seteuid === undefined) return work();
  seteuid(65_534);
  try {
    return await work();
  } finally {
    seteuid(0);
  }
}

test('a port that is in use, or no address of this machine', async (t) => {
  const broker = await closed(t);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const start = (listen: { readonly host: string; readonly port: number }): Promise<unknown> => startBroker({ config: { ...broker.config, listen }, log: silent });
  const { port } = taken.address() as AddressInfo;
  assert.match((await problemOf(() => start({ host: '127.0.0.1', port }))).message, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`));
  assert.match((await problemOf(() => start({ host: '192.0.2.1', port: 0 }))).message, /192\.0\.2\.1 is no address of this machine/);
  await broker.start();
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'nothing was left locked');
});

test('a data folder that another broker uses', async (t) => {
  const broker = await testBroker(t);
  assert.match((await problemOf(() => startBroker({ config: { ...broker.config, listen: { host: '127.0.0.1', port: 0 } }, log: silent }))).message, /another broker is running on .*HALLPASS_DATA/);
  assert.equal((await broker.token('support-agent', ORDERS)).status, 200, 'the other one goes on');
});

test('a data folder that is a file, somebody else\'s, or not to be had', async (t) => {
  const broker = await closed(t);
  const place = temporaryFolder(t);
  const start = (data: string): Promise<unknown> => startBroker({ config: { ...broker.config, data }, makeExampleKeys: true, log: silent });
  const [file, foreign, locked, loop] = ['file', 'foreign', 'locked', 'loop'].map((name) => join(place, name)) as [string, string, string, string];
  writeFileSync(file, 'x');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'thesis.txt'), 'x');
  mkdirSync(locked);
  chmodSync(locked, 0);
  chmodSync(place, 0o755);
  symlinkSync(loop, loop);
  assert.match((await problemOf(() => start(file))).message, /is a file/);
  assert.match((await problemOf(() => start(join(file, 'below')))).message, /cannot be used as data folder \(ENOTDIR\)/);
  assert.match((await problemOf(() => start(foreign))).message, /holds files that are not Hallpass's/);
  assert.deepEqual(readdirSync(foreign), ['thesis.txt'], 'it is as it was');
  assert.match((await problemOf(() => asNobody(() => start(locked)))).message, /cannot be used.*EACCES/);
  await problemOf(() => start(loop));
});

test('files in the data folder that are damaged, foreign, or open to others', async (t) => {
  const changes: Readonly<Record<string, readonly [(data: string) => void, RegExp]>> = {
    'a store that is something else': [(data) => writeFileSync(join(data, 'hallpass.db'), 'x'.repeat(8_192)), /hallpass\.db/],
    'an operator key that others may read': [(data) => chmodSync(join(data, 'operator.jwk'), 0o644), /operator\.jwk can be read by others: chmod 600/],
    'an operator key that is none': [(data) => writeFileSync(join(data, 'operator.jwk'), '{"kty":"EC","d":"canary"}'), /operator\.jwk is not a private key of Hallpass/],
    'a signing key that is none': [(data) => writeFileSync(join(data, 'keys', readdirSync(join(data, 'keys'))[0] ?? ''), 'canary'), /signing-.*\.jwk is not a private key of Hallpass/],
  };
  for (const [name, [change, words]] of Object.entries(changes)) {
    await t.test(name, async (inner) => {
      const broker = await closed(inner);
      change(broker.config.data);
      const { message } = await problemOf(() => broker.start());
      assert.match(message, words);
      assert.ok(!message.includes('canary'));
    });
  }
});

test('grants that are broken at the first start: with nothing good to go on with, nothing starts', async (t) => {
  const changes: Readonly<Record<string, readonly [(grants: string) => void, RegExp]>> = {
    'a file that is broken': [(grants) => edit(grants, 'support-orders.yaml', 'approver:', 'aprover:'), /support-orders\.yaml:\d+:\d+: /],
    'a folder that is not there': [(grants) => rmSync(grants, { recursive: true }), /grants/],
    'a folder that is empty': [(grants) => {
      rmSync(grants, { recursive: true });
      mkdirSync(grants);
    }, /people\.yaml/],
  };
  for (const [name, [change, words]] of Object.entries(changes)) {
    await t.test(name, async (inner) => {
      const broker = await closed(inner);
      rmSync(broker.config.data, { recursive: true });
      change(broker.config.grants);
      const problem = await problemOf(() => broker.start());
      assert.match(problem.message, /the grants folder .* is not good/);
      assert.match(problem.problems.join('\n'), words);
      assert.ok(!existsSync(join(broker.config.data, 'hallpass.db')), 'nothing was issued, so nothing is kept');
    });
  }
});

test('a configuration that is wrong is told with its place, and nothing starts from it', (t) => {
  const cwd = temporaryFolder(t);
  const load = (text: string | undefined, env: NodeJS.ProcessEnv = {}): string => {
    if (text !== undefined) writeFileSync(join(cwd, 'hallpass.yaml'), text);
    const loaded = loadConfig({ cwd, env });
    return loaded.ok ? 'good' : loaded.problems.join('\n');
  };
  assert.equal(load(undefined), 'good', 'no file at all');
  assert.equal(load('# nothing yet\n'), 'good');
  assert.equal(load('listen: 127.0.0.1:9000\ndata: state\n'), 'good');
  for (const [text, words] of [
    ['listn: 127.0.0.1:1\n', /hallpass\.yaml:1:1: .*listen/], ['listen: 9000\n', /listen|HOST:PORT|text/], ['listen: 127.0.0.1:99999\n', /HOST:PORT/], ['issuer: http://hallpass.example.com\n', /https/], ['issuer: https://hallpass.example.com/x\n', /https/],
    ['listen: 0.0.0.0:8787\n', /`issuer` is missing/], ['a: [\n', /hallpass\.yaml:\d+:\d+: /], ['identities: [{issuer: https://idp.example.com}]\n', /jwks_file/],
    ['identities: [{issuer: https://a.example.com, jwks_file: a}, {issuer: https://a.example.com, jwks_file: b}]\n', /twice/], ['issuer: https://a.example.com\nidentities: [{issuer: https://a.example.com, jwks_file: a}]\n', /the broker itself/],
  ] as const) assert.match(load(text), words, text);
  assert.match(load('', { HALLPASS_LISTEN: 'everywhere' }), /^HALLPASS_LISTEN: /);
  assert.match(load('', { HALLPASS_IDENTITIES: '{' }), /^HALLPASS_IDENTITIES: /);
  const missing = loadConfig({ cwd, env: {}, file: 'other.yaml' });
  assert.deepEqual(missing, { ok: false, problems: ['other.yaml cannot be read (ENOENT)'] });
});
