/** The guard against a real broker: what it lets in, what it answers otherwise, and that it never guesses. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { createGuard, type Guard, type GuardOptions, GuardSettingsError } from '../../src/guard/index.ts';
import { neededActions } from '../../src/guard/mcp-call.ts';
import { temporaryFolder, type TestBroker, testBroker } from '../http/broker.ts';

const RESOURCE = 'http://127.0.0.1:8801/mcp';
const ACTIONS = { get_order: 'orders.read', refund_order: 'orders.refund' };
const call = (name: string): object => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });

interface Guarded {
  readonly broker: TestBroker;
  readonly guard: Guard;
  /** The Authorization header of support-agent. */
  bearer(scope?: string): Promise<string>;
}

async function guarded(t: TestContext, options: Partial<GuardOptions> = {}): Promise<Guarded> {
  const broker = await testBroker(t);
  const guard = createGuard({
    resource: RESOURCE, actions: ACTIONS, url: broker.issuer, clientId: 'orders-mcp-staging', keyFile: join(broker.config.data, 'example-keys/orders-mcp-staging.jwk'), ...options,
  });
  const bearer = async (scope = 'orders.read'): Promise<string> => `Bearer ${(await broker.token('support-agent', { tool: 'orders', env: 'staging', scope })).body.access_token}`;
  return { broker, guard, bearer };
}

test('a good token comes in, with who is calling', async (t) => {
  const { guard, bearer } = await guarded(t);
  const decision = await guard.check(await bearer(), call('get_order'));
  assert.ok(decision.ok);
  const { clientId, scopes, expiresAt, resource, extra } = decision.auth;
  assert.deepEqual([clientId, scopes, resource.href, extra.agent, extra.requester, extra.grant], ['support-agent', ['orders.read'], RESOURCE, 'support-agent', 'support-agent', 'support-orders']);
  assert.ok(expiresAt > Date.now() / 1000);
});

describe('what does not come in, and what the client hears', () => {
  const METADATA = 'resource_metadata="http://127.0.0.1:8801/.well-known/oauth-protected-resource/mcp"';
  const table: Readonly<Record<string, (guarded: Guarded) => Promise<readonly [string | undefined, unknown, number, string | undefined]>>> = {
    'no token': async () => [undefined, undefined, 401, `Bearer ${METADATA}`],
    'no token for a call that needs an action': async () => [undefined, call('refund_order'), 401, `Bearer scope="orders.refund", ${METADATA}`],
    'another scheme': async ({ bearer }) => [(await bearer()).replace('Bearer', 'Basic'), undefined, 401, `Bearer ${METADATA}`],
    'a token that is none': async () => ['Bearer abc', undefined, 401, `Bearer error="invalid_token", error_description="the token is not good here, or not any more", ${METADATA}`],
    'two tokens': async ({ bearer }) => [`${await bearer()}, ${await bearer()}`, undefined, 401, `Bearer ${METADATA}`],
    'a token for another tool': async ({ broker }) => [`Bearer ${(await broker.token('support-agent', { tool: 'tickets', env: 'staging' })).body.access_token}`, undefined, 401, `Bearer error="invalid_token", error_description="the token is not good here, or not any more", ${METADATA}`],
    'an action that the token lacks': async ({ bearer }) => [await bearer(), call('refund_order'), 403, `Bearer error="insufficient_scope", error_description="this call needs orders.refund", scope="orders.refund", ${METADATA}`],
    'several calls, of which it lacks one': async ({ bearer }) => [await bearer(), [call('get_order'), call('refund_order')], 403, `Bearer error="insufficient_scope", error_description="this call needs orders.read orders.refund", scope="orders.read orders.refund", ${METADATA}`],
    'a tool that no action covers': async ({ bearer }) => [await bearer(), call('drop_orders'), 403, undefined],
    'a tool whose name is none': async ({ bearer }) => [await bearer(), { method: 'tools/call', params: { name: ['get_order'] } }, 403, undefined],
    'a name that every object has': async ({ bearer }) => [await bearer(), call('constructor'), 403, undefined],
    'a stopped token': async ({ bearer, broker }) => {
      const header = await bearer();
      await broker.api('local-operator', 'POST', '/v1/stops', { target: { tool: 'orders' }, reason: 'INC-7' });
      return [header, undefined, 403, undefined];
    },
    'a broker that is gone': async ({ bearer, broker }) => {
      const header = await bearer();
      await broker.close();
      return [header, undefined, 503, undefined];
    },
  };
  for (const [name, prepare] of Object.entries(table)) {
    test(name, async (t) => {
      const here = await guarded(t);
      const [header, body, status, challenge] = await prepare(here);
      const decision = await here.guard.check(header, body);
      assert.ok(!decision.ok);
      assert.deepEqual([decision.status, decision.headers['www-authenticate']], [status, challenge]);
    });
  }
});

test('a guard whose own token was voided proves itself anew, and lets nothing in while it may not', async (t) => {
  const { guard, broker, bearer } = await guarded(t);
  const statusOf = async (): Promise<number> => {
    const decision = await guard.check('Bearer abc');
    return decision.ok ? 200 : decision.status;
  };
  assert.ok((await guard.check(await bearer())).ok);
  const key = (await broker.api('local-operator', 'GET', '/v1/status')).body.signing_keys[0].kid as string;
  await broker.api('local-operator', 'POST', '/v1/stops', { target: { key }, reason: 'INC-6' });
  assert.equal(await statusOf(), 401, 'it asked with a new token, and heard that this one is not good');
  const stopped = await broker.api('local-operator', 'POST', '/v1/stops', { target: { server: 'orders-mcp-staging' }, reason: 'INC-7' });
  assert.equal(await statusOf(), 503);
  assert.equal((await broker.lift('local-operator', stopped.body.id)).status, 200);
  assert.equal(await statusOf(), 401);
});

test('a fetch handler gets who is calling, or the answer to send, and can still read the body', async (t) => {
  const { guard, bearer } = await guarded(t);
  const request = (authorization: string | undefined, body: string): Request => new Request(RESOURCE, { method: 'POST', body, headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) } });
  const good = request(await bearer(), JSON.stringify(call('get_order')));
  const allowed = await guard.checkRequest(good);
  assert.ok(!(allowed instanceof Response));
  assert.deepEqual(await good.json(), call('get_order'));
  const status = async (authorization: string | undefined, body: string) => ((await guard.checkRequest(request(authorization, body))) as Response).status;
  assert.equal(await status(undefined, '{}'), 401);
  assert.equal(await status(await bearer(), JSON.stringify(call('refund_order'))), 403);
  assert.equal(await status(await bearer(), JSON.stringify({ filler: 'x'.repeat(5 * 1024 * 1024) })), 413);
  const metadata = (await guard.checkRequest(new Request(guard.metadataUrl))) as Response;
  assert.deepEqual(await metadata.json(), { resource: RESOURCE, authorization_servers: guard.metadata.authorization_servers, bearer_methods_supported: ['header'] });
});

test('a POST whose body nobody parsed is an error, not a call that needs nothing', async (t) => {
  const { guard } = await guarded(t);
  const error = await new Promise<unknown>((resolve) => guard.middleware()({ method: 'POST', url: '/mcp', headers: {} } as never, {} as never, resolve));
  assert.match(String(error), /put a JSON parser before it/);
});

describe('a guard that does not know enough is not made', () => {
  const table: Readonly<Record<string, (folder: string) => Partial<GuardOptions>>> = {
    'HALLPASS_URL is not set': () => ({ url: '' }),
    'must be an https URL': () => ({ url: 'http://hallpass.example.com' }),
    'HALLPASS_CLIENT_ID is not set': () => ({ url: 'https://hallpass.example.com' }),
    'HALLPASS_KEY_FILE is not set': () => ({ url: 'https://hallpass.example.com', clientId: 'orders-mcp' }),
    'cannot be read as a key (ENOENT)': (folder) => ({ url: 'https://hallpass.example.com', clientId: 'orders-mcp', keyFile: join(folder, 'none.jwk') }),
    'holds no private key': (folder) => {
      writeFileSync(join(folder, 'public.jwk'), '{"kty":"EC","crv":"P-256","x":"canary"}');
      return { url: 'https://hallpass.example.com', clientId: 'orders-mcp', keyFile: join(folder, 'public.jwk') };
    },
  };
  for (const [message, options] of Object.entries(table)) {
    test(message, (t) => {
      const made = (): Guard => createGuard({ resource: RESOURCE, actions: ACTIONS, ...options(temporaryFolder(t)) });
      assert.throws(made, (error: unknown) => error instanceof GuardSettingsError && error.message.includes(message) && !error.message.includes('canary'));
    });
  }
});

test('only calls of tools need actions', () => {
  const actions = new Map(Object.entries(ACTIONS));
  for (const body of [undefined, null, 'text', 7, {}, [], { method: 'initialize' }, { method: 'tools/list' }, [{ method: 'ping' }]]) {
    assert.deepEqual(neededActions(body, actions), { kind: 'known', actions: [] }, JSON.stringify(body));
  }
  assert.deepEqual(neededActions([call('get_order'), call('get_order')], actions), { kind: 'known', actions: ['orders.read'] });
  assert.deepEqual(neededActions({ method: 'tools/call' }, actions), { kind: 'unlisted', name: '' });
});
