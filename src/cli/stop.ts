/** `hallpass stop`, `resume` and `stops`: the kill switch. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { StopView } from '../broker/engage-stop.ts';
import { LIFT_TYPE } from '../identity/lift-signature.ts';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { stopLines, targetInWords } from './stop-words.ts';
import { CliProblem, counted, EXIT, print, printError, printJson } from './terminal.ts';

const KINDS = ['tool', 'env', 'agent', 'server', 'grant', 'session', 'token', 'approver', 'person', 'key', 'all'] as const;
type Kind = (typeof KINDS)[number];

export function addStop(program: Command): void {
  withClientOptions(
    program
      .command('stop')
      .description('stop something at once, everywhere')
      .argument('<what>', KINDS.join(', '))
      .argument('[name]', 'its name or id; none for all')
      .requiredOption('--reason <why>', 'for whoever finds it stopped')
      .option('--env <name>', 'of a tool: only this environment'),
  )
    .addHelpText('after', '\nExamples:\n  hallpass stop tool orders --reason INC-7\n  hallpass stop tool orders --env staging --reason INC-7\n  hallpass stop agent support-agent --reason INC-7\n\nExit code 0: stopped and stored; 3: stopped, not stored yet.')
    .action(stop);
  withClientOptions(program.command('resume').description('lift a stop').argument('<stop>', 'its id, from `hallpass stops`'))
    .addHelpText('after', '\nExample:\n  hallpass resume stp_4xPDs0dYJ7kVt1xkMnS0Pw --as lee@example.com\n\nNew tokens get out again; the old ones stay void.')
    .action(resume);
  withClientOptions(program.command('stops').description('what is stopped now'))
    .addHelpText('after', '\nExample:\n  hallpass stops')
    .action(stops);
}

interface StopOptions extends ClientOptions {
  readonly reason: string;
  readonly env?: string;
}

async function stop(what: string, name: string | undefined, options: StopOptions): Promise<void> {
  const target = targetOf(what, name, options.env);
  const startedMs = performance.now();
  const client = await BrokerClient.open(options);
  const { status, body } = await client.call('POST', '/v1/stops', { target, reason: options.reason });
  if (status === 202) process.exitCode = EXIT.unconfirmed;
  if (options.json === true) return printJson(body);
  const words = targetInWords(body.target as StopView['target']);
  if (status === 202) printError(`Stopped ${words}, but the broker could not store it yet and keeps trying: a restart of the broker now would lose it.`);
  else {
    print(`Stopped ${words} after ${Math.round(performance.now() - startedMs)} ms. Stored.`);
    print(`  void now        ${counted(body.live_tokens as number, 'live token')}`);
    print(`  closed          ${counted(body.sessions_closed as number, 'session')}${body.sessions_closed === 0 ? '' : ' (hallpass sessions)'}`);
    print('  servers learn   when they next look a token up');
  }
  print(`Undo it: hallpass resume ${body.id}`);
}

function targetOf(what: string, name: string | undefined, env: string | undefined): Record<string, string | true> {
  const kind = KINDS.find((known) => known === what);
  if (kind === undefined) throw new CliProblem(`there is no \`${what}\` to stop: say one of ${KINDS.join(', ')}`, { exitCode: EXIT.usage });
  if (env !== undefined && kind !== 'tool') throw new CliProblem(`--env goes with a tool only; a whole environment is \`hallpass stop env ${env}\``, { exitCode: EXIT.usage });
  if (kind === 'all') {
    if (name !== undefined) throw new CliProblem(`\`all\` takes no name: to stop ${name}, say what it is`, { exitCode: EXIT.usage });
    return { all: true };
  }
  if (name === undefined || name === '') throw new CliProblem(`which ${noun(kind)}? Nothing was stopped: hallpass stop ${kind} NAME`, { exitCode: EXIT.usage });
  return { [kind]: name, ...(env === undefined ? {} : { env }) };
}

const noun = (kind: Kind): string => ({ env: 'environment', key: 'signing key' } as Partial<Record<Kind, string>>)[kind] ?? kind;

async function resume(id: string, options: ClientOptions): Promise<void> {
  if (!/^stp_/.test(id)) throw new CliProblem(`\`${id}\` is no id of a stop: \`hallpass stops\` lists them, each with the command that lifts it`, { exitCode: EXIT.usage });
  const client = await BrokerClient.open(options);
  const signature = await client.sign({ iss: client.id, aud: client.issuer, stop: id, iat: Math.floor(Date.now() / 1000), jti: randomUUID() }, LIFT_TYPE);
  const { status, body } = await client.call('DELETE', `/v1/stops/${encodeURIComponent(id)}`, { signature });
  if (status === 202) process.exitCode = EXIT.unconfirmed;
  if (options.json === true) return printJson(body);
  const words = targetInWords((body.stop as StopView).target);
  if (status === 202) print(`Asked to lift the stop of ${words}. It stays until a second person does the same within 15 minutes.`);
  else {
    print(`Lifted: ${words} may get tokens again. Those from before stay void.`);
    print('Sessions that the stop closed stay closed until a person clears them: hallpass sessions');
  }
}

async function stops(options: ClientOptions): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', '/v1/stops');
  if (options.json === true) return printJson(body);
  const engaged = body.stops as readonly StopView[];
  print(engaged.length === 0 ? 'Nothing is stopped.' : stopLines(engaged, Date.now()).join('\n'));
}
