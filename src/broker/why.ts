/** `hallpass why`: what a decision id stands for, which rule said no, where it is written, and what would change it. */
import * as z from 'zod';
import { DENY_REASONS, type DenyReason } from '../core/reasons.ts';
import { smallestGrant } from '../grants/smallest-grant.ts';
import { locate } from '../grants/why.ts';
import { readProblem, type Refused, refused } from './authorize.ts';
import type { BrokerContext, Caller } from './context.ts';

/** What a new grant could change; for the other reasons none would help. */
const GRANT_WOULD_HELP: ReadonlySet<DenyReason> = new Set(['no_grant', 'action_not_granted', 'grant_expired', 'outside_hours', 'too_many_records']);

/** The body of a `decision` record: the draft of the denial's ledger entry and its moment. */
const decisionSchema = z.looseObject({
  at_ms: z.number(),
  agent: z.string().optional(),
  server: z.string().optional(),
  tool: z.string().optional(),
  env: z.string().optional(),
  actions: z.array(z.string()).optional(),
  records: z.array(z.string()).optional(),
  reasons: z.array(z.object({ reason: z.enum(DENY_REASONS), detail: z.string(), grant: z.string().optional() })).min(1),
});

export interface DecisionView {
  readonly kind: 'decision';
  readonly decision: string;
  readonly at: string;
  readonly agent?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly env?: string | undefined;
  readonly actions?: readonly string[] | undefined;
  readonly reasons: readonly {
    readonly reason: DenyReason;
    readonly detail: string;
    readonly grant?: string | undefined;
    readonly rule: string;
    readonly todo: string;
    readonly file?: string;
    readonly line?: number;
    readonly column?: number;
  }[];
  /** The text of a grant file that would allow it, where one would. */
  readonly smallest_grant?: string;
  /** Who may approve that grant. */
  readonly signers?: readonly string[];
  /** Why no grant would help, where that is so. */
  readonly no_grant_because?: string;
}

/** Explains one denial by the policy of today. Kept for seven days; the ledger keeps it longer. */
export async function explainDecision(context: BrokerContext, caller: Caller, id: string, nowMs: number): Promise<DecisionView | Refused> {
  const problem = readProblem(context, caller);
  if (problem !== undefined) return problem;
  const record = await context.store.record('decision', id);
  if (record === undefined) return refused('not_found', 'no decision of this id: denials are kept for seven days, the ledger for longer');
  const { at_ms, agent, server, tool, env, actions, records, reasons } = decisionSchema.parse(JSON.parse(record.body));
  const { policy } = context.policyState();
  const asked = { ...(agent === undefined ? {} : { agent }), ...(tool === undefined ? {} : { tool }), ...(env === undefined ? {} : { env }) };
  return {
    kind: 'decision', decision: id, at: new Date(at_ms).toISOString(), agent, server, tool, env, actions,
    reasons: reasons.map(({ grant, ...given }) => {
      const about = grant === undefined ? {} : { grant };
      const { rule, todo, place } = locate(policy, { ...asked, ...about, reason: given.reason });
      return { ...given, ...about, rule, todo, ...(place === undefined ? {} : place) };
    }),
    ...suggestion(),
  };

  function suggestion(): Pick<DecisionView, 'smallest_grant' | 'signers' | 'no_grant_because'> {
    if (agent === undefined || tool === undefined || env === undefined || !reasons.some(({ reason }) => GRANT_WOULD_HELP.has(reason))) return {};
    const request = { agent, tool, env, actions: actions ?? [], ...(records === undefined ? {} : { records: records.length }) };
    const smallest = smallestGrant(policy, request, nowMs);
    return smallest.kind === 'grant' ? { smallest_grant: smallest.text, signers: smallest.signers } : { no_grant_because: smallest.because };
  }
}
