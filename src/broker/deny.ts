/** Recording a denial: before the answer leaves, and at a cost that a flood cannot raise. */
import type { DecisionId } from '../core/names.ts';
import type { DenyReason } from '../core/reasons.ts';
import { encodeEntry, type EntryDraft } from '../ledger/entry.ts';
import { type Claim, commitClaims } from '../store/commits.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext } from './context.ts';

/** How long `hallpass why` can explain a denial. */
const DECISION_KEPT_MS = 7 * 24 * 3600 * 1000;

/** A no: the reason for the wire, the detail in plain words, and the decision under which a person finds all of it. */
export interface Denied {
  readonly kind: 'denied';
  readonly reason: DenyReason;
  readonly detail: string;
  readonly decision: DecisionId;
  readonly retryAfterSeconds?: number;
}

export interface DenialReason {
  readonly reason: DenyReason;
  readonly detail: string;
  readonly grant?: string;
}

/** What a client hears whose assertion proves nothing any more. */
export const REPLAYED: DenialReason = { reason: 'replayed', detail: 'this client assertion was used before: make a new one for each request' };

/**
 * Writes a denial, with the claims of an assertion that was spent on it, and answers it. Of identical denials within ten
 * seconds only the first is written at once; the rest are counted.
 */
export async function deny(
  context: BrokerContext,
  draft: Omit<EntryDraft, 'kind' | 'outcome' | 'decision' | 'reasons'>,
  reasons: readonly [DenialReason, ...DenialReason[]],
  options: { readonly nowMs: number; readonly claims?: readonly Claim[]; readonly retryAfterSeconds?: number },
): Promise<Denied> {
  const { nowMs } = options;
  const [first] = reasons;
  // What was used before cannot be used up again.
  const claims = first.reason === 'replayed' ? [] : (options.claims ?? []);
  const entryDraft: EntryDraft = { ...draft, kind: 'token.denied', outcome: 'denied', reasons: reasons.map(statedReason) };
  const { decision, isFirst } = context.denials.take(entryDraft, nowMs);
  if (isFirst || claims.length > 0) {
    const stated: EntryDraft = { ...entryDraft, decision };
    const record = {
      kind: 'decision', id: decision, group: '', state: 'denied', body: JSON.stringify({ ...stated, at_ms: nowMs }), expiresMs: nowMs + DECISION_KEPT_MS,
    } as const;
    try {
      const result = await commitClaims(context.store, context.epoch, claims, isFirst ? { entries: [encodeEntry(stated, nowMs)], records: [record] } : {});
      if (result.type === 'refused') {
        // Whoever replays an assertion is told that, and is not told what the policy says to it.
        if (isFirst) context.denials.forget(decision);
        return deny(context, draft, [REPLAYED], { nowMs });
      }
      expectCommitted(result);
    } catch (error) {
      context.denials.forget(decision);
      throw error;
    }
  }
  context.activity.count(draft.agent, 'denied', nowMs);
  context.meter.denied(first.reason);
  return {
    kind: 'denied', reason: first.reason, detail: first.detail, decision,
    ...(options.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: options.retryAfterSeconds }),
  };
}

/** Exactly what an entry says of a reason: callers pass what they hold, and more than this would be no entry any more. */
const statedReason = ({ reason, detail, grant }: DenialReason): DenialReason => ({ reason, detail, ...(grant === undefined ? {} : { grant }) });

/** Writes the counted repeats of windows that have ended. */
export async function writeCountedDenials(context: BrokerContext, nowMs: number, everything = false): Promise<void> {
  const drafts = context.denials.drain(nowMs, everything);
  if (drafts.length > 0) await commitClaims(context.store, context.epoch, [], { entries: drafts.map((draft) => encodeEntry(draft, nowMs)) });
}
