/** What no grant can loosen: a folder that tries is refused, with the reason. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicy } from '../../src/grants/compile.ts';
import { filesWith } from './grant-folder.ts';
import { edited, problemsOf, TICKETS, testRefusals, tickets } from './refusals.ts';

const PEOPLE = 'people.yaml';
const AGENTS = 'agents.yaml';
const TOOL = 'tools/orders.yaml';
const GRANT = 'support-orders.yaml';

describe('rule 1: everything is named, exactly', () => {
  testRefusals([
    {
      what: 'an agent that there is not', edits: [[GRANT, '[support-agent]', '[suport-agent]']],
      says: ['support-orders.yaml:3:10: no agent is called `suport-agent` (did you mean `support-agent`?)'],
    },
    {
      what: 'an agent that is like no other', edits: [[GRANT, '[support-agent]', '[zzz]']],
      says: ['support-orders.yaml:3:10: no agent is called `zzz`: add it with `hallpass keys new agent ID`'],
    },
    {
      what: 'a tool that there is not', edits: [[GRANT, 'tool: orders', 'tool: order']],
      says: ['support-orders.yaml:4:7: no tool is called `order` (did you mean `orders`?)'],
    },
    {
      what: 'a tool that is like no other', edits: [[GRANT, 'tool: orders', 'tool: zzzz']],
      says: ['support-orders.yaml:4:7: no tool is called `zzzz`: describe it in a file under tools/'],
    },
    {
      what: 'an environment that the tool has not', edits: [[GRANT, 'env: staging', 'env: stagin']],
      says: ['support-orders.yaml:5:6: no environment of orders is called `stagin` (did you mean `staging`?)'],
    },
    {
      what: 'an environment that is like no other', edits: [[GRANT, 'env: staging', 'env: zzz']],
      says: ['support-orders.yaml:5:6: no environment of orders is called `zzz`: it has staging, live'],
    },
    {
      what: 'an action that the tool has not', edits: [[GRANT, '[orders.read]', '[orders.raed]']],
      says: ['support-orders.yaml:6:11: no action of orders is called `orders.raed` (did you mean `orders.read`?)'],
    },
    {
      what: 'an action that is like no other', edits: [[GRANT, '[orders.read]', '[mail.send]']],
      says: ['support-orders.yaml:6:11: no action of orders is called `mail.send`: add it to the tool, or name one that it has'],
    },
    {
      what: 'an action without its tool', edits: [[GRANT, '[orders.read]', '[read]']],
      says: ['support-orders.yaml:6:11: no action of orders is called `read`: add it to the tool, or name one that it has'],
    },
    {
      what: 'an approver who is not there', edits: [[GRANT, 'approver: dana@', 'approver: dan@']],
      says: ['support-orders.yaml:7:11: no person is called `dan@example.com` (did you mean `dana@example.com`?)'],
    },
    {
      what: 'an owner of an agent who is not there', edits: [[AGENTS, 'owner: dana@', 'owner: zzz@']],
      says: ['agents.yaml:3:12: no person is called `zzz@example.com`: add the owner to people.yaml'],
    },
    {
      what: 'an owner of a tool who is not there', edits: [[TOOL, 'owner: dana@', 'owner: dan@']],
      says: ['tools/orders.yaml:2:8: no person is called `dan@example.com` (did you mean `dana@example.com`?)'],
    },
    {
      what: 'a tool to approve for that there is not', edits: [[PEOPLE, 'tool: orders, env: live', 'tool: order, env: live']],
      says: ['people.yaml:8:23: no tool is called `order` (did you mean `orders`?)'],
    },
    {
      what: 'an environment to approve for that there is not', edits: [[PEOPLE, 'env: live', 'env: lives']],
      says: ['people.yaml:8:36: no environment of orders is called `lives` (did you mean `live`?)'],
    },
    {
      what: 'a server that may call and is not there', edits: [[TOOL, '    enforced_by', '    may_call: [orders-mcp-stagng]\n    enforced_by']],
      says: ['tools/orders.yaml:13:16: no server is called `orders-mcp-stagng` (did you mean `orders-mcp-staging`?)'],
    },
    {
      what: 'an agent where a server is meant', edits: [[TOOL, '    enforced_by', '    may_call: [support-agent]\n    enforced_by']],
      says: ['tools/orders.yaml:13:16: no server is called `support-agent`: name a server of one of the tools'],
    },
    {
      what: 'a key file that is not there', edits: [[AGENTS, 'keys/support-agent.jwk', 'keys/suport-agent.jwk']],
      says: ['agents.yaml:4:12: the key file keys/suport-agent.jwk is missing (did you mean `keys/support-agent.jwk`?): make it with `hallpass keys new agent support-agent`'],
    },
    {
      what: 'no agent at all', edits: [[GRANT, '[support-agent]', '[]']],
      says: ['support-orders.yaml:3:9: `agents` must name at least one'],
    },
    {
      what: 'no action at all', edits: [[GRANT, '[orders.read]', '[]']],
      says: ['support-orders.yaml:6:10: `actions` must name at least one'],
    },
  ]);
});

describe('rule 2: one credential for each tool and environment', () => {
  testRefusals([
    {
      what: 'two environments with one resource', edits: [[TOOL, 'https://mcp.example.com/orders', 'https://staging.mcp.example.com/orders']],
      says: ['tools/orders.yaml:16:15: this resource already belongs to environment staging of orders (tools/orders.yaml:11:15): each MCP server has a URL of its own'],
    },
    {
      what: 'two environments with one resource, spelt in two ways', edits: [[TOOL, 'https://mcp.example.com/orders', 'https://Staging.mcp.example.com:443/orders/']],
      says: ['tools/orders.yaml:16:15: this resource already belongs to environment staging of orders (tools/orders.yaml:11:15): each MCP server has a URL of its own'],
    },
    {
      what: 'two tools with one resource', edits: [[TICKETS, tickets], [TICKETS, 'https://staging.mcp.example.com/tickets', 'https://mcp.example.com/orders']],
      says: ['tools/tickets.yaml:9:15: this resource already belongs to environment live of orders (tools/orders.yaml:16:15): each MCP server has a URL of its own'],
    },
    {
      what: 'two environments with one server', edits: [[TOOL, '{id: orders-mcp,', '{id: orders-mcp-staging,']],
      says: ['tools/orders.yaml:17:18: `orders-mcp-staging` is taken: each agent, and the server of each environment, has a name of its own, and this is that of the server of environment staging of orders (tools/orders.yaml:12:18): choose another name'],
    },
    {
      what: 'two tools with one server', edits: [[TICKETS, tickets], [TICKETS, 'id: tickets-mcp', 'id: orders-mcp']],
      says: ['tools/tickets.yaml:10:18: `orders-mcp` is taken: each agent, and the server of each environment, has a name of its own, and this is that of the server of environment live of orders (tools/orders.yaml:17:18): choose another name'],
    },
    {
      what: 'two environments with one key', edits: [[TOOL, 'identity: {issuer: https://kubernetes.example.com, subject: "system:serviceaccount:shop:orders"}', 'keys: [{file: keys/orders-mcp-staging.jwk}]']],
      says: ['tools/orders.yaml:17:37: this key already belongs to server orders-mcp-staging (tools/orders.yaml:12:45): make another with `hallpass keys new server orders-mcp`'],
    },
    {
      what: 'two tools with one key', edits: [[TICKETS, tickets], [TICKETS, 'identity: {issuer: https://kubernetes.example.com, subject: tickets}', 'keys: [{file: keys/orders-mcp-staging.jwk}]']],
      says: ['tools/tickets.yaml:10:38: this key already belongs to server orders-mcp-staging (tools/orders.yaml:12:45): make another with `hallpass keys new server tickets-mcp`'],
    },
    {
      what: 'two tools with one identity', edits: [[TICKETS, tickets], [TICKETS, 'subject: tickets', 'subject: "system:serviceaccount:shop:orders"']],
      says: ['tools/tickets.yaml:10:41: this identity already belongs to server orders-mcp (tools/orders.yaml:17:40): give each its own'],
    },
    {
      what: 'an agent with the key of a server', edits: [[TOOL, 'keys/orders-mcp-staging.jwk', 'keys/support-agent.jwk']],
      says: ['tools/orders.yaml:12:45: this key already belongs to agent support-agent (agents.yaml:4:12): make another with `hallpass keys new server orders-mcp-staging`'],
    },
    {
      what: 'an agent with the identity of a server', edits: [[AGENTS, 'identity: {issuer: https://idp.example.com, subject: triage-agent}', 'identity: {issuer: https://kubernetes.example.com, subject: "system:serviceaccount:shop:orders"}']],
      says: ['tools/orders.yaml:17:40: this identity already belongs to agent triage-agent (agents.yaml:7:15): give each its own'],
    },
    {
      what: 'two agents with one set of keys', edits: [[AGENTS, 'keys: [{file: keys/support-agent.jwk}]\n', 'keys: [{jwks_uri: https://idp.example.com/jwks}]\n  mail-agent:\n    owner: dana@example.com\n    keys: [{jwks_uri: https://idp.example.com/jwks}]\n']],
      says: ['agents.yaml:7:12: this key set already belongs to agent support-agent (agents.yaml:4:12): give each its own'],
    },
    {
      what: 'an agent with the name of a server', edits: [[AGENTS, '  triage-agent:', '  orders-mcp:']],
      says: ['tools/orders.yaml:17:18: `orders-mcp` is taken: each agent, and the server of each environment, has a name of its own, and this is that of agent orders-mcp (agents.yaml:5:3): choose another name'],
    },
    {
      what: 'an agent with the name of the broker\'s own operator', edits: [[AGENTS, '  triage-agent:', '  local-operator:']],
      says: ['agents.yaml:5:3: `local-operator` is reserved for the broker\'s own operator: choose another name'],
    },
    {
      what: 'an MCP tool that two actions cover', edits: [[TOOL, '[note_order]', '[get_order]']],
      says: ['tools/orders.yaml:6:71: `get_order` must be covered by one action only, and is already by action orders.read (tools/orders.yaml:5:62)'],
    },
  ]);
});

describe('rule 3: production, time and records have bounds', () => {
  testRefusals([
    {
      what: 'an environment that says no instead of false', edits: [[TOOL, 'production: false', 'production: no']],
      says: ['tools/orders.yaml:10:17: `production` must be true or false'],
    },
    {
      what: 'an environment that leaves open what it is', edits: [[TOOL, 'production: false', 'production:']],
      says: ['tools/orders.yaml:10:16: `production` is empty, and must be true or false'],
    },
    {
      what: 'a token that lives over an hour', edits: [[GRANT, 'ttl: 5m', 'ttl: 61m']],
      says: ['support-orders.yaml:11:15: a token lives at most 1h: write `1h` or less'],
    },
    {
      what: 'a token that lives for days', edits: [[GRANT, 'ttl: 5m', 'ttl: 7d']],
      says: ['support-orders.yaml:11:15: a token lives at most 1h: write `1h` or less'],
    },
    {
      what: 'a token that lives for no time', edits: [[GRANT, 'ttl: 5m', 'ttl: 0s']],
      says: ['support-orders.yaml:11:15: `ttl` must be a duration such as 5m'],
    },
    {
      what: 'a duration without a unit', edits: [[GRANT, 'ttl: 5m', 'ttl: 300']],
      says: ['support-orders.yaml:11:15: `ttl` must be a duration such as 5m'],
    },
    {
      what: 'no records', edits: [[GRANT, 'records: 1,', 'records: 0,']],
      says: ['support-orders.yaml:11:28: `records` must be at least 1'],
    },
    {
      what: 'records without a bound', edits: [[GRANT, 'records: 1,', 'records: unlimited,']],
      says: ['support-orders.yaml:11:28: `records` must be a number'],
    },
    {
      what: 'more records than anybody reads', edits: [[GRANT, 'records: 1,', 'records: 1000000,']],
      says: ['support-orders.yaml:11:28: `records` must be at most 100000'],
    },
    {
      what: 'calls without a time', edits: [[GRANT, '60/min', '60']],
      says: ['support-orders.yaml:11:38: `calls` must be a rate such as 60/min'],
    },
    {
      what: 'calls in a time that there is not', edits: [[GRANT, '60/min', '60/month']],
      says: ['support-orders.yaml:11:38: `calls` must be a rate such as 60/min'],
    },
    {
      what: 'calls that nothing counts', edits: [[TOOL, 'enforced_by: guard', 'enforced_by: signature']],
      says: ['support-orders.yaml:11:38: nothing counts calls where tokens are checked by signature alone: remove it, or change `enforced_by` of staging'],
    },
    {
      what: 'production where a stop reaches nobody', edits: [[TOOL, 'orders"}}\n    enforced_by: guard', 'orders"}}\n    enforced_by: signature']],
      says: ['tools/orders.yaml:18:18: in production a stop must reach the tool at once, and `signature` learns of none: use `guard`, `proxy` or `introspection`'],
    },
    {
      what: 'hours that are none', edits: [[GRANT, 'Mon-Fri 08:00-18:00 Europe/Berlin', '9-5']],
      says: ['support-orders.yaml:11:53: write hours like "Mon-Fri 08:00-18:00 Europe/Berlin"'],
    },
    {
      what: 'hours in no time zone', edits: [[GRANT, 'Europe/Berlin', 'Berlin']],
      says: ['support-orders.yaml:11:53: "Berlin" is not a time zone; write one like Europe/Berlin or UTC'],
    },
    {
      what: 'hours past midnight', edits: [[GRANT, '08:00-18:00', '18:00-08:00']],
      says: ['support-orders.yaml:11:53: hours start before they end, on one day, between 00:00 and 24:00'],
    },
    {
      what: 'no approver', edits: [[GRANT, 'approver: dana@example.com\n', '']],
      says: ['support-orders.yaml:1:1: `approver` is missing: the person who answers for this grant'],
    },
    {
      what: 'no reason', edits: [[GRANT, 'reason: Answer "where is my order?" in support chat\n', '']],
      says: ['support-orders.yaml:1:1: `reason` is missing: why it is needed, for whoever reviews it'],
    },
    {
      what: 'a reason that says nothing', edits: [[GRANT, 'reason: Answer "where is my order?" in support chat', 'reason: " "']],
      says: ['support-orders.yaml:8:9: `reason` must not be empty'],
    },
    {
      what: 'no end', edits: [[GRANT, 'expires: 2027-03-31\n', '']],
      says: ['support-orders.yaml:1:1: `expires` is missing: the last day (until its end, UTC), or an RFC 3339 instant'],
    },
    {
      what: 'an end that never comes', edits: [[GRANT, 'expires: 2027-03-31', 'expires: never']],
      says: ['support-orders.yaml:9:10: `expires` must be a day such as 2027-03-31, or an instant such as 2027-03-31T18:00:00Z'],
    },
    {
      what: 'an end on a day that there is not', edits: [[GRANT, 'expires: 2027-03-31', 'expires: 2027-02-30']],
      says: ['support-orders.yaml:9:10: the calendar has no such day, or the day no such hour'],
    },
    {
      what: 'an end at an hour that there is not', edits: [[GRANT, 'expires: 2027-03-31', 'expires: 2027-03-31T24:00:00Z']],
      says: ['support-orders.yaml:9:10: the calendar has no such day, or the day no such hour'],
    },
    {
      what: 'an end in no time zone', edits: [[GRANT, 'expires: 2027-03-31', 'expires: 2027-03-31T18:00:00']],
      says: ['support-orders.yaml:9:10: `expires` must be a day such as 2027-03-31, or an instant such as 2027-03-31T18:00:00Z'],
    },
    {
      what: 'an end that is a year', edits: [[GRANT, 'expires: 2027-03-31', 'expires: 2027']],
      says: ['support-orders.yaml:9:10: `expires` must be a day such as 2027-03-31, or an instant such as 2027-03-31T18:00:00Z'],
    },
    {
      what: 'a review on a day that there is not', edits: [[GRANT, 'review: 2027-01-15', 'review: 2027-13-01']],
      says: ['support-orders.yaml:10:9: the calendar has no such day, or the day no such hour'],
    },
  ]);
});

describe('rule 4: the approver may approve, and in production two people are involved', () => {
  testRefusals([
    {
      what: 'an approver of another environment', edits: [[GRANT, 'approver: dana@', 'approver: kim@']],
      says: ['support-orders.yaml:7:11: kim@example.com may not approve this: in people.yaml add `{tool: orders, env: staging}` under `approves`, or name dana@example.com'],
    },
    {
      what: 'a person who is no approver', edits: [[GRANT, 'approver: dana@', 'approver: lee@']],
      says: ['support-orders.yaml:7:11: lee@example.com may not approve this: in people.yaml add the role `approver`, or name dana@example.com'],
    },
    {
      what: 'production, which * does not cover', edits: [[AGENTS, 'owner: dana@', 'owner: lee@'], [GRANT, 'env: staging', 'env: live']],
      says: ['support-orders.yaml:7:11: dana@example.com may not approve this: in people.yaml add `{tool: orders, env: live}` under `approves` (`*` never covers production), or name kim@example.com'],
    },
    {
      what: 'the owner of the agent, in production', edits: [[PEOPLE, 'env: "*"}', 'env: "*"}, {tool: orders, env: live}'], [GRANT, 'env: staging', 'env: live']],
      says: ['support-orders.yaml:7:11: in production two people are needed, and dana@example.com owns support-agent: name kim@example.com'],
    },
    {
      what: 'the owner of the agent, where nobody else may approve', edits: [[PEOPLE, '[{tool: orders, env: live}]', '[]'], [GRANT, 'env: staging', 'env: live']],
      says: ['support-orders.yaml:7:11: in production two people are needed, and dana@example.com owns support-agent: name an approver who has `{tool: orders, env: live}` under `approves` in people.yaml'],
    },
    {
      what: 'the owner of one agent of several', edits: [[AGENTS, 'owner: dana@', 'owner: kim@'], [GRANT, '[support-agent]', '[triage-agent, support-agent]'], [GRANT, 'env: staging', 'env: live'], [GRANT, 'approver: dana@', 'approver: kim@']],
      says: ['support-orders.yaml:7:11: in production two people are needed, and kim@example.com owns support-agent: name an approver who has `{tool: orders, env: live}` under `approves` in people.yaml'],
    },
    {
      what: 'a grant without a version to count', edits: [[GRANT, 'version: 3\n', '']],
      says: ['support-orders.yaml:1:1: `version` is missing: counts up with each edit'],
    },
  ]);
});

describe('rule 5: nothing turns an approval off', () => {
  testRefusals([
    {
      what: 'a grant that tries', edits: [[GRANT, 'review:', 'approval: none\nreview:']],
      says: ['support-orders.yaml:10:1: unknown key `approval` (did you mean `approver`?)'],
    },
    {
      what: 'an action that tries', edits: [[TOOL, 'effect: money,', 'effect: money, risky: false,']],
      says: ['tools/orders.yaml:7:34: unknown key `risky`; known here: effect, says, mcp, records'],
    },
    {
      what: 'an environment that tries', edits: [[TOOL, 'production: false', 'approvals: false\n    production: false']],
      says: ['tools/orders.yaml:10:5: unknown key `approvals`; known here: production, resource, server, may_call, enforced_by, credential'],
    },
    {
      what: 'an effect that there is not', edits: [[TOOL, 'effect: money', 'effect: mony']],
      says: ['tools/orders.yaml:7:27: `effect` must be `read`, `write`, `send`, `money`, `delete`, `access` or `bulk` (did you mean `money`?)'],
    },
    {
      what: 'an action without an effect', edits: [[TOOL, 'effect: money, ', '']],
      says: ['tools/orders.yaml:7:18: `effect` is missing: write `read`, `write`, `send`, `money`, `delete`, `access` or `bulk`'],
    },
  ]);
});

describe('rule 6: a folder that lacks what it rests on is broken, not empty', () => {
  testRefusals([
    {
      what: 'a folder in which the people are misspelt', edits: [[PEOPLE, 'people:', 'peopel:']],
      says: [
        'people.yaml:1:1: `people` is missing: who there is, by e-mail address: a name, which proves nothing',
        'people.yaml:1:1: unknown key `peopel` (did you mean `people`?)',
      ],
    },
  ]);
});

test('rule 3: what a file does not say is the stricter', () => {
  const compiled = compilePolicy(edited([
    [GRANT, 'limits: {ttl: 5m, records: 1, calls: 60/min, hours: "Mon-Fri 08:00-18:00 Europe/Berlin"}\n', ''],
    [GRANT, '[orders.read]', '[orders.read, orders.note]'],
  ]));
  assert.ok(compiled.ok);
  const [grant] = compiled.policy.grants.values();
  assert.deepEqual(grant?.limits, { ttlSeconds: 300, records: 1 });
  const environments = [...compiled.policy.tools.values()].flatMap((tool) => [...tool.environments.values()]);
  assert.deepEqual(environments.map(({ env, production }) => [env, production]), [['staging', false], ['live', true]]);
});

test('rule 3: an hour is the longest life of a token', () => assert.deepEqual(problemsOf(edited([[GRANT, 'ttl: 5m', 'ttl: 1h']])), []));

test('rule 4: in production, whoever approves for it by name and owns no agent of the grant is good', () =>
  assert.deepEqual(problemsOf(edited([[GRANT, 'env: staging', 'env: live'], [GRANT, 'approver: dana@', 'approver: kim@']])), []));

test('rule 6: a folder without people or agents, or without anything, is broken', () => {
  const people = 'people.yaml:1:1: the file is missing: it says who approves, and who is on call';
  const agents = 'agents.yaml:1:1: the file is missing: make an agent with `hallpass keys new agent ID`';
  assert.deepEqual(problemsOf(filesWith({ [PEOPLE]: undefined })), [people]);
  assert.deepEqual(problemsOf(filesWith({ [AGENTS]: undefined })), [agents]);
  assert.deepEqual(problemsOf(new Map()), [agents, people]);
});

test('the other tool of these tables is good', () => assert.deepEqual(problemsOf(edited([[TICKETS, tickets]])), []));
