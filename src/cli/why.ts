/** `hallpass why`: the whole reason of a denial, and what would change it. */
import type { Command } from 'commander';
import type { DecisionView } from '../broker/why.ts';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { print, printJson } from './terminal.ts';

export function addWhy(program: Command): void {
  withClientOptions(program.command('why').description('explain a denial').argument('<decision>', 'the id that came with it, such as dec_…'))
    .addHelpText('after', '\nExample:\n  hallpass why dec_4xPDs0dYJ7kVt1xkMnS0Pw')
    .action(why);
}

async function why(decision: string, options: ClientOptions): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', `/v1/decisions/${encodeURIComponent(decision)}`);
  if (options.json === true) return printJson(body);
  const { at, agent, server, tool, env, actions, reasons, smallest_grant, signers, no_grant_because } = body as Omit<DecisionView, 'kind'>;
  const who = agent ?? server ?? 'somebody not known';
  const target = tool === undefined ? '' : ` for ${tool}${env === undefined ? '' : ` in ${env}`}`;
  print(`${at}  ${who} was refused${actions === undefined || actions.length === 0 ? ' a token' : ` ${actions.join(', ')}`}${target}.`);
  for (const { reason, detail, rule, todo, file, line } of reasons) {
    print(`\n${reason}: ${detail}`);
    print(`  rule   ${rule}`);
    if (file !== undefined) print(`  where  ${file}:${line}`);
    print(`  to do  ${todo}`);
  }
  if (smallest_grant !== undefined) {
    print(`\nThe smallest grant that would allow it${signers === undefined || signers.length === 0 ? '' : ` (to be approved by ${signers.join(' or ')})`}:\n`);
    print(smallest_grant.trimEnd().replace(/^/gm, '  '));
  }
  if (no_grant_because !== undefined) print(`\nNo grant would help: ${no_grant_because}`);
}
