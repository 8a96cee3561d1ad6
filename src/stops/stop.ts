/** Stops: what they can aim at, and how a token is matched against them. */
import type { AgentId, EnvName, GrantId, PersonId, ServerId, SessionId, StopId, TokenId, ToolName } from '../core/names.ts';

export type StopTarget =
  | { readonly kind: 'token'; readonly token: TokenId }
  | { readonly kind: 'session'; readonly session: SessionId }
  | { readonly kind: 'agent'; readonly agent: AgentId }
  | { readonly kind: 'grant'; readonly grant: GrantId }
  | { readonly kind: 'tool'; readonly tool: ToolName; readonly env?: EnvName }
  | { readonly kind: 'env'; readonly env: EnvName }
  | { readonly kind: 'server'; readonly server: ServerId }
  | { readonly kind: 'approver'; readonly approver: PersonId }
  | { readonly kind: 'person'; readonly person: PersonId }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'all' };

interface StopBase {
  readonly id: StopId;
  readonly reason: string;
  /** The person, server or part of the broker that did it. */
  readonly by: string;
  readonly atMs: number;
}

/** Holds until a lift names it. */
export interface Engage extends StopBase {
  readonly type: 'engage';
  readonly target: StopTarget;
}

/** Voids what came before it and holds nothing back: a revocation, or what a policy reload took away. */
export interface Cut extends StopBase {
  readonly type: 'cut';
  readonly target: StopTarget;
}

/** Ends one engaged stop. It lets new tokens out and revives no old one. */
export interface Lift extends StopBase {
  readonly type: 'lift';
  readonly stop: StopId;
}

/** One place in the order of stops. */
export type StopRecord = Engage | Cut | Lift;

/** A record and its place in the one order; places start at 1 and only grow. */
export interface PlacedStop {
  readonly place: number;
  readonly record: StopRecord;
}

/** What a token, or a request for one, is made of as far as stops are concerned. */
export interface StopSubject {
  /** The token itself and every token that it was exchanged from. */
  readonly tokens: readonly TokenId[];
  readonly session?: SessionId;
  readonly agent?: AgentId;
  readonly grant?: GrantId;
  readonly tool?: ToolName;
  readonly env?: EnvName;
  readonly servers: readonly ServerId[];
  readonly approvers: readonly PersonId[];
  readonly persons: readonly PersonId[];
  /** The broker's signing keys (`kid`): of the token, and of those that it was exchanged from. */
  readonly keys: readonly string[];
}

/** A target as one string, the unit of look-up: `tool:orders`, `tool-env:orders/staging`, `all`. */
export type Dimension = string;

/** The one dimension that a target occupies. */
export function dimensionOf(target: StopTarget): Dimension {
  switch (target.kind) {
    case 'token': return `token:${target.token}`;
    case 'session': return `session:${target.session}`;
    case 'agent': return `agent:${target.agent}`;
    case 'grant': return `grant:${target.grant}`;
    case 'tool': return target.env === undefined ? `tool:${target.tool}` : `tool-env:${target.tool}/${target.env}`;
    case 'env': return `env:${target.env}`;
    case 'server': return `server:${target.server}`;
    case 'approver': return `approver:${target.approver}`;
    case 'person': return `person:${target.person}`;
    case 'key': return `key:${target.key}`;
    case 'all': return 'all';
    default: return target satisfies never;
  }
}

/** Every dimension in which a stop would hit this subject: one look-up each decides. */
export function dimensionsOf(subject: StopSubject): readonly Dimension[] {
  const dimensions: Dimension[] = ['all'];
  for (const token of subject.tokens) dimensions.push(`token:${token}`);
  if (subject.session !== undefined) dimensions.push(`session:${subject.session}`);
  if (subject.agent !== undefined) dimensions.push(`agent:${subject.agent}`);
  if (subject.grant !== undefined) dimensions.push(`grant:${subject.grant}`);
  if (subject.tool !== undefined) dimensions.push(`tool:${subject.tool}`);
  if (subject.env !== undefined) dimensions.push(`env:${subject.env}`);
  if (subject.tool !== undefined && subject.env !== undefined) dimensions.push(`tool-env:${subject.tool}/${subject.env}`);
  for (const server of subject.servers) dimensions.push(`server:${server}`);
  for (const approver of subject.approvers) dimensions.push(`approver:${approver}`);
  for (const person of subject.persons) dimensions.push(`person:${person}`);
  for (const key of subject.keys) dimensions.push(`key:${key}`);
  return dimensions;
}
