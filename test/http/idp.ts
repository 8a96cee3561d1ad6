/** A company's identity provider for one test: a real key, its public half in a file that the broker reads. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { IdentityIssuer } from '../../src/identity/issuer-token.ts';
import { type Answer, JWT_BEARER, JWT_TYPE, temporaryFolder, type TestBroker } from './broker.ts';

export interface Idp {
  /** For `identities` of the configuration. */
  readonly identity: IdentityIssuer;
  /** A token that says who `subject` is, for the broker; `claims` and `header` replace parts of it. */
  token(broker: TestBroker, subject: string, claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
}

export async function idpFor(t: TestContext, issuer = 'https://idp.example.com'): Promise<Idp> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const file = join(temporaryFolder(t), 'jwks.json');
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'idp-1', alg: 'ES256', use: 'sig' }] }));
  return {
    identity: { issuer, jwks_file: file },
    token: (broker, subject, claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, sub: subject, aud: broker.issuer, iat: now, exp: now + 600, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'idp-1', ...header }).sign(privateKey);
    },
  };
}

/** The parameters with which an identity token proves a client, or is the subject or the actor of an exchange. */
export const asClient = (token: string): Record<string, string> => ({ client_assertion_type: JWT_BEARER, client_assertion: token });
export const asSubject = (token: string): Record<string, string> => ({ subject_token: token, subject_token_type: JWT_TYPE });
export const asActor = (token: string): Record<string, string> => ({ actor_token: token, actor_token_type: JWT_TYPE });

/** Calls the broker's API as somebody whom the identity provider vouches for. */
export async function apiByIdentity(broker: TestBroker, token: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const issued = await broker.form('/token', { grant_type: 'client_credentials', resource: broker.issuer, ...asClient(token) });
  return broker.apiWith(issued.body.access_token, method, path, body);
}
