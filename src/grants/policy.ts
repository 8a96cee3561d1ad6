/**
 * The compiled policy: what the folder `grants/` says, checked as a whole and indexed for deciding.
 * Nothing here can be half valid: a `Policy` only comes out of `compilePolicy`.
 */
import type { JWK } from 'jose';
import type { ActionName, AgentId, EnvName, GrantId, PersonId, ServerId, ToolName } from '../core/names.ts';

/** What an action does to the world. All but `read` and `write` are risky: each use needs a person's yes. */
export const EFFECTS = ['read', 'write', 'send', 'money', 'delete', 'access', 'bulk'] as const;
export type Effect = (typeof EFFECTS)[number];
export const isRisky = (effect: Effect): boolean => effect !== 'read' && effect !== 'write';

export const ROLES = ['approver', 'admin', 'oncall', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export const ENFORCERS = ['guard', 'proxy', 'introspection', 'signature'] as const;
export type Enforcer = (typeof ENFORCERS)[number];

/** Where in the files something stands, for messages that a person acts on. Lines and columns start at 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An identity that another issuer vouches for: its `iss` and `sub`, compared exactly. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** How a principal proves who it is: by its own public keys, by a key set at a URL, or by an issuer's word. */
export interface Proof {
  readonly keys: readonly JWK[];
  readonly jwksUri?: string;
  readonly identity?: ExternalIdentity;
}

export interface Person {
  readonly id: PersonId;
  readonly roles: ReadonlySet<Role>;
  /** `env: '*'` covers every environment that is not production. */
  readonly approves: readonly { readonly tool: ToolName; readonly env: EnvName | '*' }[];
  readonly proof: Proof;
  readonly source: SourcePlace;
}

export interface Agent {
  readonly id: AgentId;
  readonly owner: PersonId;
  readonly proof: Proof;
  readonly source: SourcePlace;
}

export interface Action {
  readonly name: ActionName;
  readonly effect: Effect;
  readonly says: string;
  /** The MCP protocol's tools that this action covers. */
  readonly mcp: readonly string[];
  /** Record type to JSON pointer (RFC 6901) into the call's arguments. */
  readonly records: Readonly<Record<string, string>>;
}

export interface Environment {
  readonly tool: ToolName;
  readonly env: EnvName;
  readonly production: boolean;
  /** RFC 8707 resource indicator in the normal form of `normalizeResource`; the `aud` of its tokens. */
  readonly resource: string;
  readonly server: { readonly id: ServerId; readonly proof: Proof };
  /** Other servers that may exchange an agent's identity for this target. */
  readonly mayCall: readonly ServerId[];
  readonly enforcedBy: Enforcer;
  readonly credential: { readonly type: 'token' };
  readonly source: SourcePlace;
}

export interface Tool {
  readonly name: ToolName;
  readonly owner: PersonId;
  readonly says: string;
  readonly actions: ReadonlyMap<ActionName, Action>;
  readonly environments: ReadonlyMap<EnvName, Environment>;
  readonly source: SourcePlace;
}

/** Working hours in one time zone. Days: 1 is Monday, 7 is Sunday. Minutes count from local midnight; `toMinute` is exclusive. */
export interface Hours {
  readonly text: string;
  readonly days: ReadonlySet<number>;
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly timeZone: string;
}

export interface CallRate {
  readonly calls: number;
  readonly windowSeconds: number;
}

export interface Limits {
  readonly ttlSeconds: number;
  /** How many records one call may touch; absent: no bound (reads only). */
  readonly records?: number;
  readonly calls?: CallRate;
  readonly hours?: Hours;
}

export interface Grant {
  readonly id: GrantId;
  readonly version: number;
  readonly agents: ReadonlySet<AgentId>;
  readonly tool: ToolName;
  readonly env: EnvName;
  readonly actions: ReadonlySet<ActionName>;
  readonly approver: PersonId;
  readonly reason: string;
  /** The first millisecond at which the grant no longer holds. */
  readonly expiresMs: number;
  /** The date by which a person should look at it again, as written. */
  readonly review?: string;
  readonly limits: Limits;
  readonly source: SourcePlace;
}

export interface Policy {
  /** SHA-256 (base64url) over the compiled content: equal folders, equal digests. */
  readonly digest: string;
  readonly people: ReadonlyMap<PersonId, Person>;
  readonly agents: ReadonlyMap<AgentId, Agent>;
  readonly tools: ReadonlyMap<ToolName, Tool>;
  readonly grants: ReadonlyMap<GrantId, Grant>;
  /** By normalised resource. */
  readonly byResource: ReadonlyMap<string, Environment>;
  /** The one environment that a server serves. */
  readonly byServer: ReadonlyMap<ServerId, Environment>;
  /** By `identityKey`: which principal an issuer's subject is. */
  readonly byIdentity: ReadonlyMap<string, PrincipalRef>;
  /** By `targetKey`: the grants that speak of one agent, tool and environment, ordered by id, at most `MAX_GRANTS_PER_TARGET`. */
  readonly byTarget: ReadonlyMap<string, readonly Grant[]>;
}

export type PrincipalRef =
  | { readonly kind: 'agent'; readonly id: AgentId }
  | { readonly kind: 'server'; readonly id: ServerId }
  | { readonly kind: 'person'; readonly id: PersonId };

/** A bound that keeps one decision's cost independent of the policy's size. */
export const MAX_GRANTS_PER_TARGET = 32;

export const targetKey = (agent: AgentId, tool: ToolName, env: EnvName): string => `${agent}\0${tool}\0${env}`;
export const identityKey = (identity: ExternalIdentity): string => `${identity.issuer}\0${identity.subject}`;
