/** Lifting a stop: by a person on call, with a fresh signature over that one stop. It lets new tokens out and revives no old one. */
import type { JWK } from 'jose';
import { newStopId, type PersonId, type StopId } from '../core/names.ts';
import type { Role } from '../grants/policy.ts';
import { findPrincipal } from '../identity/principal.ts';
import { verifyLiftSignature } from '../identity/lift-signature.ts';
import { encodeEntry } from '../ledger/entry.ts';
import type { EngagedStop } from '../stops/stop-set.ts';
import { dimensionOf, type Lift } from '../stops/stop.ts';
import { type Claim, commitClaims, commitStops } from '../store/commits.ts';
import type { CommitResult, StoredRecord } from '../store/port.ts';
import { type Refused, refused, roleProblem } from './authorize.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext, Caller } from './context.ts';
import { type StopView, stopView } from './engage-stop.ts';
import { closeSessions } from './sessions.ts';
import { reachesProduction } from './stop-target.ts';

const LIFTERS: readonly Role[] = ['oncall', 'admin'];

/** How long a first person's wish to lift everything waits for a second one. */
const LIFT_REQUEST_MS = 15 * 60_000;

/** Long after every broker has applied a lift, and so refuses another one by itself. */
const LIFTED_KEPT_MS = 3_600_000;

export type Lifted = { readonly kind: 'lifted' | 'second_person_needed'; readonly stop: StopView };

/** Lifts an engaged stop; everything (`all`) only when a second person says so too. */
export async function liftStop(context: BrokerContext, caller: Caller, id: StopId, signature: string, nowMs: number): Promise<Lifted | Refused> {
  const stop = context.stops.engagedStop(id);
  if (stop === undefined) return refused('not_found', 'no stop of this id is engaged; `hallpass stops` lists those that are');
  const problem = await mayNotLift(context, caller, stop);
  if (problem !== undefined) return problem;
  const signed = await verifyLiftSignature(signature, { keys: await keysOf(context, caller), signer: caller.id, issuer: context.issuer, stop: id, nowMs });
  if (!signed.ok) return refused('forbidden', signed.problem);
  const claim: Claim = { namespace: 'lift-jti', id: `${caller.id}\0${signed.jti}`, expiresMs: signed.expiresMs };

  if (stop.target.kind !== 'all') return lift(context, caller, stop, claim, nowMs);
  const asked = await context.store.record('lift-request', id);
  const isSecond = asked !== undefined && asked.expiresMs > nowMs && asked.state !== caller.id && isStillAllowed(context, asked.state as PersonId);
  return isSecond ? lift(context, caller, stop, claim, nowMs, asked) : askForSecond(context, caller, stop, claim, nowMs);
}

async function lift(context: BrokerContext, caller: Caller, stop: EngagedStop, claim: Claim, nowMs: number, first?: StoredRecord): Promise<Lifted | Refused> {
  // Sessions that a crash kept from being closed are closed now: nothing was issued since, so the walk is still right.
  await closeSessions(context, stop);
  const record: Lift = { type: 'lift', id: newStopId(), stop: stop.id, reason: 'lifted', by: caller.id, atMs: nowMs };
  const entry = encodeEntry(
    {
      kind: 'stop.lifted', outcome: 'ok', by: caller.id, stop: stop.id, target: dimensionOf(stop.target),
      ...(first === undefined ? {} : { detail: `${first.state} asked for it first` }),
    },
    nowMs,
  );
  const preconditions = first === undefined ? [] : ([{ type: 'stateIs', kind: 'lift-request', id: stop.id, state: first.state }] as const);
  // A stop is lifted once: of two who lift it at the same moment, one is told.
  const once: Claim = { namespace: 'lifted-stop', id: stop.id, expiresMs: nowMs + LIFTED_KEPT_MS };
  return answered(await commitStops(context.store, context.epoch, [{ record, entry }], { preconditions, claims: [claim, once] }), 'lifted', stop);
}

async function askForSecond(context: BrokerContext, caller: Caller, stop: EngagedStop, claim: Claim, nowMs: number): Promise<Lifted | Refused> {
  const record: StoredRecord = { kind: 'lift-request', id: stop.id, group: '', state: caller.id, body: '{}', expiresMs: nowMs + LIFT_REQUEST_MS };
  const entry = encodeEntry({ kind: 'stop.lift_requested', outcome: 'ok', by: caller.id, stop: stop.id, target: dimensionOf(stop.target) }, nowMs);
  return answered(await commitClaims(context.store, context.epoch, [claim], { entries: [entry], records: [record] }), 'second_person_needed', stop);
}

function answered(result: CommitResult, kind: Lifted['kind'], stop: EngagedStop): Lifted | Refused {
  if (result.type === 'refused') {
    const { precondition } = result;
    return precondition.type === 'unclaimed' && precondition.namespace === 'lift-jti'
      ? refused('forbidden', 'this signature was used before: sign again')
      : refused('conflict', 'another lift of this stop came in between: look at `hallpass stops`');
  }
  expectCommitted(result);
  return { kind, stop: stopView(stop) };
}

async function mayNotLift(context: BrokerContext, caller: Caller, stop: EngagedStop): Promise<Refused | undefined> {
  if (caller.kind !== 'operator') return roleProblem(context, caller, LIFTERS);
  return (await reachesProduction(context, stop.target))
    ? refused('forbidden', 'this stop reaches into production: a person on call must lift it with a key of their own')
    : undefined;
}

/** The first of two counts only while they could lift it today: not when a reload took the role away, or a stop is on them. */
const isStillAllowed = (context: BrokerContext, id: PersonId): boolean =>
  roleProblem(context, { kind: 'person', id }, LIFTERS) === undefined && context.stops.engagedIn([dimensionOf({ kind: 'person', person: id })]) === undefined;

async function keysOf(context: BrokerContext, caller: Caller): Promise<readonly JWK[]> {
  if (caller.kind === 'operator') return [context.operatorKey];
  const proof = findPrincipal(context.policyState().policy, caller.id)?.proof;
  if (proof === undefined) return [];
  return [...proof.keys, ...(proof.jwksUri === undefined ? [] : await context.remoteKeys(proof.jwksUri))];
}
