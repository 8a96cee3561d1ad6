/** Builds a `Policy` in few words, for tests of what is decided under one. The story is the support desk of the example. */
import { createHash } from 'node:crypto';
import { parseCallRate } from '../../src/core/durations.ts';
import type { ActionName, AgentId, EnvName, GrantId, PersonId, ServerId, ToolName } from '../../src/core/names.ts';
import { parseHours } from '../../src/grants/hours.ts';
import {
  type Agent, type Effect, type Enforcer, type Environment, type Grant, type Hours, type Limits, type Person, type Policy, type Proof, type Role,
  targetKey, type Tool,
} from '../../src/grants/policy.ts';

export interface PersonSpec {
  readonly roles?: readonly Role[];
  /** `orders/*`, `orders/live`. */
  readonly approves?: readonly string[];
  readonly proof?: Proof;
}
export interface AgentSpec {
  readonly owner?: string;
  readonly proof?: Proof;
}
export interface ActionSpec {
  readonly effect: Effect;
  readonly says: string;
  readonly mcp?: readonly string[];
  readonly records?: Readonly<Record<string, string>>;
}
export interface EnvironmentSpec {
  readonly production?: boolean;
  readonly resource?: string;
  readonly server?: string;
  readonly proof?: Proof;
  readonly mayCall?: readonly string[];
  readonly enforcedBy?: Enforcer;
}
export interface ToolSpec {
  readonly actions: Readonly<Record<string, ActionSpec>>;
  readonly environments: Readonly<Record<string, EnvironmentSpec>>;
}
export interface GrantSpec {
  readonly version?: number;
  readonly agents?: readonly string[];
  readonly tool?: string;
  readonly env?: string;
  readonly actions?: readonly string[];
  readonly approver?: string;
  readonly reason?: string;
  /** An instant, `2027-04-01T00:00:00Z`. */
  readonly ends?: string;
  readonly review?: string;
  readonly ttlSeconds?: number;
  readonly records?: number;
  readonly calls?: string;
  readonly hours?: string;
}
export interface PolicySpec {
  readonly people: Readonly<Record<string, PersonSpec>>;
  readonly agents: Readonly<Record<string, AgentSpec>>;
  readonly tools: Readonly<Record<string, ToolSpec>>;
  readonly grants: Readonly<Record<string, GrantSpec>>;
}

/** Dana approves all of staging, Kim production; two agents, two tools, no grant. */
export const supportDesk = {
  people: {
    'dana@example.com': { roles: ['approver', 'admin'], approves: ['orders/*', 'tickets/*'] },
    'kim@example.com': { roles: ['approver'], approves: ['orders/live'] },
    'lee@example.com': { roles: ['oncall'] },
  },
  agents: { 'support-agent': {}, 'triage-agent': {} },
  tools: {
    orders: {
      actions: {
        'orders.read': { effect: 'read', says: 'look up the status of one order', mcp: ['get_order'], records: { order: '/order_id' } },
        'orders.list': { effect: 'read', says: 'list orders' },
        'orders.note': { effect: 'write', says: 'write a note on one order' },
        'orders.refund': { effect: 'money', says: 'refund one order', mcp: ['refund_order'], records: { order: '/order_id' } },
        'orders.mail': { effect: 'send', says: 'mail the customer' },
      },
      environments: { staging: { production: false }, sandbox: { production: false }, live: {} },
    },
    tickets: {
      actions: { 'tickets.read': { effect: 'read', says: 'read one ticket' }, 'tickets.create': { effect: 'write', says: 'open a ticket' } },
      environments: { staging: { production: false } },
    },
  },
} as const satisfies Omit<PolicySpec, 'grants'>;

/** The support desk under these grants; each grant is `support-agent` reading orders in staging unless it says otherwise. */
export const withGrants = (grants: Readonly<Record<string, GrantSpec>>): Policy => policyOf({ ...supportDesk, grants });

export function policyOf(spec: PolicySpec): Policy {
  const people = mapOf<PersonId, PersonSpec, Person>(spec.people, personOf);
  const agents = mapOf<AgentId, AgentSpec, Agent>(spec.agents, agentOf);
  const tools = mapOf<ToolName, ToolSpec, Tool>(spec.tools, toolOf);
  const grants = mapOf<GrantId, GrantSpec, Grant>(spec.grants, grantOf);
  const environments = [...tools.values()].flatMap((tool) => [...tool.environments.values()]);
  const byTarget = new Map<string, Grant[]>();
  for (const grant of [...grants.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const agent of grant.agents) {
      const key = targetKey(agent, grant.tool, grant.env);
      byTarget.set(key, [...(byTarget.get(key) ?? []), grant]);
    }
  }
  return {
    digest: createHash('sha256').update(JSON.stringify(spec)).digest('base64url'),
    people, agents, tools, grants, byTarget,
    byResource: new Map(environments.map((environment) => [environment.resource, environment])),
    byServer: new Map(environments.map((environment) => [environment.server.id, environment])),
    byIdentity: new Map(),
  };
}

const noProof: Proof = { keys: [] };

function mapOf<Id extends string, Spec, T>(specs: Readonly<Record<string, Spec>>, make: (id: string, spec: Spec) => T): ReadonlyMap<Id, T> {
  return new Map(Object.entries(specs).map(([id, spec]) => [id as Id, make(id, spec)]));
}

const personOf = (id: string, spec: PersonSpec): Person => ({
  id: id as PersonId,
  roles: new Set(spec.roles ?? []),
  approves: (spec.approves ?? []).map((entry) => {
    const [tool, env] = entry.split('/') as [ToolName, EnvName | '*'];
    return { tool, env };
  }),
  proof: spec.proof ?? noProof,
  source: { file: 'people.yaml', line: 3, column: 3 },
});

const agentOf = (id: string, spec: AgentSpec): Agent => ({
  id: id as AgentId,
  owner: (spec.owner ?? 'dana@example.com') as PersonId,
  proof: spec.proof ?? noProof,
  source: { file: 'agents.yaml', line: 3, column: 3 },
});

function toolOf(name: string, spec: ToolSpec): Tool {
  const tool = name as ToolName;
  return {
    name: tool,
    owner: 'dana@example.com' as PersonId,
    says: `The ${name} of the shop.`,
    actions: mapOf(spec.actions, (action, { effect, says, mcp = [], records = {} }) => ({ name: action as ActionName, effect, says, mcp, records })),
    environments: mapOf(spec.environments, (env, environment) => environmentOf(tool, env, environment)),
    source: { file: `tools/${name}.yaml`, line: 2, column: 1 },
  };
}

const environmentOf = (tool: ToolName, env: string, spec: EnvironmentSpec): Environment => ({
  tool,
  env: env as EnvName,
  production: spec.production ?? true,
  resource: spec.resource ?? `https://${env}.example.com/${tool}`,
  server: { id: (spec.server ?? `${tool}-mcp-${env}`) as ServerId, proof: spec.proof ?? noProof },
  mayCall: (spec.mayCall ?? []) as ServerId[],
  enforcedBy: spec.enforcedBy ?? 'introspection',
  credential: { type: 'token' },
  source: { file: `tools/${tool}.yaml`, line: 9, column: 3 },
});

const grantOf = (id: string, spec: GrantSpec): Grant => ({
  id: id as GrantId,
  version: spec.version ?? 1,
  agents: new Set((spec.agents ?? ['support-agent']) as AgentId[]),
  tool: (spec.tool ?? 'orders') as ToolName,
  env: (spec.env ?? 'staging') as EnvName,
  actions: new Set((spec.actions ?? ['orders.read']) as ActionName[]),
  approver: (spec.approver ?? 'dana@example.com') as PersonId,
  reason: spec.reason ?? 'Answer "where is my order?" in support chat',
  expiresMs: Date.parse(spec.ends ?? '2027-04-01T00:00:00Z'),
  ...(spec.review === undefined ? {} : { review: spec.review }),
  limits: limitsOf(spec),
  source: { file: `${id}.yaml`, line: 1, column: 1 },
});

function limitsOf({ ttlSeconds = 300, records, calls, hours }: GrantSpec): Limits {
  const rate = calls === undefined ? undefined : parseCallRate(calls);
  return {
    ttlSeconds,
    ...(records === undefined ? {} : { records }),
    ...(rate === undefined ? {} : { calls: rate }),
    ...(hours === undefined ? {} : { hours: hoursOf(hours) }),
  };
}

/** Working hours from their text; a text that is none is a mistake in the test. */
export function hoursOf(text: string): Hours {
  const parsed = parseHours(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.hours;
}
