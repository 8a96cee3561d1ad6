/** Keys and names in the files: what is unknown, there twice, or a wildcard. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goodFiles } from './grant-folder.ts';
import { edited, problemsOf, TICKETS, testRefusals, tickets } from './refusals.ts';

const PEOPLE = 'people.yaml';
const AGENTS = 'agents.yaml';
const TOOL = 'tools/orders.yaml';
const GRANT = 'support-orders.yaml';

describe('unknown keys are refused, with the key that was meant', () => {
  testRefusals([
    {
      what: 'in a grant', edits: [[GRANT, 'reason:', 'raeson:']],
      says: [
        'support-orders.yaml:1:1: `reason` is missing: why it is needed, for whoever reviews it',
        'support-orders.yaml:8:1: unknown key `raeson` (did you mean `reason`?)',
      ],
    },
    {
      what: 'in a grant, like no other', edits: [[GRANT, 'review:', 'notes:']],
      says: ['support-orders.yaml:10:1: unknown key `notes`; known here: grant, version, agents, tool, env, actions, approver, reason, expires, review, limits'],
    },
    {
      what: 'in the limits of a grant', edits: [[GRANT, 'ttl: 5m', 'tll: 5m']],
      says: ['support-orders.yaml:11:10: unknown key `tll` (did you mean `ttl`?)'],
    },
    {
      what: 'in a tool', edits: [[TOOL, 'says: Look', 'say: Look']],
      says: [
        'tools/orders.yaml:1:1: `says` is missing: what the tool is for',
        'tools/orders.yaml:3:1: unknown key `say` (did you mean `says`?)',
      ],
    },
    {
      what: 'in an action', edits: [[TOOL, 'records:', 'record:']],
      says: ['tools/orders.yaml:5:74: unknown key `record` (did you mean `records`?)'],
    },
    {
      what: 'in an environment', edits: [[TOOL, 'production: false', 'prodution: false']],
      says: ['tools/orders.yaml:10:5: unknown key `prodution` (did you mean `production`?)'],
    },
    {
      what: 'in a server', edits: [[TOOL, 'orders-mcp-staging, keys', 'orders-mcp-staging, key']],
      says: [
        'tools/orders.yaml:12:13: `server` needs a proof of who it is: add `keys` or `identity`',
        'tools/orders.yaml:12:38: unknown key `key` (did you mean `keys`?)',
      ],
    },
    {
      what: 'in a credential', edits: [[TOOL, '{type: token}', '{type: token, role: admin}']],
      says: ['tools/orders.yaml:14:31: unknown key `role`; known here: type'],
    },
    {
      what: 'in a person', edits: [[PEOPLE, 'roles: [oncall]', 'role: [oncall]']],
      says: [
        'people.yaml:9:3: `roles` is missing: approver answers for grants, admin looks after the broker, oncall stops things, auditor reads the record',
        'people.yaml:10:5: unknown key `role` (did you mean `roles`?)',
      ],
    },
    {
      what: 'in what a person approves', edits: [[PEOPLE, 'env: live}', 'env: live, action: x}']],
      says: ['people.yaml:8:42: unknown key `action`; known here: tool, env'],
    },
    {
      what: 'in an agent', edits: [[AGENTS, '    identity:', '    identty:']],
      says: [
        'agents.yaml:5:3: `triage-agent` needs a proof of who it is: add `keys` or `identity`',
        'agents.yaml:7:5: unknown key `identty` (did you mean `identity`?)',
      ],
    },
    {
      what: 'in an identity', edits: [[AGENTS, 'subject: triage-agent', 'sub: triage-agent']],
      says: [
        'agents.yaml:7:15: `subject` is missing: the `sub` of its tokens',
        'agents.yaml:7:49: unknown key `sub`; known here: issuer, subject',
      ],
    },
    {
      what: 'beside a key file', edits: [[AGENTS, '{file: keys/support-agent.jwk}', '{file: keys/support-agent.jwk, kid: a}']],
      says: ['agents.yaml:4:43: unknown key `kid`; known here: file'],
    },
    {
      what: 'at the top of agents.yaml', edits: [[AGENTS, 'agents:', 'default: {}\nagents:']],
      says: ['agents.yaml:1:1: unknown key `default`; known here: agents'],
    },
  ]);
});

describe('the same twice is refused', () => {
  testRefusals([
    {
      what: 'a key', edits: [[GRANT, 'review:', 'reason: Another\nreview:']],
      says: ['support-orders.yaml:10:1: `reason` is there twice: keep one'],
    },
    {
      what: 'an agent', edits: [[AGENTS, '  triage-agent:', '  support-agent:']],
      says: ['agents.yaml:5:3: `support-agent` is there twice: keep one'],
    },
    {
      what: 'a person', edits: [[PEOPLE, '  kim@example.com:', '  dana@example.com:']],
      says: ['people.yaml:6:3: `dana@example.com` is there twice: keep one'],
    },
    {
      what: 'an action', edits: [[TOOL, '  orders.note:', '  orders.read:']],
      says: ['tools/orders.yaml:6:3: `orders.read` is there twice: keep one'],
    },
    {
      what: 'an environment', edits: [[TOOL, '  live:', '  staging:']],
      says: ['tools/orders.yaml:15:3: `staging` is there twice: keep one'],
    },
    {
      what: 'a grant', edits: [['b.yaml', goodFiles[GRANT] ?? '']],
      says: ['support-orders.yaml:1:8: `support-orders` is the name of another grant (b.yaml:1:8): choose another name'],
    },
    {
      what: 'a tool', edits: [[TICKETS, tickets], [TICKETS, 'tool: tickets', 'tool: orders']],
      says: ['tools/tickets.yaml:1:7: `orders` is the name of another tool (tools/orders.yaml:1:7): choose another name'],
    },
    {
      what: 'an agent in a list', edits: [[GRANT, '[support-agent]', '[support-agent, support-agent]']],
      says: ['support-orders.yaml:3:25: `support-agent` is here twice: keep one'],
    },
    {
      what: 'an action in a list', edits: [[GRANT, '[orders.read]', '[orders.read, orders.read]']],
      says: ['support-orders.yaml:6:24: `orders.read` is here twice: keep one'],
    },
    {
      what: 'a role in a list', edits: [[PEOPLE, '[oncall]', '[oncall, oncall]']],
      says: ['people.yaml:10:21: `oncall` is here twice: keep one'],
    },
  ]);
});

describe('wildcards are refused but in one place', () => {
  testRefusals([
    {
      what: 'among agents', edits: [[GRANT, '[support-agent]', '["*"]']],
      says: ['support-orders.yaml:3:10: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'among agents, without quotes', edits: [[GRANT, '[support-agent]', '[*]']],
      says: ['support-orders.yaml:3:10: YAML aliases are not allowed: write the value out (every environment, under `approves` in people.yaml, is "*" with quotes)'],
    },
    {
      what: 'among actions', edits: [[GRANT, '[orders.read]', '[orders.*]']],
      says: ['support-orders.yaml:6:11: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as a tool', edits: [[GRANT, 'tool: orders', 'tool: "*"']],
      says: ['support-orders.yaml:4:7: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as an environment', edits: [[GRANT, 'env: staging', 'env: "*"']],
      says: ['support-orders.yaml:5:6: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as an approver', edits: [[GRANT, 'approver: dana@example.com', 'approver: "*@example.com"']],
      says: ['support-orders.yaml:7:11: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as the name of an agent', edits: [[AGENTS, '  support-agent:', '  "*":']],
      says: ['agents.yaml:2:3: `*`: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as the name of an action', edits: [[TOOL, '  orders.read:', '  orders.*:']],
      says: ['tools/orders.yaml:5:3: `orders.*`: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as the name of an environment', edits: [[TOOL, '  live:', '  "*":']],
      says: ['tools/orders.yaml:15:3: `*`: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as a tool to approve for', edits: [[PEOPLE, 'tool: orders, env: "*"', 'tool: "*", env: "*"']],
      says: ['people.yaml:4:23: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as a part of an environment to approve for', edits: [[PEOPLE, 'env: "*"', 'env: "stag*"']],
      says: ['people.yaml:4:36: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as an environment to approve for, without quotes', edits: [[PEOPLE, 'env: "*"', 'env: *']],
      says: ['people.yaml:4:36: YAML aliases are not allowed: write the value out (every environment, under `approves` in people.yaml, is "*" with quotes)'],
    },
    {
      what: 'as a role', edits: [[PEOPLE, '[oncall]', '["*"]']],
      says: ['people.yaml:10:13: an entry of `roles` must be `approver`, `admin`, `oncall` or `auditor`'],
    },
    {
      what: 'in a resource', edits: [[TOOL, 'https://mcp.example.com', 'https://*.example.com']],
      says: ['tools/orders.yaml:16:15: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'in the subject of an identity', edits: [[TOOL, ':shop:orders"', ':shop:*"']],
      says: ['tools/orders.yaml:17:90: `subject` must be the exact `sub`, in visible ASCII, without wildcards'],
    },
    {
      what: 'in the issuer of an identity', edits: [[AGENTS, 'https://idp.example.com', 'https://*.example.com']],
      says: ['agents.yaml:7:24: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as a server that may call', edits: [[TOOL, '    enforced_by', '    may_call: ["*"]\n    enforced_by']],
      says: ['tools/orders.yaml:13:16: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'among MCP tools', edits: [[TOOL, '[get_order]', '["get_*"]']],
      says: ['tools/orders.yaml:5:62: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'where a record is', edits: [[TOOL, '/order_id', '/*']],
      says: ['tools/orders.yaml:5:91: wildcards are not allowed here: write each name out'],
    },
    {
      what: 'as the name of a key file', edits: [[AGENTS, 'keys/support-agent.jwk', 'keys/*.jwk']],
      says: ['agents.yaml:4:19: wildcards are not allowed here: write each name out'],
    },
  ]);
});

test('the one place where * is legal', () => {
  assert.deepEqual(problemsOf(edited([[PEOPLE, 'tool: orders, env: staging', 'tool: orders, env: "*"']])), []);
});

test('a file that is refused is told of once, not again wherever its names are used', () => {
  assert.deepEqual(problemsOf(edited([[AGENTS, 'owner: dana@example.com\n    keys', 'ownr: dana@example.com\n    keys']])), [
    'agents.yaml:2:3: `owner` is missing: the person who answers for this agent',
    'agents.yaml:3:5: unknown key `ownr` (did you mean `owner`?)',
  ]);
});

test('mistakes of several files are told at once, in the order of files and lines', () => {
  const problems = problemsOf(edited([[AGENTS, 'owner: dana@', 'owner: dan@'], [TOOL, 'owner: dana@', 'owner: dan@'], [GRANT, '[orders.read]', '[orders.raed]'], [GRANT, 'ttl: 5m', 'ttl: 2h']]));
  assert.deepEqual(problems.map((problem) => problem.slice(0, problem.indexOf(': '))), ['agents.yaml:3:12', 'support-orders.yaml:6:11', 'support-orders.yaml:11:15', 'tools/orders.yaml:2:8']);
});

test('a file that is none of the folder is told where files go', () => {
  assert.deepEqual(problemsOf(edited([['teams/support.yaml', goodFiles[GRANT] ?? '']])), [
    'teams/support.yaml:1:1: this is no file of a grants folder: there may be people.yaml, agents.yaml, tools/*.yaml, *.yaml for grants, *.jwk for public keys',
  ]);
});
