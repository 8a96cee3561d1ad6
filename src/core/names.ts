/**
 * Names and ids. A name is what people write in grant files; an id is what the broker draws at random.
 * Each kind is branded, so that an agent's name cannot be passed where a tool's is meant.
 */
import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;
type Branded<K extends string> = string & { readonly [brand]: K };

export type AgentId = Branded<'agent'>;
export type ServerId = Branded<'server'>;
export type PersonId = Branded<'person'>;
export type ToolName = Branded<'tool'>;
export type EnvName = Branded<'env'>;
export type ActionName = Branded<'action'>;
export type GrantId = Branded<'grant'>;
export type TokenId = Branded<'jti'>;
export type SessionId = Branded<'sid'>;
export type StopId = Branded<'stop'>;
export type DecisionId = Branded<'decision'>;

/** Names are ASCII and compared byte by byte: no case folding, no Unicode look-alikes, no separators of paths or scopes. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** A person is named by an e-mail-shaped string. It is a label: it proves nothing. */
export const PERSON_PATTERN = /^[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9][a-z0-9.-]{0,252}$/;

/** The id under which the local operator authenticates, with the key that the first start makes. No agent, server or person can have it. */
export const OPERATOR_ID = 'local-operator';

/** The shape of every id that the broker draws: a prefix of letters, then 128 bits in base64url. */
export const RANDOM_ID_PATTERN = /^[a-z]{2,4}_[A-Za-z0-9_-]{22}$/;

const drawId = (prefix: string): string => `${prefix}_${randomBytes(16).toString('base64url')}`;

/**
 * A token's id begins with its time and ends in 80 random bits (as UUIDv7 does, RFC 9562), so that ids of one moment lie
 * together on the disk: many are written, and each is looked for once.
 */
export function newTokenId(nowMs: number): TokenId {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  return `tok_${bytes.toString('base64url')}` as TokenId;
}

/** The session that a token opens when its client has no name for it, and the token that opened such a session. */
export const sessionOpenedBy = (token: TokenId): SessionId => token.replace('tok_', 'ses_') as SessionId;
export const openerOf = (session: SessionId): TokenId => session.replace('ses_', 'tok_') as TokenId;

export const newStopId = (): StopId => drawId('stp') as StopId;
export const newDecisionId = (): DecisionId => drawId('dec') as DecisionId;
