/** What a denial looks like on the wire: an OAuth error code and a narrow word. The whole reason is in the ledger. */
import type { DenyReason } from '../core/reasons.ts';

/** RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 8707 section 2, RFC 8628 section 3.5 (`slow_down`). */
export type OAuthErrorCode =
  | 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'invalid_target' | 'access_denied' | 'slow_down'
  | 'unsupported_grant_type' | 'unauthorized_client' | 'unsupported_response_type' | 'temporarily_unavailable' | 'server_error';

export interface OAuthError {
  readonly status: 400 | 401 | 429;
  readonly error: OAuthErrorCode;
  /** The words for the wire where the reason itself says more than an agent needs to know. */
  readonly description?: string;
}

const DENIED = 'no grant in force allows this now';

/** The one table from reasons to the wire. */
export function oauthErrorOf(reason: DenyReason): OAuthError {
  switch (reason) {
    case 'unknown_tool': case 'unknown_env': case 'unknown_resource': case 'target_mismatch':
      return { status: 400, error: 'invalid_target' };
    case 'unknown_action': case 'several_actions': case 'no_action_named': case 'action_not_granted': case 'exceeds_parent':
      return { status: 400, error: 'invalid_scope' };
    case 'malformed_request': case 'subject_token_invalid': case 'actor_token_invalid': case 'subject_expired':
      return { status: 400, error: 'invalid_request' };
    case 'client_authentication_failed': case 'replayed':
      return { status: 401, error: 'invalid_client' };
    case 'unknown_agent': case 'no_grant': case 'grant_expired': case 'outside_hours': case 'too_many_records':
      return { status: 400, error: 'access_denied', description: DENIED };
    case 'unsigned': case 'approval_required': case 'not_your_environment': case 'stopped': case 'session_closed':
      return { status: 400, error: 'access_denied' };
    case 'rate_limited':
      return { status: 429, error: 'slow_down' };
    default:
      return reason satisfies never;
  }
}
