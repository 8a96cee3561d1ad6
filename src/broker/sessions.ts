/**
 * Sessions. A stop closes the sessions that had live tokens for its target, for that target only, until a named person
 * clears them. The stop itself is one write; the closing walks the live tokens after it, and again before a lift, so that a
 * crash in between loses nothing: while the stop is engaged nothing is issued anyway.
 */
import { setImmediate } from 'node:timers/promises';
import { encodeEntry } from '../ledger/entry.ts';
import { mask } from '../ledger/mask.ts';
import type { EngagedStop } from '../stops/stop-set.ts';
import { dimensionOf } from '../stops/stop.ts';
import { commitEntries } from '../store/commits.ts';
import type { StoredRecord } from '../store/port.ts';
import { toolDimensionsOf } from '../tokens/claims.ts';
import { type Refused, refused, roleProblem } from './authorize.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext, Caller } from './context.ts';
import { accessOf, groupOf, type LiveToken, readLiveToken } from './live-token.ts';

const PAGE = 500;
const CLOSED_KEPT_MS = 90 * 24 * 3600 * 1000;

/** A session as the API shows it. */
export interface SessionView {
  readonly session: string;
  readonly label?: string;
  readonly agent: string;
  readonly server: string;
  readonly requester: string;
  readonly tool: string;
  readonly env: string;
  readonly last_issued: string;
  /** The targets for which a stop has closed it, as `tool/env`. */
  readonly closed_for: readonly { readonly target: string; readonly stop: string }[];
}

/** Walks the tokens that lived when the stop came: counts those that it hit and closes their sessions. Safe to repeat. */
export async function closeSessions(context: BrokerContext, stop: EngagedStop): Promise<{ readonly liveTokens: number; readonly sessions: number }> {
  const dimension = dimensionOf(stop.target);
  const closed = new Set<string>();
  let liveTokens = 0;
  for await (const page of pages(context, 'token', stop.atMs)) {
    const records: StoredRecord[] = [];
    for (const live of page.map(readLiveToken)) {
      if (live.claims.ord >= stop.place || !toolDimensionsOf(live.claims, live.kid).includes(dimension)) continue;
      liveTokens += 1;
      const id = `${live.claims.sid}\0${groupOf(live.claims)}`;
      if (stop.target.kind === 'token' || closed.has(id)) continue;
      closed.add(id);
      records.push(closedRecord(id, stop, live));
    }
    const known = await Promise.all(records.map((record) => context.store.record('closed-session', record.id)));
    const fresh = records.filter((_, index) => known[index] === undefined);
    if (fresh.length > 0) {
      const entries = fresh.map((record) => encodeEntry(flaggedEntry(record, stop), context.clock()));
      expectCommitted(await commitEntries(context.store, context.epoch, entries, fresh));
    }
  }
  return { liveTokens, sessions: closed.size };
}

/** Sessions with what they did last, and for which targets they are closed; closed ones first. */
export async function listSessions(context: BrokerContext, nowMs: number, limit: number): Promise<readonly SessionView[]> {
  const closed = await context.store.records({ kind: 'closed-session', expiresAfterMs: nowMs, limit });
  const named = await context.store.records({ kind: 'session', expiresAfterMs: nowMs, limit });
  const tokens = await context.store.records({ kind: 'token', expiresAfterMs: nowMs, limit });
  const views = new Map<string, SessionView>();
  for (const record of [...closed, ...named, ...tokens]) {
    const live = readLiveToken(record);
    const known = views.get(live.claims.sid);
    const { tool, env } = accessOf(live.claims);
    const closedFor = record.kind === 'closed-session' ? [{ target: `${tool}/${env}`, stop: record.state }] : [];
    views.set(live.claims.sid, known === undefined ? view(live, closedFor) : { ...known, closed_for: [...known.closed_for, ...closedFor] });
  }
  return [...views.values()].slice(0, limit);
}

/** A named person has looked at the session: it may go on. Clearing is for oncall and admin, with a reason. */
export async function clearSession(context: BrokerContext, caller: Caller, session: string, reason: string, nowMs: number): Promise<{ readonly kind: 'cleared'; readonly targets: readonly string[] } | Refused> {
  const problem = roleProblem(context, caller, ['oncall', 'admin']);
  if (problem !== undefined) return problem;
  const found: StoredRecord[] = [];
  for await (const page of pages(context, 'closed-session', nowMs)) found.push(...page.filter((record) => record.id.startsWith(`${session}\0`)));
  if (found.length === 0) return refused('not_found', 'no stop has closed a session of this id; `hallpass sessions` lists them');
  const lives = found.map(readLiveToken);
  const entries = lives.map((live) =>
    encodeEntry(
      { kind: 'session.cleared', outcome: 'ok', by: caller.id, reason: mask(reason, 500), session, agent: live.claims.agent, ...targetOf(live) },
      nowMs,
    ),
  );
  // An expiry in the past takes the record out of every look-up at once; the sweep removes it later.
  expectCommitted(await commitEntries(context.store, context.epoch, entries, found.map((record) => ({ ...record, state: 'cleared', expiresMs: nowMs }))));
  return { kind: 'cleared', targets: lives.map((live) => `${accessOf(live.claims).tool}/${accessOf(live.claims).env}`) };
}

/** Records of a kind, page by page, with the event loop free in between. */
export async function* pages(context: BrokerContext, kind: StoredRecord['kind'], expiresAfterMs: number): AsyncGenerator<readonly StoredRecord[]> {
  let afterId: string | undefined;
  for (;;) {
    const page = await context.store.records({ kind, expiresAfterMs, limit: PAGE, ...(afterId === undefined ? {} : { afterId }) });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    afterId = page.at(-1)?.id;
    await setImmediate();
  }
}

const targetOf = (live: LiveToken): { tool: string; env: string } => ({ tool: accessOf(live.claims).tool, env: accessOf(live.claims).env });

function closedRecord(id: string, stop: EngagedStop, live: LiveToken): StoredRecord {
  return { kind: 'closed-session', id, group: groupOf(live.claims), state: stop.id, body: JSON.stringify(live), expiresMs: stop.atMs + CLOSED_KEPT_MS };
}

const flaggedEntry = (record: StoredRecord, stop: EngagedStop) => {
  const live = readLiveToken(record);
  return {
    kind: 'session.flagged' as const, outcome: 'ok' as const, session: live.claims.sid, agent: live.claims.agent, ...targetOf(live), stop: stop.id,
    detail: 'closed for this target until a person clears it',
  };
};

const view = ({ claims, sessionLabel }: LiveToken, closedFor: SessionView['closed_for']): SessionView => ({
  session: claims.sid,
  ...(sessionLabel === undefined ? {} : { label: sessionLabel }),
  agent: claims.agent, server: claims.server, requester: claims.sub, tool: accessOf(claims).tool, env: accessOf(claims).env,
  last_issued: new Date(claims.iat * 1000).toISOString(), closed_for: closedFor,
});
