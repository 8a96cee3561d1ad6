/** `hallpass ledger tail | search | show`: the record. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { EntryView } from '../broker/search-ledger.ts';
import { ENTRY_KINDS, type LedgerEntry } from '../ledger/entry.ts';
import { BrokerClient, type ClientOptions, withClientOptions } from './broker-client.ts';
import { CliProblem, EXIT, plain, print, printError, printJson } from './terminal.ts';

const POLL_MS = 1_000;
const PAGE = 200;
const FILTERS = ['kind', 'outcome', 'agent', 'tool', 'env', 'session', 'token', 'decision', 'grant', 'stop'] as const;

export function addLedger(program: Command): void {
  const ledger = program.command('ledger').description('read the record of everything that happened');
  withClientOptions(ledger.command('tail').description('the newest entries').option('-n, --lines <count>', 'how many', '20').option('-f, --follow', 'and those that come'))
    .addHelpText('after', '\nExample:\n  hallpass ledger tail --follow')
    .action(tail);
  const search = ledger.command('search').description('entries that match, the newest at the end').argument('[text]', 'found anywhere in an entry');
  for (const filter of FILTERS) search.option(`--${filter} <value>`, filter === 'kind' ? `one of ${ENTRY_KINDS.join(', ')}` : `only this ${filter}`);
  withClientOptions(search.option('-n, --lines <count>', 'how many', '20'))
    .addHelpText('after', '\nExamples:\n  hallpass ledger search --agent support-agent --kind token.denied\n  hallpass ledger search "order 1042"')
    .action(find);
  withClientOptions(ledger.command('show').description('one entry, whole').argument('<position>', 'its number'))
    .addHelpText('after', '\nExample:\n  hallpass ledger show 17')
    .action(show);
}

interface LineOptions extends ClientOptions {
  readonly lines: string;
  readonly follow?: boolean;
}

async function tail(options: LineOptions): Promise<void> {
  const lines = lineCount(options.lines);
  const client = await BrokerClient.open(options);
  let { body } = await client.call('GET', `/v1/ledger?from=-${lines}&limit=${Math.min(lines, PAGE)}`);
  printEntries(body.entries as readonly EntryView[], options);
  let next = nextAfter(body.entries as readonly EntryView[], body.size as number);
  while (options.follow === true) {
    await sleep(POLL_MS);
    ({ body } = await client.call('GET', `/v1/ledger?from=${next}&limit=${PAGE}`));
    printEntries(body.entries as readonly EntryView[], options);
    next = nextAfter(body.entries as readonly EntryView[], next);
  }
}

const nextAfter = (entries: readonly EntryView[], otherwise: number): number => (entries.at(-1)?.position ?? otherwise - 1) + 1;

async function find(text: string | undefined, options: LineOptions & Partial<Record<(typeof FILTERS)[number], string>>): Promise<void> {
  const query = new URLSearchParams({ limit: String(Math.min(lineCount(options.lines), PAGE)), ...(text === undefined ? {} : { text }) });
  for (const filter of FILTERS) if (options[filter] !== undefined) query.set(filter, options[filter]);
  if (query.size === 1) throw new CliProblem('say what to look for: a text, or one of the options (--agent, --kind, …)', { exitCode: EXIT.usage });
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', `/v1/ledger?${query}`);
  const entries = body.entries as readonly EntryView[];
  printEntries(entries, options);
  if (options.json === true) return;
  if (entries.length === 0) printError('No entry matches.');
  if (body.next !== undefined) printError(`Older ones were not looked at: they begin before entry ${body.next}.`);
}

async function show(position: string, options: ClientOptions): Promise<void> {
  if (!/^\d{1,15}$/.test(position)) throw new CliProblem(`\`${position}\` is no number of an entry: \`hallpass ledger tail\` shows them`, { exitCode: EXIT.usage });
  const client = await BrokerClient.open(options);
  const { body } = await client.call('GET', `/v1/ledger?from=${position}&limit=1`);
  const [found] = body.entries as readonly EntryView[];
  if (found === undefined) throw new CliProblem(`there is no entry ${position}: the ledger has ${body.size}, and they begin at 0`);
  if (options.json === true) return printJson(found);
  const { entry } = found;
  print(`Entry ${found.position} of ${body.size}, leaf hash ${found.leaf_hash}`);
  for (const [key, value] of Object.entries(entry)) if (key !== 'v') print(`  ${key.padEnd(13)} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
}

function printEntries(entries: readonly EntryView[], { json = false }: ClientOptions): void {
  for (const view of entries) {
    if (json) process.stdout.write(`${JSON.stringify(view)}\n`);
    else print(`${String(view.position).padStart(6)}  ${view.entry.time.slice(0, 19)}Z  ${lineOf(view.entry)}`);
  }
}

/** The entry in one line: what happened, to whom, where, why. */
function lineOf({ kind, agent, server, by, tool, env, actions, count, reason, reasons, decision, stop, target, detail, token }: LedgerEntry): string {
  const who = agent ?? by ?? server;
  const where = tool === undefined ? undefined : `${tool}${env === undefined ? '' : ` in ${env}`}`;
  const id = kind === 'stop.engaged' || kind === 'stop.lifted' ? stop : (decision ?? token);
  const why = reasons?.map((given) => given.reason).join(', ') ?? reason ?? (tool === undefined ? detail : undefined);
  return [kind.padEnd(14), who, where, target, actions?.join(','), why, count === undefined ? undefined : `× ${count}`, id].filter((part) => part !== undefined && part !== '').map((part) => plain(String(part))).join('  ');
}

function lineCount(text: string): number {
  const lines = Number(text);
  if (!Number.isInteger(lines) || lines < 1 || lines > PAGE) throw new CliProblem(`--lines must be a number from 1 to ${PAGE}`, { exitCode: EXIT.usage });
  return lines;
}
