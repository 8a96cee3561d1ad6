/**
 * The store: one verb, data in, data out. What a store promises is what test/store/contract.ts checks.
 *
 * - `commit` is atomic and isolated: all preconditions are judged against one state, then all effects are written, or none.
 * - A commit that resolved `committed` is durable: it survives `kill -9` and power loss.
 * - Commands that arrive together may share one disk sync; a refused one writes nothing and hurts no neighbour.
 * - Stops and lifts have places in one order; `committed` tells each caller its own.
 */
import type { PlacedStop, StopRecord, Dimension } from '../stops/stop.ts';

/** The store cannot answer now: nothing of the commit is visible, and it may be tried again. Adapters extend it. */
export class StoreUnavailableError extends Error {
  override readonly name: string = 'StoreUnavailableError';
}

/** Refuses unless it holds at the moment of the commit. */
export type Precondition =
  /** No engaged stop on, and no stop or cut after `place` on, any of these dimensions. */
  | { readonly type: 'noStopAfter'; readonly place: number; readonly dimensions: readonly Dimension[] }
  /** Nobody claimed this id in this namespace (and the claim has not expired). */
  | { readonly type: 'unclaimed'; readonly namespace: ClaimNamespace; readonly id: string }
  /** Fewer than `limit` counts for this key in the fixed window that `nowMs` falls into. */
  | { readonly type: 'underRate'; readonly key: string; readonly limit: number; readonly windowMs: number; readonly nowMs: number }
  /** No record of this kind and group that lives beyond `nowMs`. */
  | { readonly type: 'noneIn'; readonly kind: RecordKind; readonly group: string; readonly nowMs: number }
  /** The record is in this state; `undefined`: it does not exist. */
  | { readonly type: 'stateIs'; readonly kind: RecordKind; readonly id: string; readonly state: string | undefined };

/** Single-use ids live apart by kind, so that one kind can never use up, or stand in for, another's (CVE-2026-4325). */
export type ClaimNamespace = 'assertion-jti' | 'lift-jti' | 'lifted-stop';

export type Effect =
  | { readonly type: 'claim'; readonly namespace: ClaimNamespace; readonly id: string; readonly expiresMs: number }
  | { readonly type: 'count'; readonly key: string; readonly windowMs: number; readonly nowMs: number }
  /** Writes a record; `group` is its one secondary key, by which `records` finds it. Replaces one of the same kind and id. */
  | { readonly type: 'put'; readonly record: StoredRecord }
  /** Moves an existing record to another state. */
  | { readonly type: 'settle'; readonly kind: RecordKind; readonly id: string; readonly state: string }
  /** Appends one ledger entry: its bytes are final and hold no position; `leafHash` is RFC 6962's SHA-256(0x00 ‖ bytes). */
  | { readonly type: 'append'; readonly bytes: Uint8Array; readonly leafHash: Uint8Array }
  | { readonly type: 'stop'; readonly record: StopRecord };

export type RecordKind = 'token' | 'session' | 'closed-session' | 'lift-request' | 'decision';

export interface StoredRecord {
  readonly kind: RecordKind;
  readonly id: string;
  readonly group: string;
  readonly state: string;
  /** JSON. */
  readonly body: string;
  /** After this the record may be swept; a reader treats it as absent only where it says so. */
  readonly expiresMs: number;
}

export interface Commit {
  /** The epoch that the caller believes in; a store that went back in time, or was promoted, has another. */
  readonly epoch: string;
  readonly preconditions: readonly Precondition[];
  readonly effects: readonly Effect[];
}

export type CommitResult =
  | { readonly type: 'committed'; /** One place per `stop` effect, in order. */ readonly stopPlaces: readonly number[]; /** One position per `append`, in order. */ readonly positions: readonly number[] }
  | { readonly type: 'refused'; readonly precondition: Precondition; /** For `underRate`: when a retry could pass. */ readonly retryAfterMs?: number }
  | { readonly type: 'wrongEpoch'; readonly epoch: string };

/** One ledger entry as stored. Positions start at 0 and have no gaps. */
export interface LedgerRow {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly leafHash: Uint8Array;
}

export interface Store {
  /** What this store is, in words for the operator: `embedded, .hallpass/hallpass.db, synced before every answer`. */
  readonly description: string;
  epoch(): Promise<string>;
  /** Throws when the store cannot answer (disk full, closed); then nothing of this commit is visible. */
  commit(commit: Commit): Promise<CommitResult>;
  /** All stops with a place greater than `place`, in order. */
  stopsAfter(place: number): Promise<readonly PlacedStop[]>;
  /** Calls back for every stop with a place greater than `place`, in order, without gap or repeat, until the signal aborts. */
  watchStops(place: number, onStop: (stop: PlacedStop) => void, signal: AbortSignal): void;
  /** Ledger entries from `position`, in order, at most `limit`. */
  entriesFrom(position: number, limit: number): Promise<readonly LedgerRow[]>;
  /** How many entries the ledger has: the next position. */
  ledgerSize(): Promise<number>;
  record(kind: RecordKind, id: string): Promise<StoredRecord | undefined>;
  /** Records of one kind that expire after `expiresAfterMs`, of one group or of all, ordered by id, at most `limit`; `afterId` pages on. */
  records(query: {
    readonly kind: RecordKind;
    readonly group?: string;
    readonly expiresAfterMs: number;
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly StoredRecord[]>;
  /** How many there are of a kind that expire after `expiresAfterMs`. */
  countRecords(query: { readonly kind: RecordKind; readonly expiresAfterMs: number }): Promise<number>;
  /** Drops claims, counts and records that expired before `beforeMs`, a bounded number per call; returns how many went. */
  sweep(beforeMs: number): Promise<number>;
  /** Whether a read and a durable write work right now; resolves to a plain-words problem, or undefined. */
  problem(): Promise<string | undefined>;
  close(): Promise<void>;
}
