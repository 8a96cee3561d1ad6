/** `hallpass token`: a token for one tool in one environment, on standard output. */
import type { Command } from 'commander';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { CliProblem, EXIT, print, printError, printJson } from './terminal.ts';

interface TokenOptions extends ClientOptions {
  readonly tool?: string;
  readonly env?: string;
  readonly resource?: string;
  readonly action: readonly string[];
  readonly session?: string;
}

export function addToken(program: Command): void {
  withClientOptions(program.command('token').description('get a token for one tool in one environment'))
    .option('--tool <name>', 'the tool, with --env')
    .option('--env <name>', 'its environment')
    .option('--resource <url>', 'or both at once, by the URL of the MCP server')
    .option('--action <name>', 'what it is for; several for reads only (default: the reads that are granted)', (name: string, names: readonly string[]) => [...names, name], [] as readonly string[])
    .option('--session <label>', 'your name for the conversation')
    .addHelpText('after', '\nExample:\n  hallpass token --as support-agent --tool orders --env staging --action orders.read\n\nThe token alone goes to standard output; what it is good for goes to standard error.')
    .action(token);
}

async function token(options: TokenOptions): Promise<void> {
  const { tool, env, resource, action, session } = options;
  if (resource === undefined && (tool === undefined || env === undefined)) {
    throw new CliProblem('say what it is for: --tool NAME --env NAME, or --resource URL', { exitCode: EXIT.usage });
  }
  const client = await BrokerClient.open(options);
  const { status, body } = await client.requestToken({
    ...(tool === undefined ? {} : { tool }),
    ...(env === undefined ? {} : { env }),
    ...(resource === undefined ? {} : { resource }),
    ...(action.length === 0 ? {} : { scope: action.join(' ') }),
    ...(session === undefined ? {} : { session_id: session }),
  });
  if (status !== 200) {
    const { error, error_description, decision } = body as { readonly error: string; readonly error_description?: string; readonly decision?: string };
    throw new CliProblem(`no token: ${error}: ${error_description ?? 'no reason given'}`, { lines: decision === undefined ? [] : [`The whole reason, for people: hallpass why ${decision}`] });
  }
  if (options.json === true) return printJson(body);
  print(body.access_token as string);
  if (process.stdout.isTTY) printError(`${body.scope} for ${body.expires_in} s, session ${body.session_id}`);
}
