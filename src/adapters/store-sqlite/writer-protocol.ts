/** What the store and its writing thread say to each other: one reply per request, in order. */
import type { Outcome } from './batch.ts';
import type { WireError } from './errors.ts';
import type { PackedBatch } from './wire.ts';

export type WriterRequest =
  | { readonly type: 'open'; readonly file: string }
  | { readonly type: 'commit'; readonly batch: PackedBatch }
  | { readonly type: 'sweep'; readonly beforeMs: number }
  /** Answered once a durable write has gone through. */
  | { readonly type: 'probe' }
  | { readonly type: 'close' };

/** What each request is answered with when it went well. */
export interface WriterAnswers {
  readonly open: undefined;
  /** One outcome per command, in order. */
  readonly commit: readonly Outcome[];
  /** How many rows went. */
  readonly sweep: number;
  readonly probe: undefined;
  readonly close: undefined;
}

export type WriterAnswer = WriterAnswers[keyof WriterAnswers];

export type WriterReply = { readonly ok: true; readonly answer: WriterAnswer } | { readonly ok: false; readonly error: WireError };
