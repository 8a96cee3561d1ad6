/** What a client asks of `POST /token`, already parsed and bounded. */
import type { ClientCredentials } from './authenticate.ts';

/** The announced call of `authorization_details` (RFC 9396), type `tool_call`. */
export interface AnnouncedCall {
  readonly action: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface TokenRequest {
  readonly credentials: ClientCredentials;
  readonly grantType: 'client_credentials' | 'token_exchange';
  /** RFC 8707, as sent; normalised when the target is resolved. */
  readonly resource?: string | undefined;
  readonly tool?: string | undefined;
  readonly env?: string | undefined;
  readonly scope: readonly string[];
  readonly subjectToken?: string | undefined;
  /** What kind of token the subject is said to be (RFC 8693, section 3). */
  readonly subjectTokenType?: 'jwt' | 'access_token' | undefined;
  readonly actorToken?: string | undefined;
  readonly call?: AnnouncedCall | undefined;
  readonly sessionLabel?: string | undefined;
  readonly requestId?: string | undefined;
  readonly prompt?: string | undefined;
}
