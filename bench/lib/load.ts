/**
 * The load: prepared requests over kept-alive connections, each sending its next one when it has its answer. It writes
 * buffers that were made before and reads no more of an answer than it must, for it shares the machine with what it measures.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { quantile } from './rows.ts';

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One HTTP request with a form, ready to be sent. */
export function formRequest(url: string, form: Readonly<Record<string, string>>): Buffer {
  const { host, pathname } = new URL(url);
  const body = new URLSearchParams(form).toString();
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  );
}

/** Sends every request once, `inFlight` at a time. Throws when one is answered with anything but 200: a fast refusal is no result. */
export async function load(url: string, requests: readonly Buffer[], inFlight: number): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: Math.min(inFlight, requests.length) }, () => open(url)));
  const times: number[] = [];
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      const answers = new Answers(socket);
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const sentMs = performance.now();
        socket.write(request);
        await answers.next();
        times.push(performance.now() - sentMs);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  for (const socket of sockets) socket.destroy();
  return { perSecond: requests.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** The answers that come back over one connection. */
class Answers {
  #received: Buffer = Buffer.alloc(0);
  #resolve: (() => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(socket: Socket) {
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#reject?.(error));
    socket.on('close', () => this.#reject?.(new Error('the server closed the connection')));
  }

  next(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) this.#reject?.(new Error(`an answer without a length: ${head}`));
    else if (this.#received.length < headEnd + 4 + Number(length)) return;
    else if (head.startsWith('HTTP/1.1 200 ')) this.#resolve?.();
    else this.#reject?.(new Error(`not 200: ${this.#received.toString('latin1')}`));
    this.#received = Buffer.alloc(0);
  }
}
