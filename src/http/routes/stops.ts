/** `/v1/stops`: engage, list, lift. */
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { BrokerContext } from '../../broker/context.ts';
import { engageStop, listStops } from '../../broker/engage-stop.ts';
import { readProblem } from '../../broker/authorize.ts';
import { liftStop } from '../../broker/lift-stop.ts';
import { NAME_PATTERN, PERSON_PATTERN, RANDOM_ID_PATTERN, type StopId } from '../../core/names.ts';
import type { StopTarget } from '../../stops/stop.ts';
import { answer, apiRoute } from '../api-route.ts';

const name = z.string().regex(NAME_PATTERN, 'is no name');
const person = z.string().max(320).regex(PERSON_PATTERN, 'is no person');
const id = z.string().regex(RANDOM_ID_PATTERN, 'is no id');

/** Exactly one target, named by its one key; an empty target is none. */
const targetSchema = z.union(
  [
    z.strictObject({ tool: name, env: name.optional() }).transform((target): StopTarget => ({ kind: 'tool', ...target }) as StopTarget),
    z.strictObject({ env: name }).transform(({ env }): StopTarget => ({ kind: 'env', env }) as StopTarget),
    z.strictObject({ agent: name }).transform(({ agent }): StopTarget => ({ kind: 'agent', agent }) as StopTarget),
    z.strictObject({ server: name }).transform(({ server }): StopTarget => ({ kind: 'server', server }) as StopTarget),
    z.strictObject({ grant: name }).transform(({ grant }): StopTarget => ({ kind: 'grant', grant }) as StopTarget),
    z.strictObject({ token: id }).transform(({ token }): StopTarget => ({ kind: 'token', token }) as StopTarget),
    z.strictObject({ session: id }).transform(({ session }): StopTarget => ({ kind: 'session', session }) as StopTarget),
    z.strictObject({ approver: person }).transform(({ approver }): StopTarget => ({ kind: 'approver', approver }) as StopTarget),
    z.strictObject({ person }).transform((target): StopTarget => ({ kind: 'person', ...target }) as StopTarget),
    z.strictObject({ key: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no key id') }).transform(({ key }): StopTarget => ({ kind: 'key', key })),
    z.strictObject({ all: z.literal(true) }).transform((): StopTarget => ({ kind: 'all' })),
  ],
  { error: 'must name exactly one: tool (with or without env), env, agent, server, grant, token, session, approver, person, key, or all: true' },
);

export function stopRoutes(app: FastifyInstance, context: BrokerContext): void {
  apiRoute(app, context, {
    method: 'POST', url: '/v1/stops',
    input: z.strictObject({ target: targetSchema, reason: z.string().trim().min(1, 'say why, for whoever finds it stopped').max(500) }),
    handle: async (caller, { target, reason }, nowMs) => {
      const result = await engageStop(context, caller, target, reason, nowMs);
      if (result.kind === 'refused') return result;
      const { stop, durable, liveTokens, sessionsClosed } = result;
      return durable
        ? answer({ ...stop, durable, live_tokens: liveTokens, sessions_closed: sessionsClosed }, 201)
        : answer({ ...stop, durable, detail: 'in force in this broker, not stored yet: it is being tried again' }, 202);
    },
  });
  apiRoute(app, context, {
    method: 'GET', url: '/v1/stops', input: z.strictObject({}),
    handle: (caller) => readProblem(context, caller) ?? answer({ stops: listStops(context) }),
  });
  apiRoute(app, context, {
    method: 'DELETE', url: '/v1/stops/:id', input: z.strictObject({ id, signature: z.string().max(4_096) }),
    handle: async (caller, input, nowMs) => {
      const result = await liftStop(context, caller, input.id as StopId, input.signature, nowMs);
      if (result.kind === 'refused') return result;
      return result.kind === 'lifted'
        ? answer({ id: result.stop.id, lifted: true, stop: result.stop })
        : answer({ id: result.stop.id, lifted: false, stop: result.stop, detail: 'a second person must lift it too, within 15 minutes' }, 202);
    },
  });
}
