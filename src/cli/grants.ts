/** `hallpass grants check | explain | test | diff`: the policy on disk, without a broker. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { readGrantsFolder } from '../adapters/grants-folder/read-grants-folder.ts';
import { compilePolicy, policyWarnings } from '../grants/compile.ts';
import { diffPolicies } from '../grants/diff.ts';
import { explainPolicy } from '../grants/explain.ts';
import { missingKeyFiles } from '../grants/named-key-files.ts';
import type { Policy } from '../grants/policy.ts';
import { parsePolicyTests, type PolicyTestResult, runPolicyTests } from '../grants/policy-tests.ts';
import type { Problem } from '../grants/problem.ts';
import { configFor } from './broker-client.ts';
import { readGitFolder } from './git-folder.ts';
import { CliProblem, counted, EXIT, print, printError, printJson } from './terminal.ts';

interface GrantOptions {
  readonly grants?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export function addGrants(program: Command): void {
  const grants = program.command('grants').description('check, explain, test and compare the grants folder');
  const withFolder = (command: Command): Command =>
    command.option('--grants <folder>', 'the folder (default: as hallpass.yaml says, else grants)').option('--config <file>', 'hallpass.yaml to read').option('--json', 'print JSON');
  withFolder(grants.command('check').description('find mistakes, each with its file and line'))
    .addHelpText('after', '\nExample:\n  hallpass grants check')
    .action(check);
  withFolder(grants.command('explain').description('say in plain words who may do what'))
    .addHelpText('after', '\nExample:\n  hallpass grants explain')
    .action(explain);
  withFolder(grants.command('test').description('run tests/*.test.yaml in the grants folder'))
    .addHelpText('after', '\nExample:\n  hallpass grants test')
    .action(runTests);
  withFolder(
    grants
      .command('diff')
      .description('say who gains what and who loses what')
      .argument('[from]', 'a folder or a git revision', 'HEAD')
      .argument('[to]', 'the same (default: the folder as it is now)'),
  )
    .addHelpText('after', '\nExamples:\n  hallpass grants diff\n  hallpass grants diff main\n  hallpass grants diff ../old-grants grants')
    .action(diff);
}

/** The folder that is meant, and what it is called in messages. */
const folderOf = (options: GrantOptions): string => options.grants ?? configFor(options).grants;
const nameOf = (folder: string): string => relative(process.cwd(), folder) || '.';
const placed = (folder: string, { file, line, column, message }: Problem): string => (file === '.' ? `${nameOf(folder)}: ${message}` : `${nameOf(folder)}/${file}:${line}:${column}: ${message}`);

interface Loaded {
  readonly policy: Policy;
  readonly tests: ReadonlyMap<string, string>;
}

async function load(folder: string): Promise<Loaded> {
  const read = await readGrantsFolder(folder);
  const compiled = read.ok ? compilePolicy(read.files) : read;
  if (read.ok && compiled.ok) return { policy: compiled.policy, tests: read.tests };
  const problems = compiled.ok ? [] : compiled.problems;
  throw new CliProblem(`the grants are not good: ${counted(problems.length, 'problem')} to mend`, { lines: problems.map((problem) => placed(folder, problem)) });
}

async function check(options: GrantOptions): Promise<void> {
  const folder = folderOf(options);
  const { policy } = await load(folder);
  const warnings = policyWarnings(policy, Date.now());
  if (options.json === true) return printJson({ ok: true, grants: policy.grants.size, agents: policy.agents.size, people: policy.people.size, tools: policy.tools.size, digest: policy.digest, warnings });
  for (const warning of warnings) printError(`note: ${placed(folder, warning)}`);
  print(`${nameOf(folder)} is good: ${counted(policy.grants.size, 'grant')}, ${counted(policy.agents.size, 'agent')}, ${counted(policy.tools.size, 'tool')}, ${policy.people.size === 1 ? '1 person' : `${policy.people.size} people`}.`);
}

async function explain(options: GrantOptions): Promise<void> {
  const { policy } = await load(folderOf(options));
  const words = explainPolicy(policy, Date.now());
  if (options.json === true) return printJson({ words });
  print(words.trimEnd());
}

async function runTests(options: GrantOptions): Promise<void> {
  const folder = folderOf(options);
  const { policy, tests } = await load(folder);
  const results: PolicyTestResult[] = [];
  for (const [file, text] of tests) {
    const parsed = parsePolicyTests(file, text);
    if (!parsed.ok) throw new CliProblem('a file of tests is not good', { lines: parsed.problems.map((problem) => placed(folder, problem)) });
    results.push(...runPolicyTests(policy, parsed.tests));
  }
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length > 0) process.exitCode = EXIT.failed;
  if (options.json === true) return printJson({ passed: results.length - failed.length, failed: failed.length, results });
  if (results.length === 0) return print(`There are no tests: write some into ${nameOf(folder)}/tests/NAME.test.yaml.`);
  for (const { name, passed, expected, got, file, line } of results) {
    print(passed ? `ok      ${name}` : `FAILED  ${name}\n        expected ${expected}, got ${got} (${nameOf(folder)}/${file}:${line})`);
  }
  print(`\n${results.length - failed.length} of ${results.length} passed.`);
}

async function diff(from: string, to: string | undefined, options: GrantOptions): Promise<void> {
  const folder = folderOf(options);
  const before = await policyAt(from, folder);
  const after = to === undefined ? (await load(folder)).policy : await policyAt(to, folder);
  const changes = diffPolicies(before, after);
  if (options.json === true) return printJson({ changes });
  if (changes.length === 0) return print('Nobody gains or loses anything.');
  const sign = { gain: '+', loss: '-', change: '~' } as const;
  for (const { direction, sentence } of changes) print(`${sign[direction]} ${sentence}`);
  const gains = changes.filter(({ direction }) => direction === 'gain').length;
  const losses = changes.filter(({ direction }) => direction === 'loss').length;
  print(`\n${counted(gains, 'gain')}, ${losses === 1 ? '1 loss' : `${losses} losses`}${changes.length > gains + losses ? `, ${changes.length - gains - losses} to look at` : ''}.`);
}

/** A key file that git does not have (the example's are made on each machine) is the one that is here. */
function withUntrackedKeys(files: ReadonlyMap<string, string>, folder: string): ReadonlyMap<string, string> {
  const here = missingKeyFiles(files).filter((file) => existsSync(join(folder, file)));
  return new Map([...files, ...here.map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const)]);
}

async function policyAt(place: string, folder: string): Promise<Policy> {
  if (existsSync(place) && statSync(place).isDirectory()) return (await load(place)).policy;
  const files = readGitFolder(folder, place);
  if (files === undefined) throw new CliProblem(`${place} is neither a folder nor a git revision of ${nameOf(folder)}`, { exitCode: EXIT.usage });
  const compiled = compilePolicy(withUntrackedKeys(files, folder));
  if (compiled.ok) return compiled.policy;
  throw new CliProblem(`the grants in ${place} are not good, so they cannot be compared`, { lines: compiled.problems.map(({ file, line, column, message }) => `${place}:${file}:${line}:${column}: ${message}`) });
}
