/** A new signing key. The old one still checks the tokens that it signed, until the last of them has ended. */
import { encodeEntry } from '../ledger/entry.ts';
import { commitEntries } from '../store/commits.ts';
import { type Refused, roleProblem } from './authorize.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext, Caller } from './context.ts';

export interface Rotated {
  readonly kind: 'rotated';
  readonly kid: string;
  readonly previous: string;
}

/** Rotates on the word of an admin, or of the local operator. */
export async function rotateKey(context: BrokerContext, caller: Caller, nowMs: number): Promise<Rotated | Refused> {
  const problem = caller.kind === 'operator' ? undefined : roleProblem(context, caller, ['admin']);
  return problem ?? rotateSigningKey(context, caller.id, 'asked for', nowMs);
}

/** The entry comes first: a key that no entry tells of is never used. */
export async function rotateSigningKey(context: BrokerContext, by: string, why: string, nowMs: number): Promise<Rotated> {
  const previous = context.keyRing.current().current.kid;
  const prepared = await context.keyRing.prepare(nowMs);
  expectCommitted(await commitEntries(context.store, context.epoch, [encodeEntry({ kind: 'key.rotated', outcome: 'ok', by, key: prepared.kid, detail: `replaces ${previous}: ${why}` }, nowMs)]));
  prepared.use();
  return { kind: 'rotated', kid: prepared.kid, previous };
}
