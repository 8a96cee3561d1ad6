/** A real MCP server in front of a test: the shop's orders, on a port of its own, guarded. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RequestHandler } from 'express';
import { freePort } from '../../demo/free-port.ts';
import { serveMcp } from '../../demo/mcp-server.ts';

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

/** The MCP side; each tool says who called it. */
export async function serveOrders(t: TestContext, port: number, guard: RequestHandler): Promise<void> {
  const tools = Object.fromEntries(Object.keys(ACTIONS).map((name) => [name, (id: string, agent: string) => `${name} ${id} for ${agent}`]));
  const server = await serveMcp({ name: 'orders', port, guard, argument: 'order_id', tools });
  t.after(() => server.close());
}
