/** Claims already verified, so that one token is never checked twice. */
import type { ExternalIdentity } from '../grants/policy.ts';
import type { VerifiedCache } from '../identity/verified-cache.ts';
import type { ApiTokenClaims, ToolTokenClaims } from '../tokens/claims.ts';

/** Identity tokens of other issuers. */
export type VerifiedIdentities = VerifiedCache<{ readonly identity: ExternalIdentity; readonly expiresMs: number }>;

export type VerifiedToken =
  | { readonly type: 'tool'; readonly claims: ToolTokenClaims; readonly kid: string }
  | { readonly type: 'api'; readonly claims: ApiTokenClaims; readonly kid: string };

/** The broker's own tokens. */
export type VerifiedTokens = VerifiedCache<VerifiedToken>;
