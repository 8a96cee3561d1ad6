/** The domain's verbs over the one commit. Each says what must hold and what is written; adapters know none of them. */
import type { Dimension, StopRecord } from '../stops/stop.ts';
import type { EncodedEntry } from '../ledger/entry.ts';
import type { ClaimNamespace, CommitResult, Effect, Precondition, Store, StoredRecord } from './port.ts';

/** A single-use id to use up: refused when somebody used it before. */
export interface Claim {
  readonly namespace: ClaimNamespace;
  readonly id: string;
  readonly expiresMs: number;
}

/** A count against a limit in a fixed window. */
export interface Rate {
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

export interface Issuance {
  /** The place in the order of stops that the broker had applied before it decided. */
  readonly place: number;
  readonly dimensions: readonly Dimension[];
  /** The group in which a closed session refuses it; absent where none can. */
  readonly closedGroup?: string;
  readonly claims: readonly Claim[];
  readonly rates: readonly Rate[];
  readonly records: readonly StoredRecord[];
  readonly entry: EncodedEntry;
  readonly nowMs: number;
}

const append = ({ bytes, leafHash }: EncodedEntry): Effect => ({ type: 'append', bytes, leafHash });

const unclaimed = ({ namespace, id }: Claim): Precondition => ({ type: 'unclaimed', namespace, id });

const claim = ({ namespace, id, expiresMs }: Claim): Effect => ({ type: 'claim', namespace, id, expiresMs });

/** Records an issuance, unless a stop came first, a session is closed, an id was used, or a rate is reached. The token may leave only after it. */
export const commitIssuance = (store: Store, epoch: string, issuance: Issuance): Promise<CommitResult> =>
  store.commit({
    epoch,
    preconditions: [
      { type: 'noStopAfter', place: issuance.place, dimensions: issuance.dimensions },
      ...(issuance.closedGroup === undefined ? [] : [{ type: 'noneIn', kind: 'closed-session', group: issuance.closedGroup, nowMs: issuance.nowMs } as const]),
      ...issuance.claims.map(unclaimed),
      ...issuance.rates.map((rate): Precondition => ({ type: 'underRate', ...rate, nowMs: issuance.nowMs })),
    ],
    effects: [
      ...issuance.claims.map(claim),
      ...issuance.rates.map(({ key, windowMs }): Effect => ({ type: 'count', key, windowMs, nowMs: issuance.nowMs })),
      ...issuance.records.map((record): Effect => ({ type: 'put', record })),
      append(issuance.entry),
    ],
  });

/** Uses up ids and writes what goes with that; refused when one was used before. */
export const commitClaims = (
  store: Store,
  epoch: string,
  claims: readonly Claim[],
  also: { readonly entries?: readonly EncodedEntry[]; readonly records?: readonly StoredRecord[] } = {},
): Promise<CommitResult> =>
  store.commit({
    epoch,
    preconditions: claims.map(unclaimed),
    effects: [
      ...claims.map(claim),
      ...(also.records ?? []).map((record): Effect => ({ type: 'put', record })),
      ...(also.entries ?? []).map(append),
    ],
  });

/** Writes ledger entries, and records with them. */
export const commitEntries = (store: Store, epoch: string, entries: readonly EncodedEntry[], records: readonly StoredRecord[] = []): Promise<CommitResult> =>
  commitClaims(store, epoch, [], { entries, records });

/** Gives stops, cuts and lifts their places, each with its ledger entry, in one step. */
export const commitStops = (
  store: Store,
  epoch: string,
  stops: readonly { readonly record: StopRecord; readonly entry: EncodedEntry }[],
  also: { readonly preconditions?: readonly Precondition[]; readonly claims?: readonly Claim[] } = {},
): Promise<CommitResult> =>
  store.commit({
    epoch,
    preconditions: [...(also.preconditions ?? []), ...(also.claims ?? []).map(unclaimed)],
    effects: [...(also.claims ?? []).map(claim), ...stops.flatMap(({ record, entry }): Effect[] => [{ type: 'stop', record }, append(entry)])],
  });
