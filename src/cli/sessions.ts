/** `hallpass sessions`: conversations that are going on, and those that a stop closed. */
import type { Command } from 'commander';
import type { SessionView } from '../broker/sessions.ts';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { print, printJson, span, table } from './terminal.ts';

export function addSessions(program: Command): void {
  const sessions = program.command('sessions').description('list sessions, those that a stop closed first');
  withClientOptions(sessions)
    .addHelpText('after', '\nExample:\n  hallpass sessions')
    .action(list);
  withClientOptions(sessions.command('clear').description('let a session that a stop closed go on').argument('<session>', 'its id').requiredOption('--reason <why>', 'what you found'))
    .addHelpText('after', '\nExample:\n  hallpass sessions clear ses_4xPDs0dYJ7kVt1xkMnS0Pw --reason "false alarm" --as lee@example.com')
    .action((id: string, options: ClientOptions & { readonly reason: string }, command: Command) => clear(id, { ...command.parent?.opts(), ...options }));
}

async function list(options: ClientOptions): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', '/v1/sessions');
  if (options.json === true) return printJson(body);
  const sessions = body.sessions as readonly SessionView[];
  if (sessions.length === 0) return print('No session is going on, and none is closed.');
  print(
    table(
      ['SESSION', 'AGENT', 'FOR', 'TARGET', 'LAST TOKEN', 'CLOSED'],
      sessions.map(({ session, label, agent, requester, tool, env, last_issued, closed_for }) => [
        `${session}${label === undefined ? '' : ` (says ${label})`}`, agent, requester, `${tool} in ${env}`, `${span(Date.now() - Date.parse(last_issued))} ago`,
        closed_for.map(({ target, stop }) => `${target.replace('/', ' in ')} by ${stop}`).join(', '),
      ]),
    ),
  );
  if (sessions.some(({ closed_for }) => closed_for.length > 0)) print('\nLet a closed one go on: hallpass sessions clear SESSION --reason WHAT-YOU-FOUND');
}

async function clear(id: string, options: ClientOptions & { readonly reason: string }): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('POST', `/v1/sessions/${encodeURIComponent(id)}/clear`, { reason: options.reason });
  if (options.json === true) return printJson(body);
  print(`Cleared for ${(body.cleared as readonly string[]).map((target) => target.replace('/', ' in ')).join(', ')}.`);
}
