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

/** The shape of every random id: a prefix of letters, then 128 random bits in base64url. */
export const RANDOM_ID_PATTERN = /^[a-z]{2,4}_[A-Za-z0-9_-]{22}$/;

const drawId = (prefix: string): string => `${prefix}_${randomBytes(16).toString('base64url')}`;

export const newTokenId = (): TokenId => drawId('tok') as TokenId;
export const newSessionId = (): SessionId => drawId('ses') as SessionId;
export const newStopId = (): StopId => drawId('stp') as StopId;
export const newDecisionId = (): DecisionId => drawId('dec') as DecisionId;
