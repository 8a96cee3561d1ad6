/** The stop. One write decides; what lives for the target is void from then on, and nothing new gets out. */
import { newStopId, type StopId } from '../core/names.ts';
import { mask } from '../ledger/mask.ts';
import type { EngagedStop } from '../stops/stop-set.ts';
import { dimensionOf, type Engage, type StopTarget } from '../stops/stop.ts';
import { type Refused, refused, roleProblem } from './authorize.ts';
import type { BrokerContext, Caller } from './context.ts';
import { rotateSigningKey } from './rotate-key.ts';
import { closeSessions } from './sessions.ts';
import { unknownTarget } from './stop-target.ts';
import { storeStops } from './store-stops.ts';

/** A stop as the API shows it. */
export interface StopView {
  readonly id: StopId;
  readonly target: Readonly<Record<string, string | true>>;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** Its place in the order of stops; absent while it is not stored. */
  readonly place?: number;
}

export interface Engaged {
  readonly kind: 'engaged';
  readonly stop: StopView;
  /** Whether it outlives this process already; if not, it holds and is being retried. */
  readonly durable: boolean;
  /** How many live tokens it voided. */
  readonly liveTokens: number;
  readonly sessionsClosed: number;
}

/** Engages a stop. It acts before it is stored: of all that the broker does this alone does not wait for the disk. */
export async function engageStop(context: BrokerContext, caller: Caller, target: StopTarget, reason: string, nowMs: number): Promise<Engaged | Refused> {
  const problem = mayNotStop(context, caller, target);
  if (problem !== undefined) return problem;
  const unknown = await unknownTarget(context, target);
  if (unknown !== undefined) return { ...refused('not_found', unknown.what), nearest: unknown.nearest };
  // Tokens must come from another key before this one is stopped, or nothing at all could be issued any more.
  if (target.kind === 'key' && target.key === context.keyRing.current().current.kid) await rotateSigningKey(context, caller.id, 'its key is being stopped', nowMs);

  const record: Engage = { type: 'engage', id: newStopId(), target, reason: mask(reason, 500), by: caller.id, atMs: nowMs };
  const draft = { kind: 'stop.engaged', outcome: 'ok', by: caller.id, stop: record.id, target: dimensionOf(target), reason: record.reason } as const;
  const { durable } = await storeStops(context, [{ record, draft }]);
  const engaged = context.stops.engagedStop(record.id);
  if (!durable || engaged === undefined) return { kind: 'engaged', stop: viewOf(record), durable: false, liveTokens: 0, sessionsClosed: 0 };
  const { liveTokens, sessions } = await closeSessions(context, engaged);
  return { kind: 'engaged', stop: stopView(engaged), durable: true, liveTokens, sessionsClosed: sessions };
}

/** The stops that are engaged now, oldest first; at the end those that are in force and not stored yet. */
export const listStops = (context: BrokerContext): readonly StopView[] => [...context.stops.engaged.map(stopView), ...context.stops.pending.map(viewOf)];

export const stopView = (stop: EngagedStop): StopView => ({ ...viewOf(stop), place: stop.place });

const viewOf = ({ id, target, reason, by, atMs }: Engage): StopView => ({ id, target: targetView(target), reason, by, at: new Date(atMs).toISOString() });

function targetView(target: StopTarget): StopView['target'] {
  if (target.kind === 'all') return { all: true };
  const { kind: _, ...named } = target;
  return named;
}

/** Any person may stop; the widest targets want the role for it. A server may stop what it serves itself. */
function mayNotStop(context: BrokerContext, caller: Caller, target: StopTarget): Refused | undefined {
  switch (caller.kind) {
    case 'operator': return undefined;
    case 'person':
      return target.kind === 'env' || target.kind === 'approver' || target.kind === 'all' ? roleProblem(context, caller, ['oncall', 'admin']) : undefined;
    case 'server': {
      const own = context.policyState().policy.byServer.get(caller.id);
      const isOwn = target.kind === 'tool' && own !== undefined && target.tool === own.tool && target.env === own.env;
      return isOwn ? undefined : refused('forbidden', 'a server may stop its own tool in its own environment only: name both');
    }
    case 'agent': return refused('forbidden', 'agents stop nothing');
    default: return caller satisfies never;
  }
}
