/**
 * One ledger entry: what happened, to whom, under which rule, with which outcome. Entries hold no secrets: of a token they
 * keep its `jti` and SHA-256, of free text what `mask` leaves. The bytes are final once encoded; they hold no position.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';

export const ENTRY_KINDS = [
  'token.issued',
  'token.denied',
  'token.revoked',
  'stop.engaged',
  'stop.lift_requested',
  'stop.lifted',
  'session.flagged',
  'session.cleared',
  'grants.loaded',
  'grants.refused',
  'key.rotated',
  'store.restored',
] as const;

const text = z.string().max(4_000);

export const ledgerEntrySchema = z.strictObject({
  v: z.literal(1),
  time: z.iso.datetime({ precision: 3 }),
  kind: z.enum(ENTRY_KINDS),
  outcome: z.enum(['ok', 'failed', 'retried', 'denied']),
  /** Who started it: a person whose token proved it, or the agent itself. */
  requester: text.optional(),
  agent: text.optional(),
  server: text.optional(),
  tool: text.optional(),
  env: text.optional(),
  actions: z.array(text).max(64).optional(),
  records: z.array(text).max(128).optional(),
  session: text.optional(),
  /** What the client calls the session, masked. */
  session_label: text.optional(),
  request_id: text.optional(),
  decision: text.optional(),
  grant: text.optional(),
  /** The message that started it, masked. */
  prompt: text.optional(),
  token: text.optional(),
  token_sha256: text.optional(),
  /** The `jti` that this token was exchanged from. */
  parent: text.optional(),
  expires: text.optional(),
  stop: text.optional(),
  target: text.optional(),
  reason: text.optional(),
  /** Every reason of a denial, with the grant that it is about. */
  reasons: z.array(z.strictObject({ reason: text, detail: text, grant: text.optional() })).max(64).optional(),
  /** How many identical denials this entry stands for. */
  count: z.int().positive().optional(),
  duration_ms: z.number().nonnegative().optional(),
  policy: text.optional(),
  key: text.optional(),
  by: text.optional(),
  detail: text.optional(),
});

export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** An entry as its writer states it: the version and the time are added when it is encoded. */
export type EntryDraft = Omit<LedgerEntry, 'v' | 'time'>;

export interface EncodedEntry {
  readonly bytes: Uint8Array;
  /** RFC 6962, section 2.1: SHA-256(0x00 ‖ entry). */
  readonly leafHash: Uint8Array;
}

const encoder = new TextEncoder();
const LEAF_PREFIX = Uint8Array.of(0);

/** Turns a draft into its final bytes: JSON, UTF-8, version and time first. */
export function encodeEntry(draft: EntryDraft, nowMs: number): EncodedEntry {
  const entry: LedgerEntry = { v: 1, time: new Date(nowMs).toISOString(), ...draft };
  const bytes = encoder.encode(JSON.stringify(entry));
  return { bytes, leafHash: leafHashOf(bytes) };
}

/** RFC 6962 leaf hash of an entry's bytes. */
export const leafHashOf = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(LEAF_PREFIX).update(bytes).digest();

/** Reads stored bytes back. Throws when they are not an entry: the ledger is ours, so that is damage, not input. */
export const decodeEntry = (bytes: Uint8Array): LedgerEntry => ledgerEntrySchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
