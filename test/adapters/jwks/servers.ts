/** Servers of key sets on this machine, and a resolver that is asked instead of the system's. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { LookupAll } from '../../../src/adapters/jwks/guarded-fetch.ts';

export interface KeyServer {
  readonly port: number;
  /** `127.0.0.1` and the port: what `allow_private_hosts` may hold. */
  readonly host: string;
  readonly url: string;
  /** How many requests came, and how many connections. */
  requests: number;
  connections: number;
}

export async function keyServer(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<KeyServer> {
  const server = createServer((request, response) => {
    made.requests += 1;
    answer(request, response);
  });
  server.on('connection', () => (made.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const made = { port, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/jwks`, requests: 0, connections: 0 };
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return made;
}

/** A resolver that gives these answers one after the other, the last one from then on; and how often it was asked. */
export function resolver(...answers: readonly (readonly string[])[]): { readonly lookup: LookupAll; asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    lookup: (_hostname, _options, done) => {
      const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      process.nextTick(done, null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    },
  };
}
