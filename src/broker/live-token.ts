/** What the store keeps of a token while it lives: its claims and what a listing shows, never the token itself. */
import * as z from 'zod';
import { targetKey } from '../grants/policy.ts';
import { type AgentId, type EnvName, openerOf, type SessionId, type ToolName } from '../core/names.ts';
import type { Store, StoredRecord } from '../store/port.ts';
import { toolTokenClaimsSchema } from '../tokens/claims.ts';

const liveTokenSchema = z.strictObject({
  claims: toolTokenClaimsSchema,
  kid: z.string(),
  production: z.boolean(),
  /** The client's own name for the session, masked. */
  sessionLabel: z.string().optional(),
});

export type LiveToken = z.infer<typeof liveTokenSchema>;

/** How long a session is listed after its last token ended. */
const SESSION_KEPT_MS = 24 * 3600 * 1000;

/** Reads a stored token or session record. Throws on damage: the store holds only what this broker wrote. */
export const readLiveToken = (record: StoredRecord): LiveToken => liveTokenSchema.parse(JSON.parse(record.body));

/** The record of a session that is going on, under whichever kind it is kept. */
export const sessionRecord = async (store: Pick<Store, 'record'>, session: SessionId): Promise<StoredRecord | undefined> =>
  (await store.record('session', session)) ?? (await store.record('token', openerOf(session)));

/** What a token is for: the one tool and environment of its `authorization_details`. */
export function accessOf(claims: LiveToken['claims']): LiveToken['claims']['authorization_details'][number] {
  const [access] = claims.authorization_details;
  if (access === undefined) throw new Error('a tool token has one authorization detail');
  return access;
}

/** The group under which a token is found: its agent, tool and environment. */
export const groupOf = (claims: LiveToken['claims']): string => {
  const { tool, env } = accessOf(claims);
  return targetKey(claims.agent as AgentId, tool as ToolName, env as EnvName);
};

/**
 * The records that an issuance writes: the token, found by its target, and its session, found by its agent. A session that its
 * client has no name for is that of one token, and of what is exchanged for it: the token's record stands for it.
 */
export function liveRecords(live: LiveToken): readonly StoredRecord[] {
  const { claims } = live;
  const body = JSON.stringify(live);
  const expiresMs = claims.exp * 1000;
  const token: StoredRecord = { kind: 'token', id: claims.jti, group: groupOf(claims), state: 'live', body, expiresMs };
  if (live.sessionLabel === undefined) return [token];
  return [
    token,
    { kind: 'session', id: claims.sid, group: claims.agent, state: 'open', body, expiresMs: expiresMs + SESSION_KEPT_MS },
  ];
}
