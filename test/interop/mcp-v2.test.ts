/** The official SDK, version 2, unmodified: client and fetch-style server of the newest protocol revision. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { test, type TestContext } from 'node:test';
import { Client, PrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler, McpServer, OAuthError, OAuthErrorCode, requireBearerAuth } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { createGuard, type Guard } from '../../src/guard/index.ts';
import { type TestBroker, testBroker } from '../http/broker.ts';
import { ACTIONS, ordersPlace } from './orders-server.ts';

type Gate = (request: Request) => ReturnType<Guard['checkRequest']>;

/** Serves a fetch handler with node:http. */
async function serve(t: TestContext, port: number, handler: (request: Request) => Promise<Response>): Promise<void> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const hasBody = incoming.method === 'POST';
      const request = new Request(`http://127.0.0.1:${port}${incoming.url}`, {
        method: incoming.method ?? 'GET', headers: incoming.headers as Record<string, string>,
        ...(hasBody ? { body: Readable.toWeb(incoming), duplex: 'half' } : {}),
      } as unknown as RequestInit);
      const response = await handler(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.body === null) outgoing.end();
      else Readable.fromWeb(response.body as ReadableStream).pipe(outgoing);
    })();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
}

async function shop(t: TestContext, gateOf: (guard: Guard) => Gate = (guard) => (request) => guard.checkRequest(request)): Promise<{ broker: TestBroker; connect(agent: string): Promise<Client> }> {
  const place = await ordersPlace();
  const broker = await testBroker(t, { grants: place.edit });
  const guard = createGuard({ resource: place.resource, actions: ACTIONS, url: broker.issuer, clientId: 'orders-mcp-staging', keyFile: join(broker.config.data, 'example-keys/orders-mcp-staging.jwk') });
  const gate = gateOf(guard);
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'orders', version: '1.0.0' });
    for (const name of Object.keys(ACTIONS)) {
      server.registerTool(name, { description: name, inputSchema: z.object({ order_id: z.string() }) }, ({ order_id }, context) => ({
        content: [{ type: 'text', text: `${name} ${order_id} with ${context.http?.authInfo?.scopes.join(' ')}` }],
      }));
    }
    return server;
  });
  await serve(t, place.port, async (request) => {
    if (new URL(request.url).pathname === guard.metadataPath) return Response.json(guard.metadata);
    const allowed = await gate(request);
    return allowed instanceof Response ? allowed : mcp.fetch(request, { authInfo: allowed });
  });
  return {
    broker,
    connect: async (agent) => {
      const authProvider = new PrivateKeyJwtProvider({ clientId: agent, privateKey: { ...broker.keyOf(agent) }, algorithm: 'ES256', expectedIssuer: broker.issuer });
      const client = new Client({ name: 'support', version: '1.0.0' });
      t.after(() => client.close());
      await client.connect(new StreamableHTTPClientTransport(new URL(place.resource), { authProvider }));
      return client;
    },
  };
}

const textOf = (result: object): string => (result as { content: readonly { text: string }[] }).content[0]?.text ?? '';

test('a stock client reads, steps up to one other action when it is told to, and is stopped', async (t) => {
  const { broker, connect } = await shop(t);
  const client = await connect('support-agent');
  assert.equal(textOf(await client.callTool({ name: 'get_order', arguments: { order_id: '1042' } })), 'get_order 1042 with orders.read');
  // The client asks for the union of what it had and what it needs; the broker gives the one action alone.
  assert.equal(textOf(await client.callTool({ name: 'note_order', arguments: { order_id: '1042' } })), 'note_order 1042 with orders.note');

  await broker.api('local-operator', 'POST', '/v1/stops', { target: { tool: 'orders', env: 'staging' }, reason: 'INC-7' });
  await assert.rejects(client.callTool({ name: 'note_order', arguments: { order_id: '1042' } }), /stopped/);
});

test('scopes never pile up toward what needs a yes: a refund is refused, and the reads go on', async (t) => {
  const { connect } = await shop(t);
  const client = await connect('support-agent');
  await assert.rejects(client.callTool({ name: 'refund_order', arguments: { order_id: '1042' } }), /needs a person/);
  assert.equal(textOf(await client.callTool({ name: 'get_order', arguments: { order_id: '1042' } })), 'get_order 1042 with orders.read');
});

test('the SDK\'s own gate works with the guard\'s verifier', async (t) => {
  const { connect } = await shop(t, (guard) => {
    const gate = requireBearerAuth({ verifier: guard.tokenVerifier((text) => new OAuthError(OAuthErrorCode.InvalidToken, text)), resourceMetadataUrl: guard.metadataUrl, expectedResource: new URL(guard.metadata.resource) });
    return gate as unknown as Gate;
  });
  const client = await connect('support-agent');
  assert.equal(textOf(await client.callTool({ name: 'get_order', arguments: { order_id: '7' } })), 'get_order 7 with orders.read');
});
