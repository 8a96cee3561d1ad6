/** The checks at every door: the `Host` that a request is meant for and, from browsers, the `Origin` that it comes from. */
import type { FastifyRequest } from 'fastify';

export interface Doors {
  /** Values of `Host` that mean this broker. */
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** The names of this broker: that of its issuer, and those of the loopback interface at its port (against DNS rebinding). */
export function doorsOf(issuer: string, port: number): Doors {
  const { host, origin, protocol } = new URL(issuer);
  const loopback = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  const defaultPort = protocol === 'https:' ? ':443' : ':80';
  return {
    hosts: new Set([host, ...(host.includes(':') && !host.endsWith(']') ? [] : [`${host}${defaultPort}`]), ...loopback]),
    origins: new Set([origin, ...loopback.map((name) => `http://${name}`)]),
  };
}

/** Why a request may not come in, or undefined. */
export function doorProblem({ hosts, origins }: Doors, request: FastifyRequest): { readonly status: 421 | 403; readonly title: string; readonly detail: string } | undefined {
  if (request.raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length > 1 || !hosts.has(request.headers.host?.toLowerCase() ?? '')) {
    return { status: 421, title: 'Misdirected Request', detail: 'this broker does not answer under that Host: use the name in its issuer' };
  }
  const { origin } = request.headers;
  if (origin !== undefined && !origins.has(origin)) return { status: 403, title: 'Forbidden', detail: 'a page of another origin may not call this broker' };
  return undefined;
}

/** Whether a request came over the loopback interface, and not through a proxy that did. */
export const isFromLoopback = (request: FastifyRequest): boolean =>
  /^(?:127\.|::1$|::ffff:127\.)/.test(request.socket.remoteAddress ?? '') && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined;
