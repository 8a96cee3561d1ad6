/** `hallpass init`: the first files of a new set-up. It never writes over anything. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { NAME_PATTERN, PERSON_PATTERN } from '../core/names.ts';
import { normalizeResource } from '../core/resource.ts';
import { initFiles } from './init-files.ts';
import { CliProblem, EXIT, print, printJson } from './terminal.ts';

const DAY_MS = 86_400_000;

interface InitOptions {
  readonly person: string;
  readonly agent: string;
  readonly tool: string;
  readonly env: string;
  readonly resource: string;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('write hallpass.yaml and a first grant, to start from')
    .argument('[folder]', 'where', '.')
    .option('--person <email>', 'you, who will approve', 'you@example.com')
    .option('--agent <name>', 'the first agent', 'my-agent')
    .option('--tool <name>', 'the first tool: what one MCP server offers', 'notes')
    .option('--env <name>', 'its environment, not production', 'dev')
    .option('--resource <url>', 'the URL of its MCP server', 'http://127.0.0.1:8801/mcp')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  hallpass init --person dana@example.com --tool orders --env staging')
    .action(init);
}

function init(folder: string, options: InitOptions): void {
  const { person, agent, tool, env, resource } = options;
  for (const [option, name] of Object.entries({ agent, tool, env })) {
    if (!NAME_PATTERN.test(name)) throw new CliProblem(`--${option}: \`${name}\` is no name: lower-case letters, digits, \`.\`, \`_\` and \`-\`, at most 64`, { exitCode: EXIT.usage });
  }
  if (!PERSON_PATTERN.test(person)) throw new CliProblem(`--person: \`${person}\` is no e-mail address in lower case`, { exitCode: EXIT.usage });
  if (normalizeResource(resource) === undefined) throw new CliProblem('--resource must be an https URL without a query (http on this machine only), such as https://mcp.example.com/notes', { exitCode: EXIT.usage });
  const day = (daysFromNow: number): string => new Date(Date.now() + daysFromNow * DAY_MS).toISOString().slice(0, 10);
  const root = resolve(folder);
  const files = initFiles({ person, agent, tool, env, resource, expires: day(180), review: day(90), schemas: schemasFor(root) });
  const known = ['hallpass.yaml', 'grants'].filter((name) => existsSync(join(root, name)));
  if (known.length > 0) throw new CliProblem(`${known.join(' and ')} ${known.length === 1 ? 'is' : 'are'} here already: nothing was written; choose another folder (hallpass init FOLDER)`);

  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: 'wx' });
  }
  ignoreData(root);
  const written = [...files.keys()].map((path) => relative(process.cwd(), join(root, path)));
  if (options.json === true) {
    printJson({ written });
    return;
  }
  for (const path of written) print(`wrote ${path}`);
  print(`
Next${folder === '.' ? '' : `, in ${folder}`}:
  hallpass keys new person ${person}
  hallpass keys new agent ${agent}
  hallpass keys new server ${tool}-mcp-${env}
  hallpass grants check
  hallpass serve`);
}

/** Beside the package, where it is installed; else where it is published. */
const schemasFor = (root: string): string => (existsSync(join(root, 'node_modules/hallpass/schemas')) ? '../node_modules/hallpass/schemas/' : 'https://unpkg.com/hallpass/schemas/');

/** The broker's data holds private keys: git never sees them. */
function ignoreData(root: string): void {
  const file = join(root, '.gitignore');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
  if (lines.includes('.hallpass/')) return;
  const isOpenLine = lines.length > 0 && lines.at(-1) !== '';
  appendFileSync(file, `${isOpenLine ? '\n' : ''}.hallpass/\n`);
}
