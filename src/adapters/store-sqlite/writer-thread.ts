/** The store's end of the writing thread: a request is a promise, and a thread that dies rejects all that wait. */
import { Worker } from 'node:worker_threads';
import { fromWireError, StoreClosedError } from './errors.ts';
import type { WriterAnswer, WriterAnswers, WriterReply, WriterRequest } from './writer-protocol.ts';

interface Waiting {
  readonly resolve: (answer: WriterAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class WriterThread {
  readonly #worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './writer.ts' : './writer.js', import.meta.url));
  readonly #waiting: Waiting[] = [];
  #ended: Error | undefined;

  constructor() {
    this.#worker.on('message', (reply: WriterReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(new StoreClosedError(`the store's writing thread failed: ${error.message}`)));
    this.#worker.on('exit', () => this.#end(new StoreClosedError('the store is closed')));
    // A store at rest keeps no process alive; a request under way does.
    this.#worker.unref();
  }

  /** Rejects with what the thread threw, or with `StoreClosedError` when it is gone. */
  request<R extends WriterRequest>(request: R): Promise<WriterAnswers[R['type']]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject });
      this.#worker.ref();
      this.#worker.postMessage(request, request.type === 'commit' ? [request.batch.bytes.buffer] : []);
    });
  }

  /** Ends the thread where it stands. For a thread that could not open: after `close` it ends by itself. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: WriterReply): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if (reply.ok) waiting?.resolve(reply.answer);
    else waiting?.reject(fromWireError(reply.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended);
  }
}
