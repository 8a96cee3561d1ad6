/** Sides that answer `/token`: each with its server and the requests that it takes. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, startServer } from '../lib/child.ts';
import { formRequest, type Load, load } from '../lib/load.ts';
import { alternate } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/rows.ts';
import { IN_FLIGHT, type Scale } from '../lib/scale.ts';
import type { Key } from '../lib/sign.ts';

export interface Contender<Side extends string> {
  readonly side: Side;
  readonly start: (env: Readonly<Record<string, string>>) => Promise<Server>;
  /** A form that this server answers with a token, each time another. */
  readonly form: (issuer: string) => Readonly<Record<string, string>>;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const clientForm = (client: string, clientAssertion: string): Readonly<Record<string, string>> => ({ client_id: client, client_assertion_type: JWT_BEARER, client_assertion: clientAssertion });

export const startHallpass = (settings: (port: number) => Readonly<Record<string, string>>, env: Readonly<Record<string, string>>): Promise<Server> =>
  startServer('bin/hallpass.js', () => ['serve', '--json'], (port) => ({ ...settings(port), ...env }));

/** The limit, with a file of its own for its rows. */
export function startLimit(keys: { readonly client: Key; readonly identities: Key }, file: string, env: Readonly<Record<string, string>>): Promise<Server> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  const args = (port: number): readonly string[] => [String(port), file, JSON.stringify(keys.client.publicJwk), JSON.stringify(keys.identities.publicJwk)];
  return startServer('bench/servers/limit.ts', args, () => env);
}

const pathOf = ({ url }: Server): string => `${url}/token`;

const batch = <Side extends string>({ form }: Contender<Side>, server: Server, count: number): readonly Buffer[] =>
  Array.from({ length: count }, () => formRequest(pathOf(server), form(server.url)));

/** A load, and what it cost the server: unlike its speed, that hardly depends on what else the machine does. */
export interface Served extends Load {
  /** Processor time of one request, over all threads of the server; absent where the system does not tell. */
  readonly cpuMicros?: number;
}

/** Runs all sides against each other; everything is signed and encoded before each timed part. */
export async function compare<Side extends string>(contenders: readonly Contender<Side>[], scale: Scale, inFlight: number): Promise<Readonly<Record<Side, readonly Served[]>>> {
  const servers = new Map<Side, Server>();
  const of = (side: Side) => ({ contender: contenders.find((one) => one.side === side) as Contender<Side>, server: servers.get(side) as Server });
  try {
    await Promise.all(contenders.map(async ({ side, start }) => servers.set(side, await start({}))));
    const count = inFlight === 1 ? scale.single : scale.requests;
    for (const { side } of contenders) await load(pathOf(of(side).server), batch(of(side).contender, of(side).server, scale.warmUp), IN_FLIGHT);
    return await alternate(scale.rounds, contenders.map(({ side }) => side), async (side) => {
      const { contender, server } = of(side);
      const requests = batch(contender, server, count);
      const beforeMs = server.cpuMs();
      const found = await load(pathOf(server), requests, inFlight);
      const afterMs = server.cpuMs();
      return { ...found, ...(beforeMs === undefined || afterMs === undefined ? {} : { cpuMicros: ((afterMs - beforeMs) * 1000) / count }) };
    });
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

export const perSecond = (loads: readonly Load[]): readonly number[] => loads.map((one) => one.perSecond);

export const loadRows = (what: string, side: string, loads: readonly Served[]): readonly Row[] => [
  rowOf(what, side, 'req/s', perSecond(loads)),
  rowOf(what, side, 'p50 ms', loads.map(({ p50Ms }) => p50Ms)),
  rowOf(what, side, 'p99 ms', loads.map(({ p99Ms }) => p99Ms)),
  ...cpuRows(what, side, loads.flatMap(({ cpuMicros }) => cpuMicros ?? [])),
];

const cpuRows = (what: string, side: string, micros: readonly number[]): readonly Row[] => (micros.length === 0 ? [] : [rowOf(what, side, 'CPU µs/req', micros)]);

interface Counts {
  readonly checks: number;
  readonly signatures: number;
}

const COUNTED = 10;

/** How many signatures a server checks and makes per request, counted in a server of its own, outside the timed part. */
export async function signatureRows<Side extends string>(what: string, contender: Contender<Side>, folder: string): Promise<readonly Row[]> {
  const file = join(folder, 'counts.json');
  const server = await contender.start({ BENCH_COUNTS: file });
  try {
    // What the start and the first request cost is no part of it.
    await load(pathOf(server), batch(contender, server, 1), 1);
    const before = await counted(server, file);
    await load(pathOf(server), batch(contender, server, COUNTED), 1);
    const after = await counted(server, file);
    return [
      rowOf(what, contender.side, 'checks/req', [(after.checks - before.checks) / COUNTED]),
      rowOf(what, contender.side, 'signatures/req', [(after.signatures - before.signatures) / COUNTED]),
    ];
  } finally {
    await server.stop();
  }
}

async function counted(server: Server, file: string): Promise<Counts> {
  rmSync(file, { force: true });
  server.signal('SIGUSR2');
  while (!existsSync(file)) await sleep(5);
  return JSON.parse(readFileSync(file, 'utf8')) as Counts;
}
