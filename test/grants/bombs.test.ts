/** Files that are small and would cost much: each ends in an error, and soon. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { parsePolicyTests } from '../../src/grants/policy-tests.ts';
import { filesWith, goodFiles } from './grant-folder.ts';

/** Far above what each takes on a slow machine, and far below what a bomb that goes off would. */
const SOON_MS = 4_000;
const ROOM = 250 * 1024;

const grant = goodFiles['support-orders.yaml'] ?? '';
const filled = (piece: string, head = '', tail = ''): string => head + piece.repeat(Math.floor((ROOM - head.length - tail.length) / Buffer.byteLength(piece))) + tail;
const lines = (line: (index: number) => string, count: number): string => Array.from({ length: count }, (_, index) => line(index)).join('\n').slice(0, ROOM);

/** Nine levels of nine: 387 million strings, if anybody followed the aliases. */
const laughs = `a: &a ["lol", "lol", "lol", "lol", "lol", "lol", "lol", "lol", "lol"]
${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${new Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`).join('\n')}
`;

const BOMBS: Readonly<Record<string, string>> = {
  'aliases of aliases': laughs,
  'aliases after a good grant': grant + laughs,
  'an alias to itself': 'a: &a [*a]\n',
  'many aliases of one large value': filled(', *a', `a: &a "${'x'.repeat(60_000)}"\nb: [1`, ']\n'),
  'many anchors': lines((index) => `k${index}: &a${index} 1`, 20_000),
  'merge keys of merge keys': `a: &a {x: 1}\n${lines((index) => `b${index}: &b${index} {<<: [*a, *a], y: 1}`, 6_000)}`,
  'many merge keys in one map': filled('<<: {a: 1}\n'),
  'lists in lists': filled('['),
  'lists in lists that end': '['.repeat(ROOM / 2) + ']'.repeat(ROOM / 2),
  'lists in lists under a key': filled('[', 'agents: '),
  'maps in maps': filled('{a: '),
  'maps in maps that end': '{a: '.repeat(ROOM / 5) + '}'.repeat(ROOM / 5),
  'lists in lists, one a dash': filled('- '),
  'maps in maps, one a line': lines((index) => `${' '.repeat(index)}a:`, 1_000),
  'lists and maps by turns': filled('- a:\n  '),
  'a map as a key of a map': filled('? '),
  'maps as keys of maps': filled('{? {'),
  'a tag on a tag': filled('!a '),
  'a tag without an end': filled('x', '!<'),
  'many documents': filled('---\n'),
  'many directives': filled('%TAG ! tag:a\n'),
  'many keys': lines((index) => `k${index}: 1`, 40_000),
  'one key many times': filled('reason: x\n'),
  'many keys in braces': filled('a, ', '{', '}'),
  'many values': filled('1,', 'agents: [', ']'),
  'an open quote': filled('x\n ', 'reason: "'),
  'quotes that open and close': filled('"" '),
  'many escapes': filled('\\u0061', 'reason: "', '"'),
  'one long line': filled('x'),
  'empty lines': filled('\n'),
  'spaces': filled(' '),
  'colons': filled(': '),
  'commas': filled(','),
  'carriage returns': filled('\r\n'),
  'comments': filled('#\n'),
  'a block of text': filled(' x\n', 'reason: |\n'),
  'folded text': filled(' x\n\n', 'reason: >\n'),
};

function soon(what: () => void): void {
  const beganMs = performance.now();
  what();
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < SOON_MS, `took ${Math.round(tookMs)} ms`);
}

describe('regression 17: a file that is a bomb ends in an error, and soon', () => {
  for (const [what, text] of Object.entries(BOMBS)) {
    test(`regression 17: ${what}`, () => {
      assert.ok(Buffer.byteLength(text) <= 256 * 1024, 'the size is not what is tested here');
      soon(() => {
        for (const file of ['support-orders.yaml', 'agents.yaml', 'tools/orders.yaml']) {
          const compiled = compilePolicy(filesWith({ [file]: text }));
          assert.ok(!compiled.ok);
          assert.ok(compiled.problems.some((problem) => problem.file === file), `nothing is said of ${file}`);
          assert.ok(compiled.problems.length <= 50_000 && compiled.problems.every(({ message }) => message.length <= 1_000));
        }
      });
    });
  }

  test('regression 17: the same in tests of the policy', () => {
    for (const [what, text] of Object.entries(BOMBS)) soon(() => assert.ok(!parsePolicyTests('tests/a.test.yaml', text).ok, what));
  });

  test('regression 17: a file of any size', () => {
    for (const piece of ['[', 'a: &a [*a]\n', 'x']) {
      soon(() => {
        const compiled = compilePolicy(filesWith({ 'support-orders.yaml': piece.repeat(4 * 1024 * 1024) }));
        assert.deepEqual(compiled.ok ? [] : compiled.problems.map(({ message }) => message), ['the file is larger than 256 KiB: split it']);
      });
    }
  });

  test('regression 17: a key file of lists in lists', () => {
    for (const text of ['['.repeat(8_000), `{"kty":${'['.repeat(4_000)}${']'.repeat(4_000)}}`, `{"kty":"EC","x":"${'A'.repeat(8_000)}"}`, '['.repeat(1_000_000)]) {
      soon(() => assert.ok(!compilePolicy(filesWith({ 'keys/dana.jwk': text })).ok));
    }
  });

  test('regression 17: a value that is as long as a file may be, wherever text stands', () => {
    const before = Object.entries(goodFiles).filter(([file]) => file.endsWith('.yaml'));
    for (const [file, text] of before) {
      for (const value of new Set([...text.matchAll(/[:[,] ?([a-z][\w.@/:-]{2,})(?=[,\]}\n])/g)].map(([, found]) => found as string))) {
        for (const unit of ['a', 'a.', 'a-', '/', '~1', 'a@', '0', '1-']) {
          const long = text.replace(value, () => unit.repeat(200_000 / unit.length));
          soon(() => assert.ok(!compilePolicy(filesWith({ [file]: long })).ok, `${file}: ${value} made of ${unit}`));
        }
      }
    }
  });
});
