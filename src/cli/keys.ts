/** `hallpass keys new | rotate | list`: private keys here, public halves in the grant files. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import { drawKey } from '../adapters/data-folder/key-file.ts';
import { writePrivateFile } from '../adapters/data-folder/private-file.ts';
import { BrokerClient, type ClientOptions, configFor, withClientOptions } from './broker-client.ts';
import { keyFileFor } from './key-places.ts';
import { CliProblem, EXIT, print, printJson, table } from './terminal.ts';
import { idProblem, type KeyChange, PRINCIPALS, type PrincipalKind, principalsIn, type PublicKey, putKey } from './yaml-keys.ts';

interface KeyOptions extends ClientOptions {
  readonly owner?: string;
  readonly role?: readonly string[];
  readonly now?: boolean;
}

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('make, replace and list keys');
  keys
    .command('new')
    .description('make a key: the private half here, the public half in the grant files')
    .argument('<kind>', PRINCIPALS.join(', '))
    .argument('<id>', 'its name')
    .option('--owner <person>', 'of an agent that is not in agents.yaml yet')
    .option('--role <role>', 'of a person who is not in people.yaml yet; may be repeated', (role: string, roles: readonly string[] = []) => [...roles, role])
    .option('--config <file>', 'hallpass.yaml to read')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  hallpass keys new agent support-agent --owner dana@example.com\n  hallpass keys new server orders-mcp-staging\n  hallpass keys new person dana@example.com --role approver')
    .action(makeNew);
  withClientOptions(
    keys
      .command('rotate')
      .description('replace a key; without a name: the broker\'s own signing key')
      .argument('[kind]', PRINCIPALS.join(', '))
      .argument('[id]', 'its name')
      .option('--now', 'take the old key away at once, and with it the tokens that lean on it'),
  )
    .addHelpText('after', '\nExamples:\n  hallpass keys rotate\n  hallpass keys rotate agent support-agent\n\nThe old key stays beside the new one until the next rotation, or until --now.')
    .action(rotate);
  keys
    .command('list')
    .description('whose keys there are, and which private halves are on this machine')
    .option('--config <file>', 'hallpass.yaml to read')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  hallpass keys list')
    .action(list);
}

async function makeNew(kindText: string, id: string, options: KeyOptions): Promise<void> {
  const kind = kindOf(kindText, id);
  const file = keyFileFor(id);
  if (existsSync(file)) throw new CliProblem(`${id} has a private key on this machine already, ${file}: replace it with \`hallpass keys rotate ${kind} ${id}\``);
  await make({ kind, id, keep: 'all', ...(options.owner === undefined ? {} : { owner: options.owner }), ...(options.role === undefined ? {} : { roles: options.role }) }, file, options);
}

async function rotate(kindText: string | undefined, id: string | undefined, options: KeyOptions): Promise<void> {
  if (kindText === undefined) return rotateSigningKey(options);
  if (id === undefined) throw new CliProblem(`whose key? hallpass keys rotate ${kindText} ID`, { exitCode: EXIT.usage });
  const kind = kindOf(kindText, id);
  const known = principalsIn(configFor(options).grants).some((principal) => principal.kind === kind && principal.id === id);
  if (!known) throw new CliProblem(`the grants know no ${kind} ${id}: make a first key with \`hallpass keys new ${kind} ${id}\``);
  await make({ kind, id, keep: options.now === true ? 'none' : 'newest' }, keyFileFor(id), options);
}

async function make(change: Omit<KeyChange, 'key'>, file: string, options: KeyOptions): Promise<void> {
  const config = configFor(options);
  const { pair, text } = await drawKey(Date.now());
  const { kty, crv, x, y, kid } = pair.publicJwk as PublicKey;
  // The private half first: a public half whose private one is lost would be a key that nobody has.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const pending = `${file}.pending`;
  writePrivateFile(pending, text);
  const { file: changed, isAdded, resource } = putKey(config.grants, { ...change, key: { kty, crv, x, y, kid } });
  renameSync(pending, file);

  const variables = { HALLPASS_URL: config.issuer, HALLPASS_CLIENT_ID: change.id, HALLPASS_KEY_FILE: file };
  if (options.json === true) return printJson({ ...change, kid, private_key_file: file, changed: relative(process.cwd(), changed), ...variables });
  print(`Private key  ${file} (mode 0600: it stays on this machine)`);
  print(`Public key   ${relative(process.cwd(), changed)}${isAdded ? `, with a new entry for ${change.id}` : ''}`);
  if (change.kind === 'person') return print(`\nUse it: hallpass status --as ${change.id}`);
  print(`\nAll that ${change.id} needs:`);
  for (const [name, value] of Object.entries(variables)) print(`  export ${name}=${value}`);
  if (resource !== undefined) print(`Its MCP server is expected at ${resource}.`);
}

async function rotateSigningKey(options: KeyOptions): Promise<void> {
  const client = await BrokerClient.open(options);
  const { body } = await client.call('POST', '/v1/keys/rotate', {});
  if (options.json === true) return printJson(body);
  print(`The broker signs with ${body.kid} from now on.`);
  print(`${body.previous} still checks the tokens that it signed. To void those at once: hallpass stop key ${body.previous} --reason WHY`);
}

function list(options: KeyOptions): void {
  const rows = principalsIn(configFor(options).grants).map((principal) => ({ ...principal, private_key: existsSync(keyFileFor(principal.id)) ? keyFileFor(principal.id) : undefined }));
  if (options.json === true) printJson(rows);
  else print(table(['WHO', '', 'PUBLIC KEYS', 'PRIVATE KEY HERE'], rows.map(({ kind, id, keys, private_key }) => [id, kind, keys.length === 0 ? '-' : keys.join(', '), private_key ?? '-'])));
}

function kindOf(text: string, id: string): PrincipalKind {
  const kind = PRINCIPALS.find((known) => known === text);
  if (kind === undefined) throw new CliProblem(`a key is for an agent, a server or a person: hallpass keys new agent ${id}`, { exitCode: EXIT.usage });
  const problem = idProblem(kind, id);
  if (problem !== undefined) throw new CliProblem(problem, { exitCode: EXIT.usage });
  return kind;
}
