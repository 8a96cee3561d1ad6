/** The parameters of `POST /token`, parsed once. */
import * as z from 'zod';
import type { TokenRequest } from '../broker/token-request.ts';
import { parseJson } from '../core/json.ts';
import { MAX_JWT_LENGTH } from '../identity/jwt-rules.ts';
import { CLIENT_ASSERTION_TYPE } from '../identity/key-assertion.ts';
import { parameterProblem } from './form.ts';
import type { OAuthErrorCode } from './oauth-error.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'];

const MAX_SCOPES = 64;
const MAX_DETAILS_LENGTH = 16_384;
const MAX_DEPTH = 8;

const jwt = z.string().max(MAX_JWT_LENGTH, 'is too long');
const label = z.string().max(128, 'at most 128 characters');
const name = z.string().max(128, 'at most 128 characters');
const subjectType = z.enum([...JWT_TYPES, ACCESS_TOKEN_TYPE], `must be ${[...JWT_TYPES, ACCESS_TOKEN_TYPE].join(' or ')}`);

const callSchema = z.strictObject(
  {
    type: z.literal('tool_call', 'only `tool_call` is known'),
    action: name,
    arguments: z.record(z.string(), z.unknown()).refine((value) => isShallow(value, MAX_DEPTH), 'is nested too deeply'),
  },
  // zod would name the member, and whoever sent it has not even proven who it is: its words would stand in the ledger.
  { error: (issue) => (issue.code === 'unrecognized_keys' ? 'a call has type, action and arguments, and nothing else' : undefined) },
);

/** Unknown parameters are ignored, as RFC 6749 section 3.2 demands. */
export const clientParameters = z.object({
  client_id: z.string().max(512).optional(),
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE, `must be ${CLIENT_ASSERTION_TYPE}`).optional(),
  client_assertion: jwt.optional(),
});

const tokenParameters = clientParameters.extend({
  grant_type: z.string().max(128),
  resource: z.string().max(512).optional(),
  audience: z.never('name the target by resource, or by tool and env').optional(),
  tool: name.optional(),
  env: name.optional(),
  scope: z.string().max(4_096).regex(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be names with one space between').optional(),
  subject_token: jwt.optional(),
  subject_token_type: subjectType.optional(),
  actor_token: jwt.optional(),
  actor_token_type: z.enum(JWT_TYPES, `must be ${JWT_TYPES.join(' or ')}`).optional(),
  requested_token_type: z.literal(ACCESS_TOKEN_TYPE, `must be ${ACCESS_TOKEN_TYPE}`).optional(),
  session_id: label.optional(),
  request_id: label.optional(),
  prompt: z.string().max(8_192, 'at most 8192 characters').optional(),
  authorization_details: z.string().max(MAX_DETAILS_LENGTH, `at most ${MAX_DETAILS_LENGTH} characters`).optional(),
});

export type TokenForm =
  | { readonly ok: true; readonly request: TokenRequest }
  | { readonly ok: false; readonly error: OAuthErrorCode; readonly description: string };

const no = (description: string, error: OAuthErrorCode = 'invalid_request'): TokenForm => ({ ok: false, error, description });

/** Turns the parameters into a request; says which one is wrong, never what it held. */
export function parseTokenForm(parameters: Readonly<Record<string, string>>, fromLoopback: boolean): TokenForm {
  if (parameters.grant_type === undefined) return no('grant_type is missing');
  const grantType = { client_credentials: 'client_credentials', [TOKEN_EXCHANGE]: 'token_exchange' } as const;
  if (!Object.hasOwn(grantType, parameters.grant_type)) return no(`only client_credentials and ${TOKEN_EXCHANGE} are known`, 'unsupported_grant_type');
  const parsed = tokenParameters.safeParse(parameters);
  if (!parsed.success) return no(parameterProblem(parsed.error), parsed.error.issues[0]?.path[0] === 'audience' ? 'invalid_target' : 'invalid_request');
  const form = parsed.data;
  if (form.client_assertion === undefined || form.client_assertion_type === undefined) {
    return no('authenticate with private_key_jwt: client_assertion_type and client_assertion', 'invalid_client');
  }
  const scope = form.scope?.split(' ') ?? [];
  if (scope.length > MAX_SCOPES) return no(`scope: at most ${MAX_SCOPES} names`);
  const exchange = grantType[form.grant_type as keyof typeof grantType] === 'token_exchange';
  const misplaced = exchange ? exchangeProblem(form) : (['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'] as const).find((key) => form[key] !== undefined);
  if (misplaced !== undefined) return no(exchange ? misplaced : `${misplaced} belongs to a token exchange`);
  const call = form.authorization_details === undefined ? undefined : parseCall(form.authorization_details);
  if (call !== undefined && !call.ok) return no(`authorization_details: ${call.problem}`);
  return {
    ok: true,
    request: {
      credentials: { assertion: form.client_assertion, clientId: form.client_id, fromLoopback },
      grantType: exchange ? 'token_exchange' : 'client_credentials',
      resource: form.resource, tool: form.tool, env: form.env, scope,
      subjectToken: form.subject_token,
      subjectTokenType: form.subject_token_type === ACCESS_TOKEN_TYPE ? 'access_token' : 'jwt',
      actorToken: form.actor_token, call: call?.call,
      sessionLabel: form.session_id, requestId: form.request_id, prompt: form.prompt,
    },
  };
}

/** RFC 8693, section 2.1: a token without its type, or a type without its token, is no request. */
function exchangeProblem(form: z.infer<typeof tokenParameters>): string | undefined {
  if (form.subject_token === undefined) return 'subject_token is missing or empty';
  if (form.subject_token_type === undefined) return 'subject_token_type is missing';
  return (form.actor_token === undefined) === (form.actor_token_type === undefined) ? undefined : 'actor_token and actor_token_type belong together';
}

type ParsedCall = { readonly ok: true; readonly call: NonNullable<TokenRequest['call']> } | { readonly ok: false; readonly problem: string };

function parseCall(text: string): ParsedCall {
  const json = parseJson(text);
  if (json === undefined) return { ok: false, problem: 'is no JSON' };
  const parsed = z.array(callSchema).length(1, 'must hold exactly one call').safeParse(json);
  if (!parsed.success) return { ok: false, problem: parsed.error.issues[0]?.message ?? 'is malformed' };
  const [call] = parsed.data;
  return call === undefined ? { ok: false, problem: 'must hold exactly one call' } : { ok: true, call: { action: call.action, arguments: call.arguments } };
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}
