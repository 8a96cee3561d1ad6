/** Which tool in which environment a request is for, and which records an announced call touches. */
import type { EnvName, ToolName } from '../core/names.ts';
import type { DenyReason } from '../core/reasons.ts';
import { normalizeResource } from '../core/resource.ts';
import type { Action, Environment, Policy } from '../grants/policy.ts';
import type { TokenRequest } from './token-request.ts';

export type Target =
  | { readonly ok: true; readonly environment: Environment }
  /** `tool` is set when that much is known. */
  | { readonly ok: false; readonly reason: DenyReason; readonly detail: string; readonly tool?: ToolName };

const no = (reason: DenyReason, detail: string): Extract<Target, { ok: false }> => ({ ok: false, reason, detail });

/** The target is named by `resource`, or by `tool` and `env`, or by both if they agree. */
export function resolveTarget(policy: Policy, request: Pick<TokenRequest, 'resource' | 'tool' | 'env'>): Target {
  let byResource: Environment | undefined;
  if (request.resource !== undefined) {
    const resource = normalizeResource(request.resource);
    byResource = resource === undefined ? undefined : policy.byResource.get(resource);
    if (byResource === undefined) return no('unknown_resource', 'no environment in the grant files has this resource');
  }
  if (request.tool === undefined && request.env === undefined) {
    return byResource === undefined ? no('malformed_request', 'name the target: resource, or tool and env') : { ok: true, environment: byResource };
  }
  if (request.tool === undefined || request.env === undefined) return no('malformed_request', 'tool and env belong together: name both');
  const tool = policy.tools.get(request.tool as ToolName);
  if (tool === undefined) return no('unknown_tool', 'no file under tools/ describes this tool');
  const environment = tool.environments.get(request.env as EnvName);
  if (environment === undefined) return { ...no('unknown_env', `tool ${tool.name} has no such environment`), tool: tool.name };
  if (byResource !== undefined && byResource !== environment) return no('target_mismatch', 'resource names another target than tool and env do');
  return { ok: true, environment };
}

/** The records that a call touches, as `type/id`, by the action's pointers; undefined when an argument is missing or no id. */
export function recordsOf(action: Action, args: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const records: string[] = [];
  for (const [type, pointer] of Object.entries(action.records)) {
    const found = valueAt(args, pointer);
    const ids = Array.isArray(found) ? found : [found];
    for (const id of ids) {
      if ((typeof id !== 'string' && typeof id !== 'number') || String(id).length === 0 || String(id).length > 256) return undefined;
      records.push(`${type}/${id}`);
    }
  }
  return [...new Set(records)];
}

/** Follows a JSON pointer (RFC 6901) through own properties only. */
function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
