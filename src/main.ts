/** Wiring: the one file that knows every adapter. Configuration in, running broker out. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, relative } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { makeExampleKeys } from './adapters/data-folder/example-keys.ts';
import { type DataFolder, openDataFolder } from './adapters/data-folder/open-data-folder.ts';
import { DataFolderError } from './adapters/data-folder/private-file.ts';
import { readGrantsFolder } from './adapters/grants-folder/read-grants-folder.ts';
import { watchGrantsFolder } from './adapters/grants-folder/watch-grants-folder.ts';
import { openKeySets } from './adapters/jwks/key-sets.ts';
import { prometheusMeter } from './adapters/prometheus/prometheus-meter.ts';
import { ForeignStoreError } from './adapters/store-sqlite/errors.ts';
import { openSqliteStore } from './adapters/store-sqlite/sqlite-store.ts';
import { Activity } from './broker/activity.ts';
import type { BrokerContext } from './broker/context.ts';
import { writeCountedDenials } from './broker/deny.ts';
import { type Loaded, PolicyKeeper } from './broker/policy-keeper.ts';
import { closeSessions } from './broker/sessions.ts';
import type { VerifiedIdentities, VerifiedTokens } from './broker/verified.ts';
import type { Config } from './config.ts';
import { systemClock } from './core/clock.ts';
import type { Log } from './core/log.ts';
import { missingKeyFiles } from './grants/named-key-files.ts';
import type { Policy } from './grants/policy.ts';
import { createApp } from './http/app.ts';
import { doorsOf } from './http/doors.ts';
import { VerifiedCache } from './identity/verified-cache.ts';
import { DenialWindow } from './ledger/denial-window.ts';
import { StopSet } from './stops/stop-set.ts';
import type { Store } from './store/port.ts';
import { MAX_TOKEN_SECONDS } from './tokens/claims.ts';

/** How often counted denials are written, and expired rows, marks and keys dropped. */
const HOUSEKEEPING_MS = 5_000;
/** Tokens remembered as verified: about 2 KiB each. */
const REMEMBERED_TOKENS = 20_000;
/** How long a stop's mark outlives the last token that it could void. */
const MARK_KEPT_MS = (MAX_TOKEN_SECONDS + 60) * 1000;

/** The broker cannot start: `message` is one line for the operator, `problems` the lines behind it, if any. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
  readonly problems: readonly string[];

  constructor(message: string, problems: readonly string[] = []) {
    super(message);
    this.problems = problems;
  }
}

export interface RunningBroker {
  /** Where it listens: scheme, host and port. */
  readonly url: string;
  readonly config: Config;
  /** Whether the data folder is new. */
  readonly isFirstStart: boolean;
  /** Whose keys were made for the example. */
  readonly exampleKeysMade: readonly string[];
  /** Where the private keys of the example are. */
  readonly exampleKeysFolder: string;
  /** Set when a broken grants folder was found: the last good policy is in force. */
  readonly brokenGrants: readonly string[];
  /** The policy in force. */
  policy(): Policy;
  /** Reads the grants folder again now. */
  reload(): Promise<Loaded>;
  /** Serves what is in flight, writes what is counted, and lets go of everything. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  /** Makes the key files that the grants folder names and lacks: for the example, and for trying out. */
  readonly makeExampleKeys?: boolean;
  readonly log?: Log;
}

/** Starts a broker. Throws `StartProblem` when it cannot; then nothing is left running or locked. */
export async function startBroker({ config, makeExampleKeys: withExampleKeys = false, log = defaultLog() }: StartOptions): Promise<RunningBroker> {
  const undo: (() => Promise<void> | void)[] = [];
  const release = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) log.error({ err: failures[0] }, 'closing was not clean');
  };
  try {
    return await start(config, withExampleKeys, log, undo, release);
  } catch (error) {
    await release();
    throw startProblemOf(error, config) ?? error;
  }
}

async function start(config: Config, withExampleKeys: boolean, log: Log, undo: (() => Promise<void> | void)[], release: () => Promise<void>): Promise<RunningBroker> {
  const clock = systemClock;
  const startedMs = clock();
  const folder = await openDataFolder(config.data, startedMs);
  undo.push(() => folder.release());
  const exampleKeysMade = withExampleKeys ? await makeMissingKeys(config, folder, startedMs) : [];

  const grantsName = relative(process.cwd(), config.grants) || basename(config.grants);
  const keeper = await PolicyKeeper.open(folder.policyCache, grantsName, () => readGrantsFolder(config.grants), startedMs);
  if (!(keeper instanceof PolicyKeeper)) throw new StartProblem(`the grants folder ${grantsName} is not good, and no earlier good one is known: mend it (hallpass grants check), or make one (hallpass init)`, keeper.problems);

  const store = await openSqliteStore({ file: folder.storeFile, clock });
  undo.push(() => store.close());
  const closing = new AbortController();
  // A reload that is under way still writes: into a store that is open, and a folder that is ours.
  undo.push(
    () => keeper.settled(),
    () => closing.abort(),
  );
  const context = await contextOf({ config, clock, startedMs, folder, store, keeper, log, closing: closing.signal });
  const reload = async (): Promise<Loaded> => {
    const found = await readGrantsFolder(config.grants);
    return closing.signal.aborted ? { kind: 'unchanged' } : keeper.load(context, found);
  };
  const onChange = async (): Promise<void> => {
    try {
      await reload();
    } catch (error) {
      log.error({ err: error }, 'the grants folder changed, and that could not be recorded: change it again, or restart');
    }
  };
  // First watched, then read: so no change falls in between.
  watchGrantsFolder(config.grants, onChange, closing.signal);
  await reload();
  for (const stop of context.stops.engaged) await closeSessions(context, stop);

  let doors = doorsOf(config.issuer, config.listen.port);
  const app = createApp(context, () => doors);
  // What requests in flight are still denied is counted, so the counts are written after the last of them.
  const stopHousekeeping = keepHouse(context, folder);
  undo.push(
    () => writeCountedDenials(context, clock(), true),
    stopHousekeeping,
    () => endServing(app),
  );
  await app.listen({ host: config.listen.host, port: config.listen.port });
  const { port } = app.server.address() as AddressInfo;
  doors = doorsOf(config.issuer, port);

  return {
    url: `http://${config.listen.host.includes(':') ? `[${config.listen.host}]` : config.listen.host}:${port}`,
    config, isFirstStart: folder.isNew, exampleKeysMade, exampleKeysFolder: folder.exampleKeys,
    brokenGrants: keeper.state().broken?.problems ?? [],
    policy: () => keeper.state().policy, reload, close: release,
  };
}

/** Answers what is in flight, and then closes those connections too: what was idle at first is closed at once, but no later. */
async function endServing(app: FastifyInstance): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), 50);
  try {
    await app.close();
  } finally {
    clearInterval(timer);
  }
}

interface Parts {
  readonly config: Config;
  readonly clock: () => number;
  readonly startedMs: number;
  readonly folder: DataFolder;
  readonly store: Store;
  readonly keeper: PolicyKeeper;
  readonly log: Log;
  readonly closing: AbortSignal;
}

async function contextOf({ config, clock, startedMs, folder, store, keeper, log, closing }: Parts): Promise<BrokerContext> {
  const keySets = openKeySets({ allowPrivateHosts: config.allowPrivateHosts, log });
  const stops = new StopSet();
  for (const placed of await store.stopsAfter(0)) stops.apply(placed);
  store.watchStops(stops.place, (placed) => stops.apply(placed), closing);
  return {
    issuer: config.issuer, version: packageVersion(), startedMs, clock, store, epoch: await store.epoch(), stops,
    denials: new DenialWindow(), activity: new Activity(),
    meter: prometheusMeter({ engagedStops: () => stops.engaged.length, isPolicyBroken: () => keeper.state().broken !== undefined }),
    keyRing: folder.signingKeys, operatorKey: folder.operatorKey.publicJwk,
    keySources: new Map(config.identities.map((entry) => [entry.issuer, keySets.issuerKeys(entry)])),
    remoteKeys: keySets.remoteKeys,
    identities: new VerifiedCache(REMEMBERED_TOKENS) satisfies VerifiedIdentities,
    tokens: new VerifiedCache(REMEMBERED_TOKENS) satisfies VerifiedTokens,
    policyState: () => keeper.state(), log, closing,
  };
}

/** Small regular work. A failure is told and tried again: none of it is what an answer waits for. */
function keepHouse(context: BrokerContext, folder: DataFolder): () => void {
  const round = async (): Promise<void> => {
    const nowMs = context.clock();
    try {
      await writeCountedDenials(context, nowMs);
      await context.store.sweep(nowMs - MARK_KEPT_MS);
      context.stops.prune(nowMs - MARK_KEPT_MS);
      folder.signingKeys.retire(nowMs);
    } catch (error) {
      context.log.error({ err: error }, 'housekeeping failed: it is tried again');
    }
  };
  const timer = setInterval(() => void round(), HOUSEKEEPING_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function makeMissingKeys(config: Config, folder: DataFolder, nowMs: number): Promise<readonly string[]> {
  const read = await readGrantsFolder(config.grants);
  return read.ok ? makeExampleKeys(config.grants, missingKeyFiles(read.files), folder.exampleKeys, nowMs) : [];
}

function startProblemOf(error: unknown, { listen, data }: Config): StartProblem | undefined {
  if (error instanceof StartProblem) return error;
  if (error instanceof DataFolderError || error instanceof ForeignStoreError) return new StartProblem(error.message);
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new StartProblem(`port ${listen.port} on ${listen.host} is in use: stop what listens there, or choose another (HALLPASS_LISTEN=127.0.0.1:8788)`);
  if (code === 'EACCES' && syscall === 'listen') return new StartProblem(`port ${listen.port} may not be opened by this user: choose one above 1023`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new StartProblem(`${listen.host} is no address of this machine: correct \`listen\``);
  if (code !== undefined && syscall !== undefined) return new StartProblem(`the data folder ${data} cannot be used: ${message}`);
  return undefined;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** JSON lines on standard error, for standard output belongs to the command. `HALLPASS_LOG` sets the level. */
const defaultLog = (): Log => pino({ level: process.env.HALLPASS_LOG ?? 'warn', base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
