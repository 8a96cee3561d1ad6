/**
 * Walks through a document as a reader would: writes the files that it shows, types its commands, compares the answers.
 *
 * A fence `console` is typed into a terminal (`terminal=NAME` for another than the main one): lines that begin with `$ ` are
 * commands, the lines after each are its answer. `…` stands for anything within a line, and alone on a line for any lines. A
 * last command of a fence in another terminal may go on: it is left running once its answer has come. A fence with `file=NAME` is written to that file.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COMMAND_MS = 120_000;

interface Step {
  readonly terminal: string;
  readonly command: string;
  readonly answer: readonly string[];
}

type Block = { readonly type: 'steps'; readonly steps: readonly Step[] } | { readonly type: 'file'; readonly name: string; readonly text: string };

/** The environment of somebody who did not come here by way of npm: its variables would tell the commands typed that they were run by this checkout's. */
export const readersEnvironment = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|HALLPASS_|XDG_|NODE_TEST)/.test(name)));

/** Takes a document apart; everything outside of fences is for people. */
export function readWalk(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].flatMap(([, language = '', options = '', text = '']): readonly Block[] => {
    const file = /file=(\S+)/.exec(options)?.[1];
    if (file !== undefined) return [{ type: 'file', name: file, text }];
    if (language !== 'console') return [];
    const terminal = /terminal=(\S+)/.exec(options)?.[1] ?? 'main';
    const steps: { terminal: string; command: string; answer: string[] }[] = [];
    for (const line of text.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ terminal, command: line.slice(2), answer: [] });
      else steps.at(-1)?.answer.push(line);
    }
    return [{ type: 'steps', steps }];
  });
}

/** A shell that is typed into. */
class Terminal {
  readonly #shell: ChildProcessWithoutNullStreams;
  #output = '';

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#shell = spawn('bash', ['--norc', '--noprofile'], { cwd, env, detached: true });
    this.#shell.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
    // One pipe for both, so that their lines come in the order in which they were printed.
    this.#shell.stdin.write('exec 2>&1\n');
  }

  /** Types a command and compares what comes back. */
  async type({ command, answer }: Step, mayGoOn: boolean): Promise<void> {
    const mark = `end-${randomBytes(6).toString('hex')}`;
    this.#output = '';
    this.#shell.stdin.write(`${command}\necho "${mark} $PWD"\n`);
    const deadline = performance.now() + COMMAND_MS;
    for (;;) {
      const [printed = '', rest] = this.#output.split(mark);
      if (rest?.includes('\n')) {
        assert.ok(matches(printed, answer), `$ ${command}\nprinted\n${printed}\nand the document says\n${answer.join('\n')}`);
        return;
      }
      if (mayGoOn && answer.length > 0 && matches(printed, answer)) return;
      if (performance.now() > deadline) assert.fail(`$ ${command}\ndid not end, and printed\n${printed}\nwhile the document says\n${answer.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The folder that it is in now. */
  async place(): Promise<string> {
    this.#output = '';
    this.#shell.stdin.write('echo "at $PWD."\n');
    while (!this.#output.includes('.\n')) await new Promise((resolve) => setTimeout(resolve, 20));
    return /at (.*)\.\n/.exec(this.#output)?.[1] ?? '';
  }

  close(): void {
    if (this.#shell.pid !== undefined && this.#shell.exitCode === null) process.kill(-this.#shell.pid, 'SIGKILL');
  }
}

function matches(printed: string, answer: readonly string[]): boolean {
  const pattern = answer.map((line) => (line === '…' ? '(?:.*\n)*?' : `${line.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')} *\n`)).join('');
  return new RegExp(`^${pattern}$`).test(printed.replace(/\r/g, ''));
}

/** Performs all of it; other terminals than the main one open in the folder where that one is. */
export async function walk(blocks: readonly Block[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const terminals = new Map([['main', new Terminal(cwd, env)]]);
  const main = terminals.get('main') as Terminal;
  try {
    for (const block of blocks) {
      if (block.type === 'file') writeFileSync(join(await main.place(), block.name), block.text);
      else {
        for (const step of block.steps) {
          const terminal = terminals.get(step.terminal) ?? new Terminal(await main.place(), env);
          terminals.set(step.terminal, terminal);
          await terminal.type(step, terminal !== main && step === block.steps.at(-1));
        }
      }
    }
  } finally {
    for (const terminal of terminals.values()) terminal.close();
  }
}
