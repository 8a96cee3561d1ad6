/** Reading the ledger: a page by position, or a search from the newest entry back. */
import { decodeEntry, type LedgerEntry } from '../ledger/entry.ts';
import type { LedgerRow } from '../store/port.ts';
import { readProblem, type Refused } from './authorize.ts';
import type { BrokerContext, Caller } from './context.ts';

const PAGE = 500;
/** One search looks at so many entries; the answer says where to go on. */
const SCANNED_ENTRIES = 10_000;

export interface EntryView {
  readonly position: number;
  /** RFC 6962 leaf hash, hex. */
  readonly leaf_hash: string;
  readonly entry: LedgerEntry;
}

export type LedgerFilter = Partial<Pick<LedgerEntry, 'kind' | 'outcome' | 'agent' | 'tool' | 'env' | 'session' | 'token' | 'decision' | 'grant' | 'stop'>> & {
  /** Found anywhere in the entry, whatever its case. */
  readonly text?: string;
};

export interface LedgerQuery {
  /** A position; negative ones count from the end. */
  readonly from?: number;
  /** With a filter: search back from before this position. */
  readonly before?: number;
  readonly limit: number;
  readonly filter: LedgerFilter;
}

export interface LedgerPage {
  readonly kind: 'entries';
  /** In the order of the ledger. */
  readonly entries: readonly EntryView[];
  readonly size: number;
  /** Where to go on: as `from` after a page, as `before` after a search; absent when there is no more. */
  readonly next?: number;
}

/** Reads the ledger for an auditor, or for whoever holds the operator's key on this machine. */
export async function readLedger(context: BrokerContext, caller: Caller, query: LedgerQuery): Promise<LedgerPage | Refused> {
  const problem = readProblem(context, caller, ['auditor']);
  if (problem !== undefined) return problem;
  const size = await context.store.ledgerSize();
  return Object.keys(query.filter).length > 0 ? search(context, query, size) : page(context, query, size);
}

async function page(context: BrokerContext, { from = -20, limit }: LedgerQuery, size: number): Promise<LedgerPage> {
  const start = from < 0 ? Math.max(0, size + from) : from;
  const entries = (await context.store.entriesFrom(start, limit)).map(view);
  const end = start + entries.length;
  return { kind: 'entries', entries, size, ...(end < size && entries.length > 0 ? { next: end } : {}) };
}

async function search(context: BrokerContext, { before, limit, filter }: LedgerQuery, size: number): Promise<LedgerPage> {
  const found: EntryView[] = [];
  const first = Math.min(before ?? size, size);
  let end = first;
  while (end > 0 && found.length < limit && first - end < SCANNED_ENTRIES) {
    const start = Math.max(0, end - PAGE);
    const rows = await context.store.entriesFrom(start, end - start);
    for (const row of rows.toReversed()) {
      end = row.position;
      if (matches(row, filter)) found.push(view(row));
      if (found.length === limit) break;
    }
  }
  return { kind: 'entries', entries: found.reverse(), size, ...(end > 0 ? { next: end } : {}) };
}

const view = ({ position, bytes, leafHash }: LedgerRow): EntryView => ({ position, leaf_hash: Buffer.from(leafHash).toString('hex'), entry: decodeEntry(bytes) });

function matches({ bytes }: LedgerRow, { text, ...exact }: LedgerFilter): boolean {
  if (text !== undefined && !new TextDecoder().decode(bytes).toLowerCase().includes(text.toLowerCase())) return false;
  const entry = decodeEntry(bytes);
  return Object.entries(exact).every(([key, value]) => entry[key as keyof typeof exact] === value);
}
