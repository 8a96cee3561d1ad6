/** Differences in the tools themselves: what their actions cover and count as, and where and by whom they are served. */
import type { ServerId } from '../core/names.ts';
import { type Change, directionOf } from './change.ts';
import { compareEffect, missing, sortedJson } from './compare.ts';
import { proofChanges } from './diff-parties.ts';
import type { Environment, Policy, Proof, Tool } from './policy.ts';

export function* toolChanges(before: Policy, after: Policy): Generator<Change> {
  for (const name of new Set([...before.tools.keys(), ...after.tools.keys()])) {
    const [was, is] = [before.tools.get(name), after.tools.get(name)];
    const tool = (is ?? was) as Tool;
    yield* actionChanges(tool, was, is);
    for (const env of new Set([...(was?.environments.keys() ?? []), ...(is?.environments.keys() ?? [])])) {
      yield* environmentChanges(tool, was?.environments.get(env), is?.environments.get(env));
    }
  }
}

function* actionChanges({ name: tool }: Tool, before: Tool | undefined, after: Tool | undefined): Generator<Change> {
  for (const name of new Set([...(before?.actions.keys() ?? []), ...(after?.actions.keys() ?? [])])) {
    const [was, is] = [before?.actions.get(name), after?.actions.get(name)];
    const about = { who: tool, tool, action: name };
    for (const mcp of missing(is?.mcp ?? [], new Set(was?.mcp))) yield { ...about, direction: 'gain', sentence: `${name} of ${tool} now covers ${mcp}.` };
    for (const mcp of missing(was?.mcp ?? [], new Set(is?.mcp))) yield { ...about, direction: 'loss', sentence: `${name} of ${tool} no longer covers ${mcp}.` };
    if (was === undefined || is === undefined) continue;
    const effect = compareEffect(was.effect, is.effect);
    if (effect !== 'same') yield { ...about, direction: directionOf(effect), sentence: `${name} of ${tool} counts as ${is.effect}, it was ${was.effect}.` };
    if (was.says !== is.says) yield { ...about, direction: 'change', sentence: `${name} of ${tool} says "${is.says}", it was "${was.says}".` };
    if (sortedJson(was.records) !== sortedJson(is.records)) {
      yield { ...about, direction: 'change', sentence: `${name} of ${tool} names its records differently.` };
    }
  }
}

function* environmentChanges({ name: tool }: Tool, was: Environment | undefined, is: Environment | undefined): Generator<Change> {
  const { env } = (is ?? was) as Environment;
  const about = { who: tool, tool, env };
  const place = `${env} of ${tool}`;
  if (was === undefined && is !== undefined) {
    yield { ...about, direction: 'gain', sentence: `${place} is a new environment at ${is.resource}, ${is.production ? 'production' : 'not production'}.` };
  }
  if (is === undefined) yield { ...about, direction: 'loss', sentence: `${place} is gone.` };
  if (was !== undefined && is !== undefined) yield* settingChanges(about, place, was, is);
  for (const server of new Set([was?.server.id, is?.server.id])) {
    if (server !== undefined) yield* proofChanges(server, proofOf(was, server), proofOf(is, server));
  }
  yield* callerChanges(about, place, was?.mayCall ?? [], is?.mayCall ?? []);
}

function* settingChanges(about: Pick<Change, 'who' | 'tool' | 'env'>, place: string, was: Environment, is: Environment): Generator<Change> {
  if (was.production !== is.production) {
    yield { ...about, direction: is.production ? 'loss' : 'gain', sentence: `${place} ${is.production ? 'is production now' : 'is no longer production'}.` };
  }
  if (was.resource !== is.resource) yield { ...about, direction: 'change', sentence: `${place} is at ${is.resource}, it was ${was.resource}.` };
  if (was.server.id !== is.server.id) yield { ...about, direction: 'change', sentence: `${place} is served by ${is.server.id}, it was ${was.server.id}.` };
  if (was.enforcedBy !== is.enforcedBy) yield { ...about, direction: 'change', sentence: `${place} is enforced by ${is.enforcedBy}, it was ${was.enforcedBy}.` };
}

const proofOf = (environment: Environment | undefined, server: ServerId): Proof | undefined =>
  environment?.server.id === server ? environment.server.proof : undefined;

function* callerChanges(about: Pick<Change, 'tool' | 'env'>, place: string, was: readonly ServerId[], is: readonly ServerId[]): Generator<Change> {
  for (const who of missing(is, new Set(was))) yield { ...about, who, direction: 'gain', sentence: `${who} may now call ${place} for an agent.` };
  for (const who of missing(was, new Set(is))) yield { ...about, who, direction: 'loss', sentence: `${who} may no longer call ${place} for an agent.` };
}
