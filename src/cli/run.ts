/** The `hallpass` command: parses the line, runs one command, and turns what went wrong into one line and an exit code. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { DataFolderError } from '../adapters/data-folder/private-file.ts';
import { addGrants } from './grants.ts';
import { addInit } from './init.ts';
import { addKeys } from './keys.ts';
import { addLedger } from './ledger.ts';
import { addServe } from './serve.ts';
import { addSessions } from './sessions.ts';
import { addStatus } from './status.ts';
import { addStop } from './stop.ts';
import { CliProblem, EXIT, printError } from './terminal.ts';
import { addToken } from './token.ts';
import { addWhy } from './why.ts';

/** Runs one command line, without the program's own name. Sets the exit code; never throws. */
export async function run(args: readonly string[]): Promise<void> {
  // Whoever reads our output may have read enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = tell(error);
  }
}

function program(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  const command = new Command('hallpass')
    .description('Credential broker for AI agents: one tool, one environment, a few minutes, on the record, and cut off in milliseconds.')
    .version(version)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'hallpass: ')) });
  for (const add of [addInit, addServe, addStatus, addToken, addWhy, addStop, addSessions, addGrants, addKeys, addLedger]) add(command);
  return command;
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliProblem) {
    printError(`hallpass: ${error.message}`);
    for (const line of error.lines) printError(`  ${line}`);
    return error.exitCode;
  }
  if (error instanceof DataFolderError) {
    printError(`hallpass: ${error.message}`);
    return EXIT.failed;
  }
  // A bug: the stack is what whoever mends it needs.
  printError(`hallpass: this is a bug, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.failed;
}
