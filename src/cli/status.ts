/** `hallpass status`: the one screen for three in the morning. */
import type { Command } from 'commander';
import type { BrokerStatus } from '../broker/status.ts';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { stopLines } from './stop-words.ts';
import { counted, print, printJson, span, table } from './terminal.ts';

export function addStatus(program: Command): void {
  withClientOptions(program.command('status').description('what is going on, and the command that stops each of it'))
    .addHelpText('after', '\nExample:\n  hallpass status')
    .action(status);
}

async function status(options: ClientOptions): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', '/v1/status');
  if (options.json === true) return printJson(body);
  print(screen(body as Omit<BrokerStatus, 'kind'>));
}

function screen(status: Omit<BrokerStatus, 'kind'>): string {
  const nowMs = Date.parse(status.now);
  const { policy, store } = status;
  const live = `${status.live_tokens}${status.live_tokens_complete ? '' : ' or more'}`;
  const idle = status.agents.filter(({ issued, denied, live_tokens }) => issued + denied + live_tokens === 0);
  const busy = status.agents.filter((agent) => !idle.includes(agent));
  return [
    `Hallpass ${status.version} at ${status.issuer}, up ${span(nowMs - Date.parse(status.started))}`,
    `Store   ${store.problem === undefined ? `ok, ${store.description}` : `NOT WORKING: ${store.problem}`}; ledger ${counted(status.ledger_size, 'entry').replace('entrys', 'entries')}`,
    policy.broken === undefined
      ? `Grants  ${counted(policy.grants, 'grant')}, ${counted(policy.agents, 'agent')}, ${counted(policy.tools, 'tool')}, in force for ${span(nowMs - Date.parse(policy.loaded))}`
      : `Grants  BROKEN for ${span(nowMs - Date.parse(policy.broken.since))}, the last good ones are in force:`,
    ...(policy.broken?.problems ?? []).map((problem) => `          ${problem}`),
    `Tokens  ${live} live${status.closed_sessions === 0 ? '' : `; ${counted(status.closed_sessions, 'session')} closed by a stop and not cleared (hallpass sessions)`}`,
    '',
    ...(status.stops.length === 0 ? ['Nothing is stopped.'] : ['STOPPED NOW', ...stopLines(status.stops, nowMs)]),
    '',
    ...(busy.length === 0
      ? [`No agent did anything in the last ${status.window_seconds / 60} minutes.`]
      : [
          table(
            [`AGENT, ${status.window_seconds / 60} MIN`, 'ISSUED', 'DENIED', 'LIVE', 'STOP IT'],
            busy.map(({ agent, issued, denied, live_tokens }) => [agent, `${issued}`, `${denied}`, `${live_tokens}`, `hallpass stop agent ${agent} --reason WHY`]),
          ),
        ]),
    '',
    table(
      ['TOOL', 'LIVE', '', 'STOP IT'],
      status.tools.map(({ tool, env, production, live_tokens, stopped }) => [
        `${tool} in ${env}`, `${live_tokens}`, [production ? 'production' : '', stopped ? 'STOPPED' : ''].filter((word) => word !== '').join(', '), stopped ? '' : `hallpass stop tool ${tool} --env ${env} --reason WHY`,
      ]),
    ),
  ].join('\n');
}
