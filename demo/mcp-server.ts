/** A real MCP server with the official SDK (v1), stateless, behind a guard. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import express, { type RequestHandler } from 'express';
import * as z from 'zod';
import type { AuthInfo } from '../src/guard/index.ts';

/** What an MCP tool answers to one id, for one agent. */
export type Answering = (id: string, agent: string) => string;

export interface McpServing {
  readonly name: string;
  readonly port: number;
  readonly guard: RequestHandler;
  /** What every tool here takes: one id, under this name. */
  readonly argument: string;
  readonly tools: Readonly<Record<string, Answering>>;
}

/** Serves `/mcp` until it is closed. */
export async function serveMcp({ name, port, guard, argument, tools }: McpServing): Promise<{ close(): Promise<void> }> {
  const app = express();
  app.use(express.json(), guard);
  app.post('/mcp', async (request, response) => {
    const mcp = new McpServer({ name, version: '1.0.0' });
    for (const [tool, answer] of Object.entries(tools)) {
      mcp.registerTool(tool, { description: tool, inputSchema: { [argument]: z.string() } }, (args, { authInfo }) => ({
        content: [{ type: 'text', text: answer(String(args[argument]), (authInfo as unknown as AuthInfo).extra.agent) }],
      }));
    }
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    response.on('close', () => void mcp.close());
    await mcp.connect(transport as Transport);
    await transport.handleRequest(request, response, request.body);
  });
  const server: Server = app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
