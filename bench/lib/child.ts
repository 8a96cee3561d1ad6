/** Child processes of the same Node.js: servers under load, and measurements that want a process of their own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../demo/free-port.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Child = ChildProcessByStdio<null, Readable, Readable>;

const MAX_SAID = 4_000;

const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a script of this repository; its settings come from `env` alone, not from whatever this shell happens to hold. */
export function start(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HALLPASS_'));
  const { BENCH_COUNTS } = env;
  const options = BENCH_COUNTS === undefined ? [] : ['--import', new URL('../servers/count-signatures.ts', import.meta.url).href];
  const child = spawn(process.execPath, [...options, script, ...args], { cwd: ROOT, env: { ...Object.fromEntries(inherited), NODE_ENV: 'production', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  // Heard only when it fails: what servers say as they come and go is no result.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MAX_SAID)));
  child.once('exit', (code) => {
    running.delete(child);
    if (code !== 0 && code !== null) console.error(said);
  });
  return child;
}

/** A server that has said on its first line that it listens. */
export interface Server {
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  /** Processor time that it has used so far, of all its threads; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  stop(): Promise<void>;
}

/** Starts a server that prints one line when it listens on the port that it was told. */
export async function startServer(script: string, args: (port: number) => readonly string[], env: (port: number) => Readonly<Record<string, string>>): Promise<Server> {
  const port = await freePort();
  const child = start(script, args(port), env(port));
  const lines = createInterface(child.stdout);
  await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it listened`)))]);
  return { url: `http://127.0.0.1:${port}`, signal: (name) => void child.kill(name), cpuMs: () => cpuMsOf(child), stop: () => stop(child) };
}

/** proc(5): `utime` and `stime` in ticks, of which every Linux counts 100 a second to programs. */
function cpuMsOf({ pid }: Child): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

export async function stop(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Runs a script of this folder to its end; it prints one JSON value. */
export async function resultOf<T>(script: string, args: readonly (string | number)[]): Promise<T> {
  const child = start(`bench/children/${script}`, args.map(String));
  const [text, [code]] = await Promise.all([textOf(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`bench/children/${script} failed`);
  return JSON.parse(text) as T;
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
  return text;
}

