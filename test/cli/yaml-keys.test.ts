import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { join } from 'node:path';
import { type KeyChange, principalsIn, type PublicKey, putKey } from '../../src/cli/yaml-keys.ts';
import { readGrantsFolder } from '../../src/adapters/grants-folder/read-grants-folder.ts';
import { compilePolicy } from '../../src/grants/compile.ts';
import type { Policy } from '../../src/grants/policy.ts';
import { newPublicJwk } from '../grants/grant-folder.ts';
import { exampleFolder, freshFolder, textsIn, write } from './temp-grants.ts';

function newKey(kid = 'new'): PublicKey {
  const { kty, crv, x, y } = newPublicJwk() as Omit<PublicKey, 'kid'>;
  return { kty, crv, x, y, kid };
}

const inYaml = ({ kty, crv, x, y, kid }: PublicKey): string => `{kty: ${kty}, crv: ${crv}, x: ${x}, y: ${y}, kid: ${kid}}`;

async function policyOf(folder: string): Promise<Policy> {
  const read = await readGrantsFolder(folder);
  assert.ok(read.ok, JSON.stringify(read));
  const compiled = compilePolicy(read.files);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.policy;
}

/** Everything in the folder is as before, byte for byte, but that in `file` `from` became `to`. */
function assertOnlyChange(before: ReadonlyMap<string, string>, folder: string, file: string, from: string, to: string): void {
  const text = before.get(file) ?? '';
  assert.equal(text.split(from).length, 2, `${file} holds ${from} once`);
  assert.deepEqual(textsIn(folder), new Map(before).set(file, text.replace(from, () => to)));
}

interface Row {
  readonly what: string;
  readonly folder: (context: TestContext) => string;
  readonly change: Omit<KeyChange, 'key' | 'keep'>;
  readonly file: string;
  readonly from: string;
  /** `KEY` stands for the new key. */
  readonly to: string;
  readonly isAdded?: boolean;
}

describe('a key is put into a file, and everything else in it stays byte for byte', () => {
  const rows: readonly Row[] = [
    {
      what: 'an agent of the example', folder: exampleFolder, change: { kind: 'agent', id: 'support-agent' },
      file: 'agents.yaml', from: 'keys: [{file: keys/support-agent.jwk}]', to: 'keys: [KEY, {file: keys/support-agent.jwk}]',
    },
    {
      what: 'a person of the example', folder: exampleFolder, change: { kind: 'person', id: 'dana@example.com' },
      file: 'people.yaml', from: 'keys: [{file: keys/dana@example.com.jwk}]', to: 'keys: [KEY, {file: keys/dana@example.com.jwk}]',
    },
    {
      what: 'a person of the example who has an identity only', folder: exampleFolder, change: { kind: 'person', id: 'kim@example.com' },
      file: 'people.yaml', from: 'subject: 00u1kim}\n', to: 'subject: 00u1kim}\n    keys: [KEY]\n',
    },
    {
      what: 'a server of the example', folder: exampleFolder, change: { kind: 'server', id: 'orders-mcp-staging' },
      file: 'tools/orders.yaml', from: 'keys: [{file: keys/orders-mcp-staging.jwk}]', to: 'keys: [KEY, {file: keys/orders-mcp-staging.jwk}]',
    },
    {
      what: 'a server of the example that has an identity only', folder: exampleFolder, change: { kind: 'server', id: 'tickets-mcp' },
      file: 'tools/tickets.yaml', from: 'shop:tickets"}\n', to: 'shop:tickets"}\n      keys: [KEY]\n',
    },
    {
      what: 'an agent that the example does not list yet', folder: exampleFolder, change: { kind: 'agent', id: 'mail-agent', owner: 'kim@example.com' }, isAdded: true,
      file: 'agents.yaml', from: 'keys: [{file: keys/triage-agent.jwk}]\n', to: 'keys: [{file: keys/triage-agent.jwk}]\n  mail-agent:\n    owner: kim@example.com\n    keys: [KEY]\n',
    },
    {
      what: 'a person whom the example does not list yet', folder: exampleFolder, change: { kind: 'person', id: 'ola@example.com', roles: ['oncall', 'auditor'] }, isAdded: true,
      file: 'people.yaml', from: 'subject: 00u1robin}\n', to: 'subject: 00u1robin}\n  ola@example.com:\n    roles: [oncall, auditor]\n    keys: [KEY]\n',
    },
    {
      what: 'a person who may do nothing yet', folder: exampleFolder, change: { kind: 'person', id: 'ola@example.com' }, isAdded: true,
      file: 'people.yaml', from: 'subject: 00u1robin}\n', to: 'subject: 00u1robin}\n  ola@example.com:\n    roles: []\n    keys: [KEY]\n',
    },
  ];
  for (const { what, folder: make, change, file, from, to, isAdded = false } of rows) {
    test(what, async (context) => {
      const folder = make(context);
      const before = textsIn(folder);
      const key = newKey();
      const changed = putKey(folder, { ...change, key, keep: 'all' });
      assert.deepEqual([changed.file, changed.isAdded], [join(folder, file), isAdded]);
      assertOnlyChange(before, folder, file, from, to.replace('KEY', () => inYaml(key)));
      await policyOf(folder);
      assert.ok(principalsIn(folder).some(({ kind, id, keys }) => kind === change.kind && id === change.id && keys[0] === key.kid));
    });
  }

  test('what `hallpass init` writes compiles once its person, agent and server have keys', async (context) => {
    const folder = freshFolder(context);
    for (const [change, file, from, to] of [
      [{ kind: 'person', id: 'dana@example.com' }, 'people.yaml', 'env: "*"}\n', 'env: "*"}\n    keys: [KEY]\n'],
      [{ kind: 'agent', id: 'my-agent' }, 'agents.yaml', 'keys: []', 'keys: [KEY]'],
      [{ kind: 'server', id: 'notes-mcp-dev' }, 'tools/notes.yaml', 'keys: []}', 'keys: [KEY]}'],
    ] as const) {
      const before = textsIn(folder);
      const key = newKey();
      const { resource } = putKey(folder, { ...change, key, keep: 'all' });
      assert.equal(resource, change.kind === 'server' ? 'http://127.0.0.1:8801/mcp' : undefined);
      assertOnlyChange(before, folder, file, from, to.replace('KEY', () => inYaml(key)));
    }
    assert.equal((await policyOf(folder)).grants.size, 1);
  });

  test('where there is one person, a new agent is theirs', async (context) => {
    const folder = freshFolder(context);
    const key = newKey();
    const before = textsIn(folder);
    assert.ok(putKey(folder, { kind: 'agent', id: 'other-agent', key, keep: 'all' }).isAdded);
    assertOnlyChange(before, folder, 'agents.yaml', '    keys: []\n', `    keys: []\n  other-agent:\n    owner: dana@example.com\n    keys: [${inYaml(key)}]\n`);
  });

  test('a key file that is named and not there is made, and no other file is touched', async (context) => {
    const folder = exampleFolder(context, false);
    const before = textsIn(folder);
    const key = newKey();
    const changed = putKey(folder, { kind: 'agent', id: 'support-agent', key, keep: 'all' });
    assert.deepEqual([changed.file, changed.isAdded], [join(folder, 'keys/support-agent.jwk'), false]);
    assert.deepEqual(textsIn(folder), new Map([...before, ['keys/support-agent.jwk', `${JSON.stringify(key)}\n`] as const].sort(([a], [b]) => (a < b ? -1 : 1))));
  });
});

describe('keys are replaced', () => {
  test('the newest one stays beside the new one, and the others go', async (context) => {
    const folder = freshFolder(context);
    const keys = [newKey('a'), newKey('b'), newKey('c')] as const;
    const before = textsIn(folder);
    for (const key of keys) putKey(folder, { kind: 'agent', id: 'my-agent', key, keep: 'newest' });
    assertOnlyChange(before, folder, 'agents.yaml', 'keys: []', `keys: [${inYaml(keys[2])}, ${inYaml(keys[1])}]`);
  });

  test('at once, and no other one stays', async (context) => {
    const folder = exampleFolder(context);
    const key = newKey();
    const before = textsIn(folder);
    putKey(folder, { kind: 'server', id: 'orders-mcp-staging', key, keep: 'none' });
    assertOnlyChange(before, folder, 'tools/orders.yaml', 'keys: [{file: keys/orders-mcp-staging.jwk}]', `keys: [${inYaml(key)}]`);
    assert.equal((await policyOf(folder)).tools.size, 2);
  });
});

describe('what cannot be right is refused, and nothing is changed', () => {
  const table: readonly (readonly [what: string, change: Omit<KeyChange, 'key' | 'keep'>, message: RegExp])[] = [
    ['a server that no tool has', { kind: 'server', id: 'orders-mpc' }, /^no tool has a server orders-mpc: write `server:/],
    ['an agent where a server is meant', { kind: 'server', id: 'support-agent' }, /^no tool has a server support-agent/],
    ['a new agent of nobody, where there are several people', { kind: 'agent', id: 'mail-agent' }, /^a new agent needs an owner, .*--owner EMAIL$/],
    ['a new agent of somebody who is not there', { kind: 'agent', id: 'mail-agent', owner: 'dan@example.com' }, /^people\.yaml has no dan@example\.com, so nothing was changed/],
    ['a new agent with the name of a server', { kind: 'agent', id: 'orders-mcp', owner: 'dana@example.com' }, /^orders-mcp is taken/],
    ['a new agent with the name of the broker\'s own operator', { kind: 'agent', id: 'local-operator', owner: 'dana@example.com' }, /^local-operator is taken/],
    ['a new person in a role that there is not', { kind: 'person', id: 'ola@example.com', roles: ['oncall', 'root'] }, /^there is no role root, so nothing was changed: --role is approver, admin, oncall, auditor$/],
  ];
  for (const [what, change, message] of table) {
    test(what, (context) => {
      const folder = exampleFolder(context);
      const before = textsIn(folder);
      assert.throws(() => putKey(folder, { ...change, key: newKey(), keep: 'all' }), { message });
      assert.deepEqual(textsIn(folder), before);
    });
  }

  test('the servers that may have been meant are named', (context) => {
    assert.throws(() => putKey(exampleFolder(context), { kind: 'server', id: 'orders-mpc', key: newKey(), keep: 'all' }), { lines: ['Did you mean orders-mcp?'] });
  });

  test('a file that is no good YAML', (context) => {
    const folder = exampleFolder(context);
    write(folder, 'agents.yaml', 'agents: [');
    const before = textsIn(folder);
    assert.throws(() => putKey(folder, { kind: 'agent', id: 'support-agent', key: newKey(), keep: 'all' }), { message: /agents\.yaml is no good YAML, so nothing was changed/ });
    assert.deepEqual(textsIn(folder), before);
  });

  test('a folder without the file', (context) => {
    assert.throws(() => putKey(join(exampleFolder(context), 'tests'), { kind: 'agent', id: 'support-agent', key: newKey(), keep: 'all' }), { message: /agents\.yaml is not there: `hallpass init`/ });
  });
});
