import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { initFiles } from '../../src/cli/init-files.ts';
import { jsonSchemaFiles } from '../../src/grants/json-schemas.ts';
import { goodFiles, newPublicJwk } from './grant-folder.ts';

const root = join(import.meta.dirname, '../..');
const generated = jsonSchemaFiles();
const KINDS = [...generated.keys()].map((name) => name.replace('.schema.json', ''));

/** One validator for each kind, with the settings that Ajv has when nobody sets any. */
const validators = new Map(KINDS.map((kind) => [kind, new Ajv2020().compile(schemaOf(kind))]));

function schemaOf(kind: string): Record<string, unknown> {
  return JSON.parse(generated.get(`${kind}.schema.json`) ?? 'null') as Record<string, unknown>;
}

/** The kind of schema that the first line of a file names, which is what an editor goes by. */
function kindOf(text: string): string {
  const [, url] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  assert.ok(url !== undefined, 'the first line names no schema');
  return basename(url, '.schema.json');
}

function problemsIn(kind: string, data: unknown): readonly string[] {
  const validate = validators.get(kind) as ValidateFunction;
  return validate(data) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the schemas in the repository', () => {
  test('are those that the compiler uses', () => {
    for (const [name, text] of generated) {
      assert.equal(readFileSync(join(root, 'schemas', name), 'utf8'), text, `schemas/${name} is out of date: run \`npm run schemas\``);
    }
    assert.deepEqual(readdirSync(join(root, 'schemas')).sort(), [...generated.keys()].sort(), 'schemas/ holds files that nothing makes');
  });

  for (const kind of KINDS) {
    test(`${kind}: has the address that files name it by, a title, and words for whoever hovers over a key`, () => {
      const { $schema, $id, title, description } = schemaOf(kind);
      assert.equal($schema, 'https://json-schema.org/draft/2020-12/schema');
      assert.equal($id, `https://unpkg.com/hallpass/schemas/${kind}.schema.json`);
      assert.ok(typeof title === 'string' && typeof description === 'string');
    });

    test(`${kind}: every map is closed or checks its keys`, () => {
      for (const part of partsOf(schemaOf(kind)).filter(({ type }) => type === 'object')) {
        assert.ok(part.additionalProperties === false || part.propertyNames !== undefined, JSON.stringify(part).slice(0, 200));
      }
    });

    test(`${kind}: its patterns are in the part of the language that validators of every kind read`, () => {
      for (const { pattern } of partsOf(schemaOf(kind))) {
        if (typeof pattern !== 'string') continue;
        assert.doesNotMatch(pattern, /\(\?[=!<]|\\p/, pattern);
        assert.match(pattern, /^\^.*\$$|^\\S$/s, pattern);
      }
    });
  }
});

function partsOf(schema: unknown): readonly Record<string, unknown>[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return [...(Array.isArray(schema) ? [] : [schema as Record<string, unknown>]), ...Object.values(schema).flatMap(partsOf)];
}

describe('a stock validator accepts', () => {
  const examples = readdirSync(join(root, 'grants'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
  for (const path of examples) {
    test(`the example's ${path}`, () => {
      const text = readFileSync(join(root, 'grants', path), 'utf8');
      assert.deepEqual(problemsIn(kindOf(text), parse(text)), []);
    });
  }

  const written = initFiles({ person: 'dana@example.com', agent: 'my-agent', tool: 'notes', env: 'dev', resource: 'http://127.0.0.1:8801/mcp', expires: '2027-03-31', review: '2027-01-15', schemas: 'https://unpkg.com/hallpass/schemas/' });
  for (const [path, text] of written) {
    if (!path.startsWith('grants/')) continue;
    test(`what \`hallpass init\` writes as ${path}, once there are keys`, () => {
      assert.deepEqual(problemsIn(kindOf(text), parse(text.replace('keys: []', 'keys: [{file: keys/its.jwk}]'))), []);
    });
  }

  test('a key written out, whole sets of keys, and identities', () => {
    const agent = { owner: 'dana@example.com', keys: [{ ...newPublicJwk(), kid: 'a', use: 'sig', alg: 'ES256' }, { jwks_uri: 'https://idp.example.com/jwks' }], identity: { issuer: 'https://idp.example.com', subject: 'a b' } };
    assert.deepEqual(problemsIn('agents', { agents: { one: agent } }), []);
  });
});

describe('a stock validator refuses', () => {
  const key = newPublicJwk();
  const [people, agents, tool, grant] = ['people.yaml', 'agents.yaml', 'tools/orders.yaml', 'support-orders.yaml'].map((path) => goodFiles[path] ?? '');
  const tests = '{now: 2026-12-01T10:00:00Z, tests: [{name: a, agent: a, tool: b, env: c, expect: allow}]}';
  const good: Readonly<Record<string, string | undefined>> = { people, agents, tool, grant, tests };

  const table: readonly (readonly [what: string, kind: string, from: string, to: string, where: RegExp])[] = [
    ['an unknown key', 'grant', 'reason:', 'raeson:', /^ must (have required property 'reason'|NOT have additional properties)/],
    ['an unknown key at the top', 'people', 'people:', 'extra: 1\npeople:', /^ must NOT have additional/],
    ['an unknown key deep down', 'tool', 'production: false', 'prodution: false', /^\/environments\/staging must NOT have additional/],
    ['an unknown limit', 'grant', 'ttl: 5m', 'tll: 5m', /^\/limits must NOT have additional/],
    ['a number as text', 'grant', 'version: 3', 'version: "3"', /^\/version must be integer/],
    ['a text for a list', 'grant', 'agents: [support-agent]', 'agents: support-agent', /^\/agents must be array/],
    ['text for true or false', 'tool', 'production: false', 'production: "false"', /^\/environments\/staging\/production must be boolean/],
    ['a wildcard among agents', 'grant', 'agents: [support-agent]', 'agents: ["*"]', /^\/agents\/0 must match pattern/],
    ['a wildcard among actions', 'grant', 'actions: [orders.read]', 'actions: [orders.*]', /^\/actions\/0 must match pattern/],
    ['a wildcard as a tool', 'grant', 'tool: orders', 'tool: "*"', /^\/tool must match pattern/],
    ['a wildcard as an environment of a grant', 'grant', 'env: staging', 'env: "*"', /^\/env must match pattern/],
    ['a wildcard as the tool that somebody approves for', 'people', 'tool: orders, env: "*"', 'tool: "*", env: "*"', /\/approves\/0\/tool must match pattern/],
    ['a wildcard in a resource', 'tool', 'https://mcp.example.com', 'https://*.example.com', /\/live\/resource must match pattern/],
    ['a wildcard in a subject', 'tool', ':shop:orders"', ':shop:*"', /\/identity\/subject must match pattern/],
    ['a name of a map that is none', 'tool', '  live:', '  Live:', /^\/environments (must match pattern|property name must be valid)/],
    ['an agent called *', 'agents', '  support-agent:', '  "*":', /^\/agents (must match pattern|property name must be valid)/],
    ['a person who is no e-mail address', 'people', '  dana@example.com:', '  dana:', /^\/people (must match pattern|property name must be valid)/],
    ['a role that there is not', 'people', '[oncall]', '[root]', /\/roles\/0 must be equal to one of/],
    ['an effect that there is not', 'tool', 'effect: money', 'effect: mony', /\/effect must be equal to one of/],
    ['an agent without a proof', 'agents', '    keys: [{file: keys/support-agent.jwk}]\n', '', /^\/agents\/support-agent must (have required property|match a schema)/],
    ['an empty list of keys', 'agents', '[{file: keys/support-agent.jwk}]', '[]', /\/keys must NOT have fewer than 1/],
    ['a private key', 'agents', '{file: keys/support-agent.jwk}', JSON.stringify({ ...key, d: 'c2VjcmV0' }), /\/keys\/0 must NOT have additional properties/],
    ['a key that is a shared secret', 'agents', '{file: keys/support-agent.jwk}', '{kty: oct, k: c2VjcmV0}', /\/keys\/0/],
    ['a key file outside the folder', 'agents', 'keys/support-agent.jwk', '../support-agent.jwk', /\/keys\/0\/file must match pattern/],
    ['the same agent twice', 'grant', '[support-agent]', '[support-agent, support-agent]', /^\/agents must NOT have duplicate items/],
    ['no end', 'grant', 'expires: 2027-03-31\n', '', /must have required property 'expires'/],
    ['an end that is no date', 'grant', 'expires: 2027-03-31', 'expires: never', /^\/expires must match pattern/],
    ['a duration without a unit', 'grant', 'ttl: 5m', 'ttl: "5"', /\/ttl must match pattern/],
    ['a rate for a unit that there is not', 'grant', '60/min', '60/month', /\/calls must match pattern/],
    ['no records at all', 'grant', 'records: 1', 'records: 0', /\/records must be >= 1/],
    ['a second line in a reason', 'grant', 'reason: Answer "where is my order?" in support chat', 'reason: "a\\nb"', /\/reason must match pattern/],
    ['an outcome that there is not', 'tests', 'expect: allow', 'expect: maybe', /\/expect must be equal to one of/],
    ['a reason for what is allowed', 'tests', 'expect: allow', 'expect: allow, reason: no_grant', /\/expect must be equal to constant/],
    ['a moment without a zone', 'tests', '10:00:00Z', '10:00:00', /^\/now must match pattern/],
  ];
  for (const [what, kind, from, to, where] of table) {
    test(`${what} (${kind})`, () => {
      const before = good[kind] ?? '';
      assert.deepEqual(problemsIn(kind, parse(before)), []);
      const after = before.replace(from, () => to);
      assert.notEqual(after, before, 'the row changes nothing');
      const problems = problemsIn(kind, parse(after));
      assert.ok(problems.some((problem) => where.test(problem)), `${problems.length} problems: ${problems.join('; ')}`);
    });
  }
});
