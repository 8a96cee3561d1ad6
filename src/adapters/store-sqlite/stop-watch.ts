/**
 * Tells watchers of new stops. Each watcher reads on from its own last place, so that there is no gap and no repeat, whoever
 * woke it: a commit of this store, or the poll that notices the commits of other processes on the same file.
 */
import type { PlacedStop } from '../../stops/stop.ts';
import type { Reads } from './reads.ts';

const POLL_MS = 50;
const PAGE = 1_000;

interface Watcher {
  place: number;
  readonly onStop: (stop: PlacedStop) => void;
}

export class StopWatch {
  readonly #reads: Reads;
  readonly #watchers = new Set<Watcher>();
  #timer: NodeJS.Timeout | undefined;
  #dataVersion = 0;
  #problem: string | undefined;

  constructor(reads: Reads) {
    this.#reads = reads;
  }

  /** Set while stops cannot be read: watchers may be behind. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Stops that are there already are delivered in a later turn of the loop, never from inside this call. */
  watch(place: number, onStop: (stop: PlacedStop) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watcher: Watcher = { place, onStop };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#remove(watcher), { once: true });
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
    setImmediate(() => this.deliver());
  }

  /** Brings every watcher up to date. */
  deliver(): void {
    for (const watcher of this.#watchers) this.#deliverTo(watcher);
  }

  close(): void {
    for (const watcher of this.#watchers) this.#remove(watcher);
  }

  #deliverTo(watcher: Watcher): void {
    for (;;) {
      const stops = this.#read(watcher.place);
      for (const stop of stops) {
        if (!this.#watchers.has(watcher)) return;
        watcher.place = stop.place;
        tell(watcher, stop);
      }
      if (stops.length < PAGE) return;
    }
  }

  /** A read that fails is tried again with the next poll; until then `problem` says so. */
  #read(place: number): readonly PlacedStop[] {
    try {
      const stops = this.#reads.stopsAfter(place, PAGE);
      this.#problem = undefined;
      return stops;
    } catch (error) {
      this.#problem = `stops cannot be read: ${(error as Error).message}`;
      return [];
    }
  }

  #poll(): void {
    const version = this.#versionNow();
    if (version === this.#dataVersion && this.#problem === undefined) return;
    this.#dataVersion = version;
    this.deliver();
  }

  #versionNow(): number {
    try {
      return this.#reads.dataVersion();
    } catch (error) {
      this.#problem = `stops cannot be read: ${(error as Error).message}`;
      return this.#dataVersion;
    }
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** A watcher that throws has a bug, which ends the process like any other; the commit that woke it was still made. */
function tell(watcher: Watcher, stop: PlacedStop): void {
  try {
    watcher.onStop(stop);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
