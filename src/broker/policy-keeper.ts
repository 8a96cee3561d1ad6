/**
 * The policy in force. A good folder replaces it in one step, and what that takes away is cut at the same moment; a broken
 * folder changes nothing but says so. There is never a moment without a policy.
 */
import { setImmediate } from 'node:timers/promises';
import { newStopId } from '../core/names.ts';
import { compilePolicy } from '../grants/compile.ts';
import { ParsedFiles } from '../grants/parsed-files.ts';
import type { Policy } from '../grants/policy.ts';
import type { Problem } from '../grants/problem.ts';
import { takenAway } from '../grants/taken-away.ts';
import { encodeEntry } from '../ledger/entry.ts';
import { dimensionOf, type StopTarget } from '../stops/stop.ts';
import { commitEntries } from '../store/commits.ts';
import { expectCommitted } from './committed.ts';
import type { BrokerContext, PolicyState } from './context.ts';
import { type StopToStore, storeStops } from './store-stops.ts';

/** Cuts that are stored in one commit; a large reload makes several. */
const CUTS_PER_COMMIT = 200;
/** Of a broken folder so many problems are kept and shown. */
const PROBLEMS_SHOWN = 20;

export type PolicyFiles = ReadonlyMap<string, string>;

/** Where the last good files are kept, so that a broken folder does not stop a broker from starting. */
export interface PolicyCache {
  read(): Promise<PolicyFiles | undefined>;
  write(files: PolicyFiles): Promise<void>;
}

/** What a look at the folder gave: its files, or why they could not be read. */
export type FolderRead = { readonly ok: true; readonly files: PolicyFiles } | { readonly ok: false; readonly problems: readonly Problem[] };

export type Loaded =
  | { readonly kind: 'loaded'; readonly cuts: number }
  | { readonly kind: 'unchanged' }
  /** The last good policy stays in force. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

type KeeperContext = Pick<BrokerContext, 'clock' | 'stops' | 'store' | 'epoch' | 'closing' | 'log' | 'identities'>;

export class PolicyKeeper {
  readonly #cache: PolicyCache;
  readonly #name: string;
  #state: PolicyState;
  /** Whether nothing tells what the policy was before: then every older token is cut, for none can be shown to be right. */
  #isFirst: boolean;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #parsed: ParsedFiles;

  private constructor(cache: PolicyCache, name: string, parsed: ParsedFiles, state: PolicyState, isFirst: boolean) {
    this.#cache = cache;
    this.#parsed = parsed;
    this.#name = name;
    this.#state = state;
    this.#isFirst = isFirst;
  }

  /**
   * Opens with the last good files, or, at a first start, with the folder as it is, which is read only then. `name`: what the
   * folder is called in messages. Fails with the folder's problems when neither gives a policy.
   */
  static async open(cache: PolicyCache, name: string, readFolder: () => Promise<FolderRead>, nowMs: number): Promise<PolicyKeeper | { readonly problems: readonly string[] }> {
    const last = await cache.read();
    const parsed = new ParsedFiles();
    const compiled = last === undefined ? undefined : compilePolicy(last, parsed);
    if (compiled?.ok === true) return new PolicyKeeper(cache, name, parsed, { policy: compiled.policy, loadedMs: nowMs }, false);
    const folder = await readFolder();
    const fresh = folder.ok ? compilePolicy(folder.files, parsed) : folder;
    if (!fresh.ok) return { problems: messagesOf(name, fresh.problems) };
    return new PolicyKeeper(cache, name, parsed, { policy: fresh.policy, loadedMs: nowMs }, true);
  }

  state(): PolicyState {
    return this.#state;
  }

  /** Waits for the call that is under way, whatever comes of it. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Takes what the folder holds now. Calls are handled one after the other. */
  load(context: KeeperContext, folder: FolderRead): Promise<Loaded> {
    const turn = this.#turn.then(() => this.#load(context, folder));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #load(context: KeeperContext, folder: FolderRead): Promise<Loaded> {
    // Most of the time is spent parsing; tokens are issued and stops engaged in between.
    if (folder.ok) await this.#parsed.prepare(folder.files, () => setImmediate());
    const nowMs = context.clock();
    const compiled = folder.ok ? compilePolicy(folder.files, this.#parsed) : folder;
    if (!compiled.ok) return this.#refuse(context, messagesOf(this.#name, compiled.problems), nowMs);
    const { policy: before } = this.#state;
    const after = compiled.policy;
    if (!this.#isFirst && before.digest === after.digest) {
      // Lines may have moved, and a broken folder may have been mended.
      this.#state = { policy: after, loadedMs: this.#state.loadedMs };
      return { kind: 'unchanged' };
    }
    const targets = this.#isFirst ? await everythingEver(context) : takenAway(before, after);
    // First the policy, then the cuts: an issuance that read the old one noted its place before, and its commit is refused.
    this.#state = { policy: after, loadedMs: nowMs };
    context.identities.clear();
    const isDurable = await storeCuts(context, targets, nowMs);
    await recordLoad(context, after, targets.length, nowMs);
    // The files count as last good only when the cuts are stored: else a restart compares again and makes them again.
    if (isDurable && folder.ok) await this.#cache.write(folder.files);
    this.#isFirst = false;
    return { kind: 'loaded', cuts: targets.length };
  }

  async #refuse(context: KeeperContext, problems: readonly string[], nowMs: number): Promise<Loaded> {
    const known = this.#state.broken;
    this.#state = { ...this.#state, broken: { sinceMs: known?.sinceMs ?? nowMs, problems: problems.slice(0, PROBLEMS_SHOWN) } };
    const isNews = JSON.stringify(known?.problems) !== JSON.stringify(this.#state.broken?.problems);
    if (isNews) {
      context.log.error({ problems: this.#state.broken?.problems }, 'the grants folder is broken: the last good policy stays in force');
      const detail = `${problems.length} problems, the first: ${problems[0] ?? ''}`.slice(0, 2_000);
      expectCommitted(await commitEntries(context.store, context.epoch, [encodeEntry({ kind: 'grants.refused', outcome: 'denied', policy: this.#state.policy.digest, detail }, nowMs)]));
    }
    return { kind: 'refused', problems };
  }
}

/** What to cut when it is not known what was in force: everything, unless nothing was ever issued. */
const everythingEver = async (context: KeeperContext): Promise<readonly StopTarget[]> => ((await context.store.ledgerSize()) === 0 ? [] : [{ kind: 'all' }]);

async function storeCuts(context: KeeperContext, targets: readonly StopTarget[], nowMs: number): Promise<boolean> {
  const cuts = targets.map((target): StopToStore => {
    const record = { type: 'cut', id: newStopId(), target, reason: 'taken away by a change of the grants', by: 'grants', atMs: nowMs } as const;
    return { record, draft: { kind: 'token.revoked', outcome: 'ok', by: 'grants', stop: record.id, target: dimensionOf(target), reason: record.reason } };
  });
  let isDurable = true;
  for (let from = 0; from < cuts.length; from += CUTS_PER_COMMIT) {
    const { durable } = await storeStops(context, cuts.slice(from, from + CUTS_PER_COMMIT));
    isDurable &&= durable;
  }
  return isDurable;
}

async function recordLoad(context: KeeperContext, policy: Policy, cuts: number, nowMs: number): Promise<void> {
  const detail = `${policy.grants.size} grants, ${policy.agents.size} agents, ${policy.tools.size} tools; ${cuts} cuts`;
  context.log.info({ policy: policy.digest, grants: policy.grants.size, cuts }, 'grants loaded');
  expectCommitted(await commitEntries(context.store, context.epoch, [encodeEntry({ kind: 'grants.loaded', outcome: 'ok', policy: policy.digest, detail }, nowMs)]));
}

const messagesOf = (name: string, problems: readonly Problem[]): readonly string[] => problems.map(({ file, line, column, message }) => `${name}/${file}:${line}:${column}: ${message}`);
