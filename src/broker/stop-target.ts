/** What a stop may aim at: only what exists. Nothing is stopped by a typo. */
import { nearestNames } from '../grants/nearest.ts';
import type { Policy } from '../grants/policy.ts';
import type { StopTarget } from '../stops/stop.ts';
import type { BrokerContext } from './context.ts';
import { readLiveToken, sessionRecord } from './live-token.ts';

export interface UnknownTarget {
  readonly what: string;
  readonly nearest: readonly string[];
}

/** Why there is nothing of this name to stop, with the names that may have been meant; undefined when there is. */
export async function unknownTarget(context: BrokerContext, target: StopTarget): Promise<UnknownTarget | undefined> {
  const { policy } = context.policyState();
  switch (target.kind) {
    case 'all': return undefined;
    case 'agent': return notAmong('agent', target.agent, policy.agents.keys());
    case 'grant': return notAmong('grant', target.grant, policy.grants.keys());
    case 'server': return notAmong('server', target.server, policy.byServer.keys());
    case 'approver': return notAmong('person', target.approver, policy.people.keys());
    case 'person': return notAmong('person', target.person, policy.people.keys());
    case 'env': return notAmong('environment', target.env, envNames(policy));
    case 'tool': {
      const tool = policy.tools.get(target.tool);
      if (tool === undefined) return notAmong('tool', target.tool, policy.tools.keys());
      return target.env === undefined ? undefined : notAmong(`environment of ${tool.name}`, target.env, tool.environments.keys());
    }
    case 'key': return notAmong('signing key', target.key, context.keyRing.current().verify.keys());
    case 'token': return (await context.store.record('token', target.token)) === undefined ? notAmong('live token', target.token, []) : undefined;
    case 'session': return (await sessionRecord(context.store, target.session)) === undefined ? notAmong('session', target.session, []) : undefined;
    default: return target satisfies never;
  }
}

/** Whether a target reaches into production, as far as the policy and the store can tell; what they cannot tell counts as production. */
export async function reachesProduction(context: BrokerContext, target: StopTarget): Promise<boolean> {
  const { policy } = context.policyState();
  const environments = [...policy.tools.values()].flatMap((tool) => [...tool.environments.values()]);
  const anyProduction = (found: typeof environments): boolean => found.length === 0 || found.some((environment) => environment.production);
  switch (target.kind) {
    case 'tool': return anyProduction(environments.filter(({ tool, env }) => tool === target.tool && (target.env === undefined || env === target.env)));
    case 'env': return anyProduction(environments.filter(({ env }) => env === target.env));
    case 'server': return anyProduction(environments.filter(({ server }) => server.id === target.server));
    case 'grant': {
      const grant = policy.grants.get(target.grant);
      return anyProduction(environments.filter(({ tool, env }) => tool === grant?.tool && env === grant.env));
    }
    case 'agent': {
      const targets = [...policy.grants.values()].filter((grant) => grant.agents.has(target.agent)).map(({ tool, env }) => `${tool}/${env}`);
      return anyProduction(environments.filter(({ tool, env }) => targets.includes(`${tool}/${env}`)));
    }
    case 'token': case 'session': {
      const record = await (target.kind === 'token' ? context.store.record('token', target.token) : sessionRecord(context.store, target.session));
      return record === undefined || readLiveToken(record).production;
    }
    case 'key': case 'approver': case 'person': case 'all': return true;
    default: return target satisfies never;
  }
}

function notAmong(what: string, written: string, known: Iterable<string>): UnknownTarget | undefined {
  const names = new Set(known);
  return names.has(written) ? undefined : { what: `there is no ${what} of this name`, nearest: nearestNames(written, names, 3) };
}

const envNames = (policy: Policy): readonly string[] => [...policy.tools.values()].flatMap((tool) => [...tool.environments.keys()]);
