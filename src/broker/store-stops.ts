/** Getting stops and cuts into the store: they bite in memory first, and are retried until they are durable. */
import { setTimeout } from 'node:timers/promises';
import { encodeEntry, type EntryDraft } from '../ledger/entry.ts';
import type { Cut, Engage } from '../stops/stop.ts';
import { commitStops } from '../store/commits.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext } from './context.ts';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

type StoringContext = Pick<BrokerContext, 'stops' | 'store' | 'epoch' | 'closing' | 'log'>;

export interface StopToStore {
  readonly record: Engage | Cut;
  readonly draft: EntryDraft;
}

/**
 * Applies stops, then stores them in one step. Resolves to whether they are durable; when they are not, they hold in this
 * broker's memory and are tried again until they are stored or the broker closes.
 */
export async function storeStops(context: StoringContext, stops: readonly StopToStore[]): Promise<{ readonly durable: boolean }> {
  for (const { record } of stops) context.stops.applyPending(record);
  try {
    await tryOnce(context, stops);
    return { durable: true };
  } catch (error) {
    context.log.error({ err: error, stops: stops.map(({ record }) => record.id) }, 'a stop is in force but could not be stored: trying again');
    void retry(context, stops);
    return { durable: false };
  }
}

async function tryOnce(context: StoringContext, stops: readonly StopToStore[]): Promise<void> {
  const entries = stops.map(({ record, draft }) => ({ record, entry: encodeEntry(draft, record.atMs) }));
  expectCommitted(await commitStops(context.store, context.epoch, entries));
}

async function retry(context: StoringContext, stops: readonly StopToStore[]): Promise<void> {
  for (let waitMs = FIRST_RETRY_MS; !context.closing.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
    try {
      await setTimeout(waitMs, undefined, { signal: context.closing });
      await tryOnce(context, stops);
      context.log.info({ stops: stops.map(({ record }) => record.id) }, 'the stop is stored now');
      return;
    } catch (error) {
      if (!context.closing.aborted) context.log.error({ err: error, retry_ms: waitMs }, 'the stop could still not be stored');
    }
  }
}
