/** Finding a principal of the policy by its client id. Agents and servers share one namespace; people are e-mail-shaped. */
import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import type { AgentId, PersonId, ServerId } from '../core/names.ts';
import type { Policy, PrincipalRef, Proof } from '../grants/policy.ts';

export interface Principal {
  readonly ref: PrincipalRef;
  readonly proof: Proof;
}

/** The agent, server or person of this id, with what proves it. */
export function findPrincipal(policy: Policy, id: string): Principal | undefined {
  const agent = policy.agents.get(id as AgentId);
  if (agent !== undefined) return { ref: { kind: 'agent', id: agent.id }, proof: agent.proof };
  const environment = policy.byServer.get(id as ServerId);
  if (environment !== undefined) return { ref: { kind: 'server', id: environment.server.id }, proof: environment.server.proof };
  const person = policy.people.get(id as PersonId);
  return person === undefined ? undefined : { ref: { kind: 'person', id: person.id }, proof: person.proof };
}

/**
 * Keys that nobody holds, made at each start. An unknown client's assertion is checked against one of them, so that the same
 * work is done as for a known one and the time taken tells nothing. There is none of RSA, which would take a start too long.
 */
export const decoyKeys: readonly JWK[] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ec', { namedCurve: 'P-384' }), generateKeyPairSync('ed25519')].map(
  ({ publicKey }) => publicKey.export({ format: 'jwk' }) as JWK,
);
