/** `hallpass serve`: the broker, until it is told to end. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import type { Policy } from '../grants/policy.ts';
import type { RunningBroker } from '../main.ts';
import { configFor } from './broker-client.ts';
import { CliProblem, counted, print, printError, printJson } from './terminal.ts';

interface ServeOptions {
  readonly config?: string;
  readonly makeExampleKeys?: boolean;
  readonly json?: boolean;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the broker')
    .option('--config <file>', 'hallpass.yaml to read (default: the one here, if there is one)')
    .option('--make-example-keys', 'make the key files that the grants name and lack: to try things out, never for real use')
    .option('--json', 'say in one line of JSON when it is ready')
    .addHelpText('after', '\nExample:\n  hallpass serve\n\nSIGHUP reads the grants again, SIGTERM and Ctrl-C end it. Settings: hallpass.yaml, or HALLPASS_LISTEN, HALLPASS_DATA, HALLPASS_GRANTS, ….')
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  // The broker is loaded here and not above, so that every other command starts without it.
  const { startBroker, StartProblem } = await import('../main.ts');
  const config = configFor(options);
  let broker: RunningBroker;
  try {
    broker = await startBroker({ config, makeExampleKeys: options.makeExampleKeys === true });
  } catch (error) {
    if (error instanceof StartProblem) throw new CliProblem(error.message, { lines: error.problems });
    throw error;
  }
  process.on('SIGHUP', () => {
    broker.reload().then(({ kind }) => printError(RELOADED[kind]), (error: unknown) => printError(`The grants were read again, and that could not be recorded: ${(error as Error).message}`));
  });
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      // A second signal does not wait for what is in flight.
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, end);
      printError('Ending: serving what is in flight …');
      void broker.close().then(resolve);
    };
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
  // Whoever reads that it is ready may send a signal at once, so they are listened to before.
  if (options.json === true) printJson({ url: broker.url, issuer: config.issuer, first_start: broker.isFirstStart });
  else print(greeting(broker));
  for (const problem of broker.brokenGrants) printError(`warning: ${problem}`);
  await ended;
  printError('Ended.');
}

const RELOADED = {
  loaded: 'The grants were read again: the new ones are in force.',
  unchanged: 'The grants were read again: nothing changed.',
  refused: 'The grants were read again: they are not good, and the last good ones stay in force (hallpass grants check).',
} as const;

function greeting(broker: RunningBroker): string {
  const { config, isFirstStart, exampleKeysMade } = broker;
  const policy = broker.policy();
  const first = firstToken(policy);
  // In a checkout the command is found by way of npm.
  const command = process.env.npm_execpath === undefined ? 'hallpass' : 'npx hallpass';
  const place = (path: string): string => relative(process.cwd(), path) || '.';
  const isBroken = broker.brokenGrants.length > 0;
  return [
    `Hallpass listens on ${broker.url}`,
    `  grants  ${place(config.grants)}: ${isBroken ? 'BROKEN, the last good ones are in force: ' : ''}${counted(policy.grants.size, 'grant')}, ${counted(policy.agents.size, 'agent')}, ${counted(policy.tools.size, 'tool')}`,
    `  data    ${place(config.data)}${isFirstStart ? ' (new)' : ''}`,
    ...(exampleKeysMade.length === 0 ? [] : [`  keys    made for ${exampleKeysMade.join(', ')}, in ${place(broker.exampleKeysFolder)}`]),
    '',
    'Next, in another terminal:',
    ...(first === undefined ? [] : [`  ${command} token ${first}`]),
    `  ${command} status`,
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}

/** The options of a request that this policy allows, if it allows one outside production to an agent with a key. */
function firstToken({ grants, agents, tools }: Policy): string | undefined {
  for (const { agents: holders, tool, env, actions } of grants.values()) {
    const agent = [...holders].find((id) => (agents.get(id)?.proof.keys.length ?? 0) > 0);
    const isOutside = tools.get(tool)?.environments.get(env)?.production === false;
    const hasRead = [...actions].some((action) => tools.get(tool)?.actions.get(action)?.effect === 'read');
    if (agent !== undefined && isOutside && hasRead) return `--as ${agent} --tool ${tool} --env ${env}`;
  }
  return undefined;
}
