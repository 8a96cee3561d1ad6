/** The store's promises as a few maps and lists: what a real one must agree with, command by command. */
import type { Commit, CommitResult, Precondition, StoredRecord } from '../../src/store/port.ts';
import { dimensionOf, type PlacedStop } from '../../src/stops/stop.ts';

const keyOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);
const windowOf = (windowMs: number, nowMs: number): number => Math.floor(nowMs / windowMs);

interface State {
  readonly claims: Set<string>;
  readonly counts: Map<string, number>;
  readonly records: Map<string, StoredRecord>;
  readonly ledger: string[];
  readonly stops: PlacedStop[];
}

export class ModelStore {
  state: State = { claims: new Set(), counts: new Map(), records: new Map(), ledger: [], stops: [] };

  /** The result, or `impossible` where a store must throw. */
  commit({ preconditions, effects }: Commit): CommitResult | 'impossible' {
    const precondition = preconditions.find((one) => !this.#holds(one));
    if (precondition !== undefined) return refusal(precondition);
    const before = structuredClone(this.state);
    const { claims, counts, records, ledger, stops } = this.state;
    for (const effect of effects) {
      if (effect.type === 'claim') claims.add(keyOf(effect.namespace, effect.id));
      if (effect.type === 'count') {
        const key = keyOf(effect.key, effect.windowMs, windowOf(effect.windowMs, effect.nowMs));
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      if (effect.type === 'put') records.set(keyOf(effect.record.kind, effect.record.id), effect.record);
      if (effect.type === 'append') ledger.push(new TextDecoder().decode(effect.bytes));
      if (effect.type === 'settle') {
        const key = keyOf(effect.kind, effect.id);
        const record = records.get(key);
        if (record === undefined) return this.#impossible(before);
        records.set(key, { ...record, state: effect.state });
      }
      if (effect.type === 'stop') {
        const { record } = effect;
        if (stops.some((other) => other.record.id === record.id)) return this.#impossible(before);
        if (record.type === 'lift' && !this.#engaged().some(({ id }) => id === record.stop)) return this.#impossible(before);
        stops.push({ place: stops.length + 1, record });
      }
    }
    return { type: 'committed', stopPlaces: stops.slice(before.stops.length).map(({ place }) => place), positions: [...ledger.keys()].slice(before.ledger.length) };
  }

  #holds(precondition: Precondition): boolean {
    const { claims, counts, records, stops } = this.state;
    switch (precondition.type) {
      case 'noStopAfter': {
        const { place, dimensions } = precondition;
        const later = stops.some((stop) => stop.place > place && stop.record.type !== 'lift' && dimensions.includes(dimensionOf(stop.record.target)));
        return !later && !this.#engaged().some(({ target }) => dimensions.includes(dimensionOf(target)));
      }
      case 'unclaimed': return !claims.has(keyOf(precondition.namespace, precondition.id));
      case 'underRate': return (counts.get(keyOf(precondition.key, precondition.windowMs, windowOf(precondition.windowMs, precondition.nowMs))) ?? 0) < precondition.limit;
      case 'noneIn': return ![...records.values()].some(({ kind, group, expiresMs }) => kind === precondition.kind && group === precondition.group && expiresMs > precondition.nowMs);
      case 'stateIs': return records.get(keyOf(precondition.kind, precondition.id))?.state === precondition.state;
      default: return precondition satisfies never;
    }
  }

  #engaged() {
    const records = this.state.stops.map(({ record }) => record);
    const lifted = new Set(records.map((record) => (record.type === 'lift' ? record.stop : undefined)));
    return records.filter((record) => record.type === 'engage').filter(({ id }) => !lifted.has(id));
  }

  #impossible(before: State): 'impossible' {
    this.state = before;
    return 'impossible';
  }
}

function refusal(precondition: Precondition): CommitResult {
  if (precondition.type !== 'underRate') return { type: 'refused', precondition };
  const { windowMs, nowMs } = precondition;
  return { type: 'refused', precondition, retryAfterMs: (windowOf(windowMs, nowMs) + 1) * windowMs - nowMs };
}
