/** Who may do what at the broker's own API. Roles are read from the policy in force at each use. */
import type { Role } from '../grants/policy.ts';
import type { BrokerContext, Caller } from './context.ts';

/** A no at the broker's own API: expected, explained, and without effect. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: 'forbidden' | 'not_found' | 'invalid' | 'conflict';
  readonly detail: string;
  /** Of an unknown name: the ones that may have been meant. */
  readonly nearest?: readonly string[];
}

export const refused = (reason: Refused['reason'], detail: string): Refused => ({ kind: 'refused', reason, detail });

/** Why this caller lacks all of these roles, or undefined when it has one. The local operator has none. */
export function roleProblem(context: BrokerContext, caller: Caller, roles: readonly Role[]): Refused | undefined {
  if (caller.kind === 'person') {
    const person = context.policyState().policy.people.get(caller.id);
    if (person !== undefined && roles.some((role) => person.roles.has(role))) return undefined;
  }
  return refused('forbidden', `this is for people with the role ${roles.join(' or ')}: see people.yaml`);
}

/** Why this caller may not read what is not its own: people (with one of these roles, if any are named) and the local operator may. */
export function readProblem(context: BrokerContext, caller: Caller, roles: readonly Role[] = []): Refused | undefined {
  if (caller.kind === 'operator') return undefined;
  if (caller.kind !== 'person') return refused('forbidden', 'this is for people');
  return roles.length === 0 ? undefined : roleProblem(context, caller, roles);
}
