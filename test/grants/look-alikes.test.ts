/** Names that look like another name, or that a lenient reader would take for one: they widen nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { decide } from '../../src/grants/decide.ts';
import { filesWith, goodFiles } from './grant-folder.ts';
import { type Edit, edited, problemsOf } from './refusals.ts';

const PEOPLE = 'people.yaml';
const AGENTS = 'agents.yaml';
const TOOL = 'tools/orders.yaml';
const GRANT = 'support-orders.yaml';

/** Ways to write a name that are another one, byte by byte. */
const VARIANTS: Readonly<Record<string, (name: string) => string>> = {
  'a wildcard': () => '*',
  'two wildcards': () => '**',
  'a wildcard at the end': (name) => `${name}*`,
  'a wildcard for one letter': (name) => `${name.slice(0, -1)}?`,
  'a wildcard in the midst': (name) => `${name.slice(0, 2)}*${name.slice(3)}`,
  'a regular expression': () => '.*',
  'a set of letters': (name) => `[${name.slice(0, 1)}]${name.slice(1)}`,
  'a list with commas': (name) => `${name},${name}`,
  'a list with spaces': (name) => `${name} ${name}`,
  'a folder': (name) => `${name}/`,
  'a path': (name) => `/${name}`,
  'a path that goes up': (name) => `x/../${name}`,
  'a path that stays': (name) => `./${name}`,
  'the folder above': () => '..',
  'a path of another system': (name) => `x\\..\\${name}`,
  'a path in percents': (name) => `%2e%2e%2f${name}`,
  'a letter in percents': (name) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  'capitals': (name) => name.toUpperCase(),
  'one capital': (name) => name.slice(0, 1).toUpperCase() + name.slice(1),
  'a Cyrillic letter': (name) => name.replace(/[aeo]/, (letter) => ({ a: 'а', e: 'е', o: 'о' })[letter] ?? letter),
  'a letter of full width': (name) => String.fromCodePoint(name.charCodeAt(0) + 0xfee0) + name.slice(1),
  'a letter of mathematics': (name) => name.replace(/[a-z]/, (letter) => String.fromCodePoint(0x1d41a + letter.charCodeAt(0) - 97)),
  'the long s': (name) => name.replace(/[s]|$/, 'ſ'),
  'the Turkish dotless i': (name) => name.replace(/[i]|$/, 'ı'),
  'a ligature': (name) => `ﬁ${name}`,
  'an accent, composed': (name) => `${name}é`,
  'an accent, decomposed': (name) => `${name}e\u0301`,
  'a soft hyphen': (name) => `${name.slice(0, 2)}\u00ad${name.slice(2)}`,
  'a space of no width': (name) => `${name}\u200b`,
  'a space that does not break': (name) => `${name}\u00a0`,
  'a space before': (name) => ` ${name}`,
  'a space after': (name) => `${name} `,
  'a line end': (name) => `${name}\n`,
  'the end of a C string': (name) => `${name}\0`,
  'a separator of keys in memory': (name) => `${name}\0x`,
  'a dot after': (name) => `${name}.`,
  'another hyphen': (name) => `${name.replaceAll('-', '\u2010')}\u2010`,
  'an underscore': (name) => `${name.replaceAll(/[-.]/g, '_')}_`,
  'nothing': () => '',
  'what every object has': () => 'constructor',
  'what every object has, too': () => '__proto__',
};

/** Where names of others stand. Each is tried with each variant. */
const PLACES: readonly (readonly [where: string, name: string, (written: string) => readonly Edit[]])[] = [
  ['the agent of a grant', 'support-agent', (written) => [[GRANT, '[support-agent]', `[${written}]`]]],
  ['the tool of a grant', 'orders', (written) => [[GRANT, 'tool: orders', `tool: ${written}`]]],
  ['the environment of a grant', 'staging', (written) => [[GRANT, 'env: staging', `env: ${written}`]]],
  ['the action of a grant', 'orders.read', (written) => [[GRANT, '[orders.read]', `[${written}]`]]],
  ['the approver of a grant', 'dana@example.com', (written) => [[GRANT, 'dana@example.com', written]]],
  ['the owner of an agent', 'dana@example.com', (written) => [[AGENTS, 'dana@example.com', written]]],
  ['the owner of a tool', 'dana@example.com', (written) => [[TOOL, 'dana@example.com', written]]],
  ['the tool that somebody approves for', 'orders', (written) => [[PEOPLE, 'tool: orders, env: live', `tool: ${written}, env: live`]]],
  ['the environment that somebody approves for', 'live', (written) => [[PEOPLE, 'env: live', `env: ${written}`]]],
  ['a server that may call', 'orders-mcp', (written) => [[TOOL, '    enforced_by', `    may_call: [${written}]\n    enforced_by`]]],
];

describe('regression 20: a name that only looks like another is refused where names stand', () => {
  for (const [where, name, edits] of PLACES) {
    test(`regression 20: ${where}`, () => {
      for (const [what, variant] of Object.entries(VARIANTS)) {
        if (where === 'the environment that somebody approves for' && what === 'a wildcard') continue;
        const written = variant(name);
        const problems = problemsOf(edited(edits(JSON.stringify(written))));
        assert.ok(problems.length > 0, `${what}, ${JSON.stringify(written)}, was taken`);
        assert.ok(problems.every((problem) => /^[\w./-]+:\d+:\d+: [^\p{Cc}]+$/u.test(problem)), `${what} is shown as it is: ${JSON.stringify(problems)}`);
      }
      assert.deepEqual(problemsOf(edited(edits(JSON.stringify(name)))), [], 'the name itself is good');
    });
  }

  test('regression 20: whoever approves for a part of a name approves for nothing', () => {
    for (const env of ['stag*', 'staging*', '*staging', '**', '* ', '*/', '.*']) {
      assert.ok(problemsOf(edited([[PEOPLE, 'env: "*"', `env: ${JSON.stringify(env)}`]])).length > 0, env);
    }
  });
});

describe('regression 20: a name that looks like another is refused, or is another principal, where it is described', () => {
  const nowMs = Date.parse('2027-01-13T10:00:00Z');
  const asked = { tool: 'orders', env: 'staging', actions: ['orders.read'], records: 1 };

  for (const [what, variant] of Object.entries(VARIANTS)) {
    test(`regression 20: ${what}`, () => {
      const twin = variant('support-agent');
      const files = edited([[AGENTS, '  triage-agent:', `  ${JSON.stringify(twin)}:`]]);
      const compiled = compilePolicy(files);
      if (!compiled.ok) return;
      assert.match(twin, /^[a-z0-9][a-z0-9._-]*$/);
      assert.equal(decide(compiled.policy, { ...asked, agent: 'support-agent' }, nowMs).kind, 'allow');
      const decision = decide(compiled.policy, { ...asked, agent: twin }, nowMs);
      assert.deepEqual(decision.kind === 'deny' && decision.denials.map(({ reason }) => reason), ['no_grant']);
    });
  }

  test('regression 20: a name in another spelling of YAML is the same name, and there twice', () => {
    for (const spelling of ['"support-agent"', "'support-agent'", '"\\x73upport-agent"', '"\\u0073upport-agent"', '"support\\x2dagent"']) {
      assert.deepEqual(problemsOf(edited([[AGENTS, '  triage-agent:', `  ${spelling}:`]])), ['agents.yaml:5:3: `support-agent` is there twice: keep one'], spelling);
    }
  });
});

describe('regression 20: files', () => {
  test('regression 20: a file whose name looks like another is refused, and stands for nothing', () => {
    const people = goodFiles[PEOPLE] ?? '';
    for (const path of ['People.yaml', 'PEOPLE.yaml', './people.yaml', '../people.yaml', 'tools/../people.yaml', 'people.yaml ', 'people.yaml\0', 'pеople.yaml', '/people.yaml', 'tools/people.yaml', 'people.YAML']) {
      const files = new Map(filesWith({ [PEOPLE]: undefined }));
      files.set(path, people);
      const problems = problemsOf(files);
      assert.ok(problems.includes('people.yaml:1:1: the file is missing: it says who approves, and who is on call'), path);
      assert.ok(problems.length > 1, `nothing is said of ${path}`);
    }
  });

  test('regression 20: a key file is named by one path inside the folder', () => {
    for (const path of ['../keys/dana.jwk', 'keys/../keys/dana.jwk', './keys/dana.jwk', '/keys/dana.jwk', 'keys//dana.jwk', 'keys\\dana.jwk', 'KEYS/dana.jwk', 'keys/Dana.jwk', 'keys/d*.jwk', 'keys/%64ana.jwk', 'keys/dаna.jwk', 'keys/dana.jwk ', 'keys/dana.jwk\0', 'file:///keys/dana.jwk', 'keys/.dana.jwk', 'keys/dana.jwk/.']) {
      assert.ok(problemsOf(edited([[PEOPLE, 'keys/dana.jwk', JSON.stringify(path)]])).length > 0, path);
    }
    assert.deepEqual(problemsOf(edited([[PEOPLE, 'keys/dana.jwk', '"keys/dana.jwk"']])), []);
  });
});
