/**
 * Denials cost an attacker nothing, so they must cost the disk next to nothing: of identical ones only the first in a
 * window is written at once, the others are counted and written as one entry when the window ends.
 */
import { type DecisionId, newDecisionId } from '../core/names.ts';
import type { EntryDraft } from './entry.ts';

export const DENIAL_WINDOW_MS = 10_000;
/** Different denials in one window beyond this many share one counter, and are told as nobody's in particular. */
const MAX_KEYS = 1_000;
const OVERFLOW_KEY = 'overflow';
const OVERFLOW_DRAFT: EntryDraft = { kind: 'token.denied', outcome: 'denied', detail: 'various denials, too many different ones to tell apart' };

interface Counted {
  readonly decision: DecisionId;
  readonly draft: EntryDraft;
  readonly startedMs: number;
  repeats: number;
}

export class DenialWindow {
  readonly #counted = new Map<string, Counted>();

  /**
   * Takes a denial. `isFirst`: the caller writes it now; otherwise it is counted. Identical ones share one decision id, so
   * that every answer names an entry that exists.
   */
  take(draft: EntryDraft, nowMs: number): { readonly decision: DecisionId; readonly isFirst: boolean } {
    const key = JSON.stringify(draft);
    const slot = this.#counted.has(key) || this.#counted.size < MAX_KEYS ? key : OVERFLOW_KEY;
    const known = this.#counted.get(slot);
    if (known !== undefined && nowMs < known.startedMs + DENIAL_WINDOW_MS) {
      known.repeats += 1;
      return { decision: known.decision, isFirst: false };
    }
    const decision = newDecisionId();
    // An ended window that nobody drained yet is carried over, so that no count is lost.
    const fresh: Counted = { decision, draft: slot === OVERFLOW_KEY ? OVERFLOW_DRAFT : draft, startedMs: nowMs, repeats: 0 };
    if (known !== undefined && known.repeats > 0) this.#counted.set(`${slot}\0${known.decision}`, known);
    this.#counted.set(slot, fresh);
    return { decision, isFirst: true };
  }

  /** Undoes a `take` whose entry could not be written, so that the next identical denial is written again. */
  forget(decision: DecisionId): void {
    for (const [key, counted] of this.#counted) if (counted.decision === decision) this.#counted.delete(key);
  }

  /** Ends windows older than `DENIAL_WINDOW_MS` (all of them at shutdown) and returns the entries that their repeats make. */
  drain(nowMs: number, everything = false): readonly EntryDraft[] {
    const drafts: EntryDraft[] = [];
    for (const [key, { draft, decision, startedMs, repeats }] of this.#counted) {
      if (!everything && nowMs < startedMs + DENIAL_WINDOW_MS) continue;
      this.#counted.delete(key);
      if (repeats > 0) drafts.push({ ...draft, decision, count: repeats });
    }
    return drafts;
  }
}
