/** A real MCP server in front of a test: the shop's orders, on a port of its own, guarded. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import express, { type Express, type RequestHandler } from 'express';
import * as z from 'zod';
import type { AuthInfo } from '../../src/guard/index.ts';
import { freePort } from '../http/broker.ts';

export const ACTIONS = { get_order: 'orders.read', refund_order: 'orders.refund', note_order: 'orders.note' };

/** What a grants folder needs so that the orders server of this test is the one in it. */
export interface OrdersPlace {
  readonly port: number;
  readonly resource: string;
  /** For the `grants` option of a test broker. */
  readonly edit: (folder: string) => void;
}

export async function ordersPlace(): Promise<OrdersPlace> {
  const port = await freePort();
  return {
    port, resource: `http://127.0.0.1:${port}/mcp`,
    edit: (folder) => {
      editFile(join(folder, 'tools/orders.yaml'), (text) =>
        text
          .replace('http://127.0.0.1:8801/mcp', `http://127.0.0.1:${port}/mcp`)
          .replace('\nenvironments:', '\n  orders.note:\n    effect: write\n    says: add a note to one order\n    mcp: [note_order]\n    records: {order: /order_id}\n\nenvironments:'));
      editFile(join(folder, 'support-orders.yaml'), (text) => text.replace('actions: [orders.read]', 'actions: [orders.read, orders.note]'));
    },
  };
}

export function editFile(file: string, edit: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = edit(before);
  if (after === before) throw new Error(`nothing was edited in ${file}`);
  writeFileSync(file, after);
}

/** The MCP side, with the official SDK (v1), stateless; each tool says who called it. */
export function ordersMcp(app: Express, guard: RequestHandler): void {
  app.use(express.json(), guard);
  app.post('/mcp', async (request, response) => {
    const server = new McpServer({ name: 'orders', version: '1.0.0' });
    for (const name of Object.keys(ACTIONS)) {
      server.registerTool(name, { description: name, inputSchema: { order_id: z.string() } }, ({ order_id }, { authInfo }) => ({
        content: [{ type: 'text', text: `${name} ${order_id} for ${(authInfo as unknown as AuthInfo).extra.agent}` }],
      }));
    }
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    response.on('close', () => void server.close());
    await server.connect(transport as Transport);
    await transport.handleRequest(request, response, request.body);
  });
}

export async function listen(t: TestContext, app: Express, port: number): Promise<string> {
  const server: Server = app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
