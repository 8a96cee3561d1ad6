/** What the files are written in, and the values in them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goodFiles } from './grant-folder.ts';
import { edited, problemsOf, testRefusals } from './refusals.ts';

const PEOPLE = 'people.yaml';
const AGENTS = 'agents.yaml';
const TOOL = 'tools/orders.yaml';
const GRANT = 'support-orders.yaml';

describe('of YAML, only plain data is read', () => {
  testRefusals([
    {
      what: 'a tag', edits: [[GRANT, 'reason: Answer', 'reason: !!str Answer']],
      says: ['support-orders.yaml:8:9: YAML tags are not allowed: put text that starts with `!` in quotes'],
    },
    {
      what: 'a tag of one\'s own', edits: [[GRANT, 'version: 3', 'version: !int 3']],
      says: ['support-orders.yaml:2:10: YAML tags are not allowed: put text that starts with `!` in quotes'],
    },
    {
      what: 'an anchor', edits: [[GRANT, '[support-agent]', '&a [support-agent]']],
      says: ['support-orders.yaml:3:9: YAML anchors are not allowed: write the value out where it is needed'],
    },
    {
      what: 'an alias', edits: [[GRANT, '[orders.read]', '*a']],
      says: ['support-orders.yaml:6:10: YAML aliases are not allowed: write the value out (every environment, under `approves` in people.yaml, is "*" with quotes)'],
    },
    {
      what: 'a merge key', edits: [[TOOL, '    production: false', '    <<: {production: false}']],
      says: ['tools/orders.yaml:10:5: YAML merge keys are not allowed: write the values out'],
    },
    {
      what: 'a second document', edits: [[GRANT, 'review:', '---\nreview:']],
      says: ['support-orders.yaml:10:1: a file holds one YAML document: put what follows into a file of its own'],
    },
    {
      what: 'what follows the end of the document', edits: [[GRANT, 'review:', '...\nreview:']],
      says: ['support-orders.yaml:11:1: a file holds one YAML document: put what follows into a file of its own'],
    },
    {
      what: 'a directive', edits: [[GRANT, 'grant:', '%YAML 1.1\n---\ngrant:']],
      says: ['support-orders.yaml:1:1: YAML directives are not allowed: remove this line'],
    },
    {
      what: 'a key after a question mark', edits: [[GRANT, 'review: 2027-01-15', '? review\n: 2027-01-15']],
      says: ['support-orders.yaml:10:1: YAML keys written with `?` are not allowed: write `key: value`'],
    },
    {
      what: 'a key that is a number', edits: [[GRANT, 'review:', '1:']],
      says: ['support-orders.yaml:10:1: keys are text: put this one in quotes'],
    },
    {
      what: 'a key that is null', edits: [[GRANT, 'review:', 'null:']],
      says: ['support-orders.yaml:10:1: keys are text: put this one in quotes'],
    },
    {
      what: 'a key that would change what objects are', edits: [[GRANT, 'review: 2027-01-15', '__proto__: {reason: x}']],
      says: ['support-orders.yaml:10:1: no key may be called `__proto__`'],
    },
    {
      what: 'an empty file', edits: [[GRANT, '']],
      says: ['support-orders.yaml:1:1: the file is empty: fill it or remove it'],
    },
    {
      what: 'a file of comments', edits: [[GRANT, '# nothing yet\n']],
      says: ['support-orders.yaml:1:1: the file is empty: fill it or remove it'],
    },
    {
      what: 'a list', edits: [[GRANT, '- grant\n']],
      says: ['support-orders.yaml:1:1: the file must be a map of keys and values'],
    },
    {
      what: 'a text', edits: [[GRANT, 'grant\n']],
      says: ['support-orders.yaml:1:1: the file must be a map of keys and values'],
    },
    {
      what: 'tabs', edits: [[GRANT, 'actions: [orders.read]', 'actions:\n\t- orders.read']],
      says: ['support-orders.yaml:7:1: not valid YAML: indent with spaces, not with tabs'],
    },
    {
      what: 'a text with a colon in it', edits: [[GRANT, 'reason: Answer', 'reason: chat: Answer']],
      says: ['support-orders.yaml:8:9: not valid YAML: put text that holds `: ` in quotes, and start each key on a line of its own, in one column with the keys beside it'],
    },
    {
      what: 'a list that does not end', edits: [[GRANT, '[support-agent]', '[support-agent']],
      says: ['support-orders.yaml:4:1: not valid YAML: something here is not indented as what stands beside it, or a list or map before it lacks its closing `]` or `}`'],
    },
    {
      what: 'a quote in the midst of a text', edits: [[GRANT, 'reason: Answer', 'reason: "Answer"']],
      says: [
        'support-orders.yaml:8:18: not valid YAML: nothing more may follow here: put the whole text in quotes (single ones, if it holds double ones)',
        'support-orders.yaml:8:39: not valid YAML: nothing more may follow here: put the whole text in quotes (single ones, if it holds double ones)',
      ],
    },
    {
      what: 'a number that is too long to be kept', edits: [[GRANT, 'version: 3', 'version: 99999999999999999999']],
      says: ['support-orders.yaml:2:10: this number cannot be kept exactly: put it in quotes if it is text'],
    },
    {
      what: 'a character that turns the reading direction', edits: [[GRANT, 'Answer', 'Ans‮wer']],
      says: ['support-orders.yaml:8:12: the file holds the invisible character U+202E: remove it'],
    },
    {
      what: 'a control character', edits: [[GRANT, 'Answer', 'Ans\u0007wer']],
      says: ['support-orders.yaml:8:12: the file holds the invisible character U+0007: remove it'],
    },
    {
      what: 'the same, escaped', edits: [[GRANT, 'reason: Answer "where is my order?" in support chat', 'reason: "Ans\\u202ewer"']],
      says: ['support-orders.yaml:8:9: `reason` must be one line of plain text'],
    },
  ]);
});

describe('a value of the wrong type is told what it should be', () => {
  testRefusals([
    {
      what: 'a list that is a text', edits: [[PEOPLE, 'roles: [oncall]', 'roles: oncall']],
      says: ['people.yaml:10:12: `roles` must be a list'],
    },
    {
      what: 'a number in quotes', edits: [[GRANT, 'version: 3', 'version: "3"']],
      says: ['support-orders.yaml:2:10: `version` must be a number: take the quotes away'],
    },
    {
      what: 'a fraction', edits: [[GRANT, 'version: 3', 'version: 3.5']],
      says: ['support-orders.yaml:2:10: `version` must be a whole number'],
    },
    {
      what: 'a name that is a number', edits: [[GRANT, 'tool: orders', 'tool: 7']],
      says: ['support-orders.yaml:4:7: `tool` must be text: put it in quotes'],
    },
    {
      what: 'a name that is not there', edits: [[GRANT, 'tool: orders', 'tool:']],
      says: ['support-orders.yaml:4:6: `tool` is empty, and must be text'],
    },
    {
      what: 'a map that is a list', edits: [[TOOL, 'actions:\n', 'actions: [orders.read]\nactoins:\n']],
      says: [
        'tools/orders.yaml:4:10: `actions` must be a map of names and what they mean',
        'tools/orders.yaml:5:1: unknown key `actoins` (did you mean `actions`?)',
      ],
    },
    {
      what: 'a person of whom nothing is said', edits: [[PEOPLE, '  lee@example.com:\n    roles: [oncall]\n    approves: [{tool: orders, env: staging}]\n', '  lee@example.com:\n']],
      says: ['people.yaml:9:19: `lee@example.com` is empty, and must be a map of keys and values'],
    },
    {
      what: 'a role that there is not', edits: [[PEOPLE, '[oncall]', '[oncal]']],
      says: ['people.yaml:10:13: an entry of `roles` must be `approver`, `admin`, `oncall` or `auditor` (did you mean `oncall`?)'],
    },
    {
      what: 'a thing that enforces and that there is not', edits: [[TOOL, 'enforced_by: guard', 'enforced_by: gard']],
      says: ['tools/orders.yaml:13:18: `enforced_by` must be `guard`, `proxy`, `introspection` or `signature` (did you mean `guard`?)'],
    },
    {
      what: 'an environment without one', edits: [[TOOL, '    enforced_by: guard\n', '']],
      says: ['tools/orders.yaml:9:3: `enforced_by` is missing: write `guard`, `proxy`, `introspection` or `signature`'],
    },
    {
      what: 'a credential that this version lacks', edits: [[TOOL, '{type: token}', '{type: aws-role}']],
      says: ['tools/orders.yaml:14:24: this version knows only `token`'],
    },
    {
      what: 'a name in capitals', edits: [[GRANT, '[support-agent]', '[Support-Agent]']],
      says: ['support-orders.yaml:3:10: an entry of `agents` is no name: use at most 64 lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit'],
    },
    {
      what: 'a name that is too long', edits: [[GRANT, 'grant: support-orders', 'grant: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']],
      says: ['support-orders.yaml:1:8: `grant` is too long: at most 64 characters'],
    },
    {
      what: 'a reason of two lines', edits: [[GRANT, 'reason: Answer "where is my order?" in support chat', 'reason: |\n  a\n  b']],
      says: ['support-orders.yaml:8:9: `reason` must be one line of plain text'],
    },
    {
      what: 'a record that is no pointer', edits: [[TOOL, '/order_id', 'order_id']],
      says: ['tools/orders.yaml:5:91: `order` must be a JSON pointer (RFC 6901), such as /order_id'],
    },
    {
      what: 'a resource without a scheme', edits: [[TOOL, 'https://mcp.example.com/orders', 'mcp.example.com/orders']],
      says: ['tools/orders.yaml:16:15: `resource` must be the https URL of the MCP server (http only on this machine), without query, fragment, user name, `%` or `..`'],
    },
    {
      what: 'a resource over http', edits: [[TOOL, 'https://mcp.example.com/orders', 'http://mcp.example.com/orders']],
      says: ['tools/orders.yaml:16:15: `resource` must be the https URL of the MCP server (http only on this machine), without query, fragment, user name, `%` or `..`'],
    },
  ]);
});

describe('keys and identities are told what is wrong with them, and never shown', () => {
  testRefusals([
    {
      what: 'an agent without either', edits: [[AGENTS, '    identity: {issuer: https://idp.example.com, subject: triage-agent}\n', '']],
      says: ['agents.yaml:5:3: `triage-agent` needs a proof of who it is: add `keys` or `identity`'],
    },
    {
      what: 'a server without either', edits: [[TOOL, ', keys: [{file: keys/orders-mcp-staging.jwk}]', '']],
      says: ['tools/orders.yaml:12:13: `server` needs a proof of who it is: add `keys` or `identity`'],
    },
    {
      what: 'an empty list of keys', edits: [[AGENTS, '[{file: keys/support-agent.jwk}]', '[]']],
      says: ['agents.yaml:4:11: `keys` has no key yet: make one with `hallpass keys new agent|server|person ID`'],
    },
    {
      what: 'a private key', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{kty: EC, crv: P-256, x: AAAA, y: AAAA, d: c2VjcmV0}']],
      says: ['agents.yaml:4:52: this is a private key: take it out of the grants folder, make a new one, and put only the public half here'],
    },
    {
      what: 'a private key in a file', edits: [['keys/dana.jwk', '{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"c2VjcmV0"}']],
      says: ['keys/dana.jwk:1:1: this is a private key: take it out of the grants folder, make a new one, and put only the public half here'],
    },
    {
      what: 'a private key in a file of another kind', edits: [['keys/dana.jwk', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n']],
      says: ['keys/dana.jwk:1:1: is no public key: it must hold one JWK as JSON, such as {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}'],
    },
    {
      what: 'a shared secret', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{kty: oct, k: c2VjcmV0}']],
      says: ['agents.yaml:4:18: this is a private key: take it out of the grants folder, make a new one, and put only the public half here'],
    },
    {
      what: 'numbers that are no key', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{kty: EC, crv: P-256, x: AAAA, y: AAAA}']],
      says: ['agents.yaml:4:12: this is no valid EC key: make a new one with `hallpass keys new agent support-agent`'],
    },
    {
      what: 'a kind of key that there is not', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{kty: ec, crv: P-256, x: AAAA, y: AAAA}']],
      says: ['agents.yaml:4:18: `kty` must be EC, OKP or RSA'],
    },
    {
      what: 'the name of a file alone', edits: [[AGENTS, '{file: keys/support-agent.jwk}', 'keys/support-agent.jwk']],
      says: ['agents.yaml:4:12: a key is a public JWK ({kty: EC, …}), a file ({file: keys/NAME.jwk}) or a key set ({jwks_uri: https://…})'],
    },
    {
      what: 'a file outside the folder', edits: [[AGENTS, 'keys/support-agent.jwk', '../support-agent.jwk']],
      says: ['agents.yaml:4:19: `file` must be a path inside the grants folder that ends in .jwk, such as keys/NAME.jwk'],
    },
    {
      what: 'keys over http', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{jwks_uri: http://idp.example.com/jwks}']],
      says: ['agents.yaml:4:23: `jwks_uri` must be an https URL'],
    },
    {
      what: 'keys behind a password', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{jwks_uri: https://a:b@idp.example.com/jwks}']],
      says: ['agents.yaml:4:23: `jwks_uri` must be an https URL without a user name, password or fragment'],
    },
    {
      what: 'an issuer that is no URL', edits: [[AGENTS, 'issuer: https://idp.example.com', 'issuer: idp']],
      says: ['agents.yaml:7:24: `issuer` must be the `iss` of an issuer, such as https://idp.example.com'],
    },
    {
      what: 'an identity without a subject', edits: [[AGENTS, ', subject: triage-agent', '']],
      says: ['agents.yaml:7:15: `subject` is missing: the `sub` of its tokens'],
    },
  ]);
});

test('a byte order mark and the mark of a document\'s start change nothing', () => {
  assert.deepEqual(problemsOf(edited([[GRANT, 'grant:', '\ufeff---\ngrant:']])), []);
});

test('a file holds 256 KiB, and not a byte more', () => {
  const grant = goodFiles[GRANT] ?? '';
  const padded = (bytes: number) => `${grant}${'#'.padEnd(bytes - Buffer.byteLength(grant) - 2, 'x')}é`;
  assert.equal(Buffer.byteLength(padded(256 * 1024)), 256 * 1024);
  assert.deepEqual(problemsOf(edited([[GRANT, padded(256 * 1024)]])), []);
  assert.deepEqual(problemsOf(edited([[GRANT, padded(256 * 1024 + 1)]])), ['support-orders.yaml:1:1: the file is larger than 256 KiB: split it']);
});

test('no message repeats what may be a secret', () => {
  for (const text of ['{kty: EC, crv: P-256, x: AAAA, y: AAAA, d: c2VjcmV0}', '{kty: oct, k: c2VjcmV0}', '{kty: RSA, n: c2VjcmV0, e: AQAB, c2VjcmV0: 1}', '{file: c2VjcmV0}', 'c2VjcmV0']) {
    assert.doesNotMatch(problemsOf(edited([[AGENTS, '{file: keys/support-agent.jwk}', text]])).join('\n').replace('unknown key `c2VjcmV0`', ''), /c2VjcmV0/, text);
  }
});
