/** What stands in an access token (RFC 9068, with `act` of RFC 8693 and `authorization_details` of RFC 9396). */
import * as z from 'zod';
import type { AgentId, EnvName, GrantId, PersonId, ServerId, SessionId, TokenId, ToolName } from '../core/names.ts';
import { type Dimension, dimensionOf, dimensionsOf } from '../stops/stop.ts';

/** An access token for one tool in one environment lives at most this long, whatever a grant says. */
export const MAX_TOKEN_SECONDS = 3600;
/** How many exchanges deep a token may be. */
export const MAX_LINEAGE = 4;

const name = z.string().min(1).max(320);

export interface Actor {
  sub: string;
  act?: Actor | undefined;
}
const actorSchema: z.ZodType<Actor> = z.lazy(() => z.strictObject({ sub: name, act: actorSchema.optional() }));

/** What a token lets its bearer do: one element of `authorization_details`. */
const toolAccessSchema = z.strictObject({
  type: z.literal('tool_access'),
  tool: name,
  env: name,
  limits: z.strictObject({ records: z.int().positive().optional(), calls: z.string().optional() }),
  /** The records that the announced call touches, as `type/id`. */
  records: z.array(z.string().max(300)).max(128).optional(),
});

export const toolTokenClaimsSchema = z.strictObject({
  iss: z.string(),
  sub: name,
  aud: z.string(),
  client_id: name,
  scope: z.string(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
  act: actorSchema.optional(),
  sid: z.string(),
  grant: z.string(),
  agent: name,
  server: name,
  ord: z.int().nonnegative(),
  lineage: z.array(z.string()).max(MAX_LINEAGE),
  lineage_keys: z.array(z.string()).max(MAX_LINEAGE).optional(),
  approver: name,
  authorization_details: z.array(toolAccessSchema).length(1),
});

/** A token for a tool's server. `lineage` names the tokens that it was exchanged from, the first one first; `lineage_keys` the keys that signed them. */
export type ToolTokenClaims = z.infer<typeof toolTokenClaimsSchema>;

export const apiTokenClaimsSchema = z.strictObject({
  iss: z.string(),
  sub: name,
  aud: z.string(),
  client_id: name,
  scope: z.literal('broker'),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
  ord: z.int().nonnegative(),
});

/** A token for the broker's own API under `/v1`; its `aud` is the issuer. What it allows follows from the people file at each use. */
export type ApiTokenClaims = z.infer<typeof apiTokenClaimsSchema>;

/** The dimensions in which a stop hits this token. */
export function toolDimensionsOf(claims: ToolTokenClaims, kid: string): readonly Dimension[] {
  const [access] = claims.authorization_details;
  if (access === undefined) throw new Error('a tool token has one authorization detail');
  const isPerson = claims.sub !== claims.agent;
  return dimensionsOf({
    tokens: [claims.jti, ...claims.lineage] as TokenId[],
    session: claims.sid as SessionId,
    agent: claims.agent as AgentId,
    grant: claims.grant as GrantId,
    tool: access.tool as ToolName,
    env: access.env as EnvName,
    servers: [...new Set([claims.server, ...(claims.client_id === claims.agent ? [] : [claims.client_id])])] as ServerId[],
    approvers: [claims.approver as PersonId],
    persons: isPerson ? [claims.sub as PersonId] : [],
    keys: [...new Set([kid, ...(claims.lineage_keys ?? [])])],
  });
}

/**
 * The dimensions in which a stop hits a token for the broker's own API. `all` is not among them: whoever stopped
 * everything must be able to look, and to lift it.
 */
export const apiDimensionsOf = (claims: Pick<ApiTokenClaims, 'sub' | 'jti'>, kid: string): readonly Dimension[] => [
  dimensionOf({ kind: 'token', token: claims.jti as TokenId }),
  dimensionOf({ kind: 'person', person: claims.sub as PersonId }),
  dimensionOf({ kind: 'server', server: claims.sub as ServerId }),
  dimensionOf({ kind: 'key', key: kid }),
];
