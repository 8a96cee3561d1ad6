/**
 * Why the broker said no. These codes are stable: they stand in the ledger, in `hallpass why`, in policy tests.
 * The wire shows less: see http/oauth-error.ts, which maps every one of them.
 */
export const DENY_REASONS = [
  // what was asked
  'unknown_tool',
  'unknown_env',
  'unknown_action',
  'unknown_resource',
  'target_mismatch',
  'no_action_named',
  'several_actions',
  // what the policy says
  'unknown_agent',
  'no_grant',
  'action_not_granted',
  'grant_expired',
  'outside_hours',
  'too_many_records',
  'unsigned',
  'approval_required',
  'not_your_environment',
  'subject_expired',
  'exceeds_parent',
  // what happened at run time
  'stopped',
  'session_closed',
  'rate_limited',
  'replayed',
  // who asked
  'client_authentication_failed',
  'subject_token_invalid',
  'actor_token_invalid',
  'malformed_request',
] as const;

export type DenyReason = (typeof DENY_REASONS)[number];
