/** `hallpass serve` as a process: what signals do to it, and what a second start finds. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../demo/free-port.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

interface Serving {
  readonly process: ChildProcess;
  readonly url: string;
  readonly port: number;
  readonly home: string;
  /** What it printed so far. */
  printed(): string;
  /** Its exit code, once it ended. */
  ended(): Promise<number | null>;
}

async function serve(t: TestContext, home: string, port: number): Promise<Serving> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/hallpass.js'), 'serve', '--make-example-keys'], {
    cwd: home, env: { PATH: process.env.PATH, HOME: home, HALLPASS_LISTEN: `127.0.0.1:${port}`, HALLPASS_LOG: 'info' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const serving: Serving = { process: child, url: `http://127.0.0.1:${port}`, port, home, printed: () => text, ended: () => exit };
  await until(() => text.includes('Ctrl-C ends it.'), () => text);
  return serving;
}

async function until(isSeen: () => boolean | Promise<boolean>, shown: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await isSeen())) {
    assert.ok(performance.now() < deadline, `it did not come: ${shown()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function folder(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'hallpass-serve-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  cpSync(join(ROOT, 'grants'), join(home, 'grants'), { recursive: true, filter: (path) => !path.endsWith('.jwk') });
  return home;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} serves what is in flight, takes nothing new, and ends with 0; a second start finds the data`, async (t) => {
    const home = folder(t);
    const serving = await serve(t, home, await freePort());
    const body = 'grant_type=client_credentials';
    const socket: Socket = connect(serving.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')));
    socket.write(`POST /token HTTP/1.1\r\nhost: 127.0.0.1:${serving.port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    // The server has the request when it answers another one that came after it.
    await until(async () => (await fetch(`${serving.url}/healthz`)).ok);
    serving.process.kill(signal);
    await until(() => serving.printed().includes('Ending'));
    await until(() => fetch(`${serving.url}/healthz`).then(() => false, () => true));
    socket.write(body.slice(5));
    assert.equal(await serving.ended(), 0, serving.printed());
    assert.match(answer, /^HTTP\/1\.1 401 /, 'the request in flight was answered');
    assert.match(serving.printed(), /Ended\.\n$/);
    const again = await serve(t, home, await freePort());
    assert.doesNotMatch(again.printed(), /\(new\)|made for/);
  });
}

test('SIGHUP reads the grants again, says what came of it, and ends nothing', async (t) => {
  const home = folder(t);
  const serving = await serve(t, home, await freePort());
  serving.process.kill('SIGHUP');
  await until(() => serving.printed().includes('read again: nothing changed'), serving.printed);
  writeFileSync(join(home, 'grants/support-orders.yaml'), 'grant: [');
  serving.process.kill('SIGHUP');
  await until(() => serving.printed().includes('the last good ones stay in force'), serving.printed);
  const ready = await fetch(`${serving.url}/readyz`);
  assert.deepEqual([ready.status, ((await ready.json()) as { readonly problems: readonly string[] }).problems.length], [200, 1]);
});

test('kill -9 loses nothing that was acknowledged, and leaves no lock', async (t) => {
  const home = folder(t);
  const first = await serve(t, home, await freePort());
  const hallpass = async (port: number, ...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env.PATH, HOME: home, HALLPASS_LISTEN: `127.0.0.1:${port}` };
    return (await promisify(execFile)(process.execPath, [join(ROOT, 'bin/hallpass.js'), ...args], { cwd: home, env })).stdout;
  };
  const issued = JSON.parse(await hallpass(first.port, 'token', '--as', 'support-agent', '--tool', 'orders', '--env', 'staging', '--json')) as { readonly session_id: string };
  const { id } = JSON.parse(await hallpass(first.port, 'stop', 'tool', 'tickets', '--reason', 'INC-7', '--json')) as { readonly id: string };
  first.process.kill('SIGKILL');
  assert.equal(await first.ended(), null);

  const second = await serve(t, home, first.port);
  const { stops } = JSON.parse(await hallpass(second.port, 'stops', '--json')) as { readonly stops: readonly { readonly id: string }[] };
  assert.deepEqual(stops.map((stop) => stop.id), [id]);
  const found = await hallpass(second.port, 'ledger', 'search', '--kind', 'token.issued', '--session', issued.session_id, '--json');
  assert.equal(found.trim().split('\n').length, 1);
  await assert.rejects(hallpass(second.port, 'token', '--as', 'support-agent', '--tool', 'tickets', '--env', 'staging'), /stopped/);
  await hallpass(second.port, 'token', '--as', 'support-agent', '--tool', 'orders', '--env', 'staging');
});

test('the private files of a first start are for their owner only', async (t) => {
  const home = folder(t);
  await serve(t, home, await freePort());
  for (const name of ['operator.jwk', 'hallpass.db', 'example-keys/support-agent.jwk']) {
    assert.equal(statSync(join(home, '.hallpass', name)).mode & 0o077, 0, name);
  }
});
