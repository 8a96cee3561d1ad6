/** What every use case is given: the broker's state at this moment and its ports. Wired in main.ts. */
import type { JWK } from 'jose';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Meter } from '../core/meter.ts';
import type { AgentId, OPERATOR_ID, PersonId, ServerId } from '../core/names.ts';
import type { Policy } from '../grants/policy.ts';
import type { KeySource } from '../identity/issuer-token.ts';
import type { DenialWindow } from '../ledger/denial-window.ts';
import type { StopSet } from '../stops/stop-set.ts';
import type { Store } from '../store/port.ts';
import type { SigningKeys } from '../tokens/signer.ts';
import type { Activity } from './activity.ts';
import type { VerifiedIdentities, VerifiedTokens } from './verified.ts';

/** Whoever is calling, proven. Every use case takes it, so that no door can forget to ask. */
export type Caller =
  | { readonly kind: 'agent'; readonly id: AgentId }
  | { readonly kind: 'server'; readonly id: ServerId }
  | { readonly kind: 'person'; readonly id: PersonId }
  /** Whoever can read the operator's key file on this machine: reads and stops, never approves, signs, or lifts in production. */
  | { readonly kind: 'operator'; readonly id: typeof OPERATOR_ID };

/** The policy in force and what became of the newest folder. */
export interface PolicyState {
  readonly policy: Policy;
  readonly loadedMs: number;
  /** Set while the folder on disk is broken and the policy in force is an older one. */
  readonly broken?: { readonly sinceMs: number; readonly problems: readonly string[] };
}

/** The broker's signing keys, as a port: the files or the secret store behind it belong to an adapter. */
export interface KeyRing {
  current(): SigningKeys;
  /** Makes a new key and stores it; nothing is signed with it before `use()`, and a crash before that leaves the old one in force. */
  prepare(nowMs: number): Promise<{ readonly kid: string; use(): void }>;
}

export interface BrokerContext {
  readonly issuer: string;
  readonly version: string;
  readonly startedMs: number;
  readonly clock: Clock;
  readonly store: Store;
  readonly epoch: string;
  readonly stops: StopSet;
  readonly denials: DenialWindow;
  readonly activity: Activity;
  readonly meter: Meter;
  readonly keyRing: KeyRing;
  readonly operatorKey: JWK;
  /** Issuers whose tokens prove identities. */
  readonly keySources: ReadonlyMap<string, KeySource>;
  /** The keys behind a principal's `jwks_uri`, as last fetched; empty when they cannot be had. */
  readonly remoteKeys: (jwksUri: string) => Promise<readonly JWK[]>;
  readonly identities: VerifiedIdentities;
  readonly tokens: VerifiedTokens;
  readonly policyState: () => PolicyState;
  readonly log: Log;
  /** Aborts when the broker closes: what is retried in the background gives up then. */
  readonly closing: AbortSignal;
}
