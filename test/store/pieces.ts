/** Short ways to write the parts of a commit. */
import { createHash } from 'node:crypto';
import type { AgentId, StopId, ToolName } from '../../src/core/names.ts';
import type { Commit, CommitResult, Effect, Precondition, Store, StoredRecord } from '../../src/store/port.ts';
import type { Cut, Dimension, Engage, Lift, StopTarget } from '../../src/stops/stop.ts';

/** Real time, because a store may let expired things go by its own clock. */
export const NOW = Date.now();
export const HOUR_MS = 3_600_000;
/** A rate window that `NOW` falls into the middle of, and its edges. */
export const WINDOW_MS = 60_000;
export const WINDOW_START = Math.floor(NOW / WINDOW_MS) * WINDOW_MS;

export const TOOL: StopTarget = { kind: 'tool', tool: 'orders' as ToolName };
export const AGENT: StopTarget = { kind: 'agent', agent: 'support-agent' as AgentId };

export const append = (text: string): Extract<Effect, { type: 'append' }> => {
  const bytes = new TextEncoder().encode(text);
  return { type: 'append', bytes, leafHash: createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest() };
};

export const recordOf = (id: string, fields: Partial<StoredRecord> = {}): StoredRecord => ({
  kind: 'token', id, group: 'g', state: 'live', body: `{"id":${JSON.stringify(id)}}`, expiresMs: NOW + HOUR_MS, ...fields,
});
export const put = (id: string, fields: Partial<StoredRecord> = {}): Effect => ({ type: 'put', record: recordOf(id, fields) });
export const settle = (id: string, state: string): Effect => ({ type: 'settle', kind: 'token', id, state });
export const stateIs = (id: string, state: string | undefined): Precondition => ({ type: 'stateIs', kind: 'token', id, state });

export const noneIn = (group: string, nowMs = NOW): Precondition => ({ type: 'noneIn', kind: 'token', group, nowMs });

type Namespace = Extract<Precondition, { type: 'unclaimed' }>['namespace'];
export const unclaimed = (id: string, namespace: Namespace = 'assertion-jti'): Precondition => ({ type: 'unclaimed', namespace, id });
export const claim = (id: string, namespace: Namespace = 'assertion-jti', expiresMs: number = NOW + HOUR_MS): Effect => ({ type: 'claim', namespace, id, expiresMs });

export const underRate = (key: string, limit: number, nowMs: number, windowMs = WINDOW_MS): Precondition => ({ type: 'underRate', key, limit, windowMs, nowMs });
export const count = (key: string, nowMs: number, windowMs = WINDOW_MS): Effect => ({ type: 'count', key, windowMs, nowMs });

export const noStopAfter = (place: number, ...dimensions: readonly Dimension[]): Precondition => ({ type: 'noStopAfter', place, dimensions });
export const engage = (id: string, target: StopTarget): Engage => ({ type: 'engage', id: id as StopId, target, reason: 'INC-7', by: 'dana@example.com', atMs: NOW });
export const cut = (id: string, target: StopTarget): Cut => ({ type: 'cut', id: id as StopId, target, reason: 'revoked', by: 'broker', atMs: NOW });
export const lift = (id: string, stop: string): Lift => ({ type: 'lift', id: id as StopId, stop: stop as StopId, reason: 'over', by: 'dana@example.com', atMs: NOW });
export const stop = (record: Engage | Cut | Lift): Effect => ({ type: 'stop', record });

/** A commit with no preconditions, or with some. */
export type Write = (effects: readonly Effect[], preconditions?: readonly Precondition[]) => Promise<CommitResult>;
export const writerOf = (store: Store, epoch: string): Write => (effects, preconditions = []) => store.commit({ epoch, preconditions, effects } satisfies Commit);

/** All of the ledger, as text. */
export const ledgerOf = async (store: Store): Promise<readonly string[]> =>
  (await store.entriesFrom(0, 100_000)).map(({ bytes }) => new TextDecoder().decode(bytes));
