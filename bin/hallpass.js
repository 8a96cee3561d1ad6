#!/usr/bin/env node
// Starts the command line on a Node.js that can run it. Plain JavaScript that an old Node.js reads too, so that it can say so.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [24, 12];
const source = new URL('../src/cli/run.ts', import.meta.url);
const built = new URL('../dist/cli/run.js', import.meta.url);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // What was compiled once is kept for the next start; in the user's own folder, for it is code.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hallpass'));
  // In a checkout the source runs as it is; a package holds only what was built.
  const { run } = await import(existsSync(source) ? source.href : built.href);
  await run(process.argv.slice(2));
} else {
  // It comes with a checkout, and stands beside an installed package.
  const places = ['../node_modules', '../..'].map((folder) => fileURLToPath(new URL(`${folder}/node-${process.platform}-${process.arch}/bin/node`, import.meta.url)));
  const own = places.find((place) => existsSync(place));
  if (own !== undefined) handOver(own);
  else {
    process.stderr.write(`hallpass: this is Node.js ${process.versions.node}, and ${NEEDED.join('.')} or newer is needed: install it from https://nodejs.org\n`);
    process.exitCode = 1;
  }
}

/** Runs the same command with the Node.js that came with the checkout; signals reach it too. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0)));
}
