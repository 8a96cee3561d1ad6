/** What does not even parse as HTTP: answered as plainly as that can be, and counted like every other denial. */
import type { Socket } from 'node:net';
import type { BrokerContext } from '../broker/context.ts';
import { deny } from '../broker/deny.ts';

const ANSWERS: Readonly<Record<string, readonly [status: number, title: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come to its end'],
};

/** Answers a connection whose request the parser refused, closes it, and counts it. No route is known: it may have been for a token. */
export function refuseUnreadable(context: BrokerContext, error: NodeJS.ErrnoException, socket: Socket): void {
  // Whoever is gone already hears nothing, and asked for nothing.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, title, detail] = ANSWERS[error.code ?? ''] ?? [400, 'Bad Request', 'this is no HTTP request'];
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  if (socket.writable) {
    socket.write(`HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`);
  }
  socket.destroySoon();
  deny(context, {}, [{ reason: 'malformed_request', detail }], { nowMs: context.clock() }).catch((failure: unknown) => context.log.error({ err: failure }, 'a refused request could not be counted'));
}
