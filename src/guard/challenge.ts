/** How a protected resource says who it is (RFC 9728) and what it wants (RFC 6750, section 3). */

/** The document at `metadataPath`. It lists no scopes, so that a client that is not told which one it needs asks for none and gets the reads that are granted. */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly [string];
  readonly bearer_methods_supported: readonly ['header'];
}

/** RFC 9728, section 3.1: the well-known part stands before the path of the resource. */
export const metadataPathOf = (resource: URL): string => `/.well-known/oauth-protected-resource${resource.pathname === '/' ? '' : resource.pathname}`;

/** A no, ready to be sent. */
export interface Refusal {
  readonly ok: false;
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

/** 401: there is no token, or it is not good (any more). A stock client gets a new one. `scope`: what this call needs, if it needs more than a token. */
export function unauthorized(metadataUrl: string, scope: readonly string[], error?: 'invalid_token'): Refusal {
  const description = error === undefined ? 'a token of the broker is needed' : 'the token is not good here, or not any more';
  const parts = [...(error === undefined ? [] : [`error="${error}"`, `error_description="${description}"`]), ...scopePart(scope), `resource_metadata="${metadataUrl}"`];
  return { ok: false, status: 401, headers: { 'www-authenticate': `Bearer ${parts.join(', ')}` }, body: { error: error ?? 'invalid_token', error_description: description } };
}

/** 403: the token is good but not for this; all that the call needs in one challenge. */
export function insufficientScope(metadataUrl: string, scope: readonly string[]): Refusal {
  const description = `this call needs ${scope.join(' ')}`;
  const parts = ['error="insufficient_scope"', `error_description="${description}"`, ...scopePart(scope), `resource_metadata="${metadataUrl}"`];
  return { ok: false, status: 403, headers: { 'www-authenticate': `Bearer ${parts.join(', ')}` }, body: { error: 'insufficient_scope', error_description: description } };
}

/** 403 without a challenge: no other token would help, so no client should go and ask for one. */
export const forbidden = (description: string): Refusal => ({ ok: false, status: 403, headers: {}, body: { error: 'access_denied', error_description: description } });

/** 503: nobody can say whether the token is good, so it is not. */
export const unavailable = (): Refusal => ({
  ok: false, status: 503, headers: { 'retry-after': '1' }, body: { error: 'temporarily_unavailable', error_description: 'the broker cannot be asked, so nothing is let in' },
});

const scopePart = (scope: readonly string[]): readonly string[] => (scope.length === 0 ? [] : [`scope="${scope.join(' ')}"`]);
