/**
 * The stops that a broker or a guard holds in memory. Checking a token is one map look-up per dimension; how many tokens
 * live does not matter, and neither does any clock: only the order of places does.
 */
import type { StopId } from '../core/names.ts';
import { type Cut, type Dimension, dimensionOf, type Engage, type PlacedStop } from './stop.ts';

export interface EngagedStop extends Engage {
  readonly place: number;
}

interface Mark {
  /** The last place at which this dimension was stopped or cut; a lift does not take it back. */
  place: number;
  atMs: number;
  readonly engaged: Set<StopId>;
}

/** A stop that is applied before the store has given it a place voids everything that it matches. */
const PENDING_PLACE = Number.MAX_SAFE_INTEGER;

export class StopSet {
  readonly #marks = new Map<Dimension, Mark>();
  readonly #engaged = new Map<StopId, EngagedStop>();
  readonly #pending = new Map<StopId, { readonly record: Engage | Cut; readonly dimension: Dimension }>();
  #place = 0;

  /** The last place applied: what a token issued now carries as `ord`. */
  get place(): number {
    return this.#place;
  }

  /** Stops that are engaged now, oldest first. */
  get engaged(): readonly EngagedStop[] {
    return [...this.#engaged.values()];
  }

  /** Stops that are in force here and have no place yet, because the store could not give them one. */
  get pending(): readonly Engage[] {
    return [...this.#pending.values()].flatMap(({ record }) => (record.type === 'engage' ? [record] : []));
  }

  engagedStop(id: StopId): EngagedStop | undefined {
    return this.#engaged.get(id);
  }

  /** Applies the next record of the order. Applying one again changes nothing, so that two sources may overlap. */
  apply({ place, record }: PlacedStop): void {
    this.#pending.delete(record.id);
    if (place <= this.#place) return;
    this.#place = place;
    if (record.type === 'lift') {
      const stop = this.#engaged.get(record.stop);
      if (stop === undefined) return;
      this.#engaged.delete(record.stop);
      this.#marks.get(dimensionOf(stop.target))?.engaged.delete(record.stop);
      return;
    }
    const dimension = dimensionOf(record.target);
    const mark = this.#marks.get(dimension) ?? { place, atMs: record.atMs, engaged: new Set() };
    mark.place = place;
    mark.atMs = Math.max(mark.atMs, record.atMs);
    this.#marks.set(dimension, mark);
    if (record.type === 'engage') {
      mark.engaged.add(record.id);
      this.#engaged.set(record.id, { ...record, place });
    }
  }

  /** Lets a stop bite before it is stored. It holds until the stored record is applied. */
  applyPending(record: Engage | Cut): void {
    this.#pending.set(record.id, { record, dimension: dimensionOf(record.target) });
  }

  /** The dimension, if any, in which a token that carries `place` is void: stopped or cut after it, lifted since or not. */
  voidedIn(dimensions: readonly Dimension[], place: number): Dimension | undefined {
    return dimensions.find((dimension) => this.#lastPlace(dimension) > place);
  }

  /** The dimension, if any, in which nothing new may be issued: an engaged stop, or one on its way into the store. */
  engagedIn(dimensions: readonly Dimension[]): Dimension | undefined {
    return dimensions.find((dimension) => (this.#marks.get(dimension)?.engaged.size ?? 0) > 0 || this.#isPending(dimension));
  }

  /** Forgets marks that are not engaged and older than the longest life of a credential. */
  prune(beforeMs: number): void {
    for (const [dimension, mark] of this.#marks) {
      if (mark.engaged.size === 0 && mark.atMs < beforeMs) this.#marks.delete(dimension);
    }
  }

  #lastPlace(dimension: Dimension): number {
    if (this.#isPending(dimension)) return PENDING_PLACE;
    return this.#marks.get(dimension)?.place ?? 0;
  }

  #isPending(dimension: Dimension): boolean {
    if (this.#pending.size === 0) return false;
    for (const pending of this.#pending.values()) if (pending.dimension === dimension) return true;
    return false;
  }
}
