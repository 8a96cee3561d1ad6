/** The policy in words, dry runs, the reasons of a denial, and the signing key. */
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { BrokerContext } from '../../broker/context.ts';
import { dryRun, readPolicy } from '../../broker/read-policy.ts';
import { rotateKey } from '../../broker/rotate-key.ts';
import { explainDecision } from '../../broker/why.ts';
import { RANDOM_ID_PATTERN } from '../../core/names.ts';
import { answer, apiRoute, untagged } from '../api-route.ts';

const asked = z.string().min(1).max(320);

export function policyRoutes(app: FastifyInstance, context: BrokerContext): void {
  apiRoute(app, context, { method: 'GET', url: '/v1/grants', input: z.strictObject({}), handle: (caller, _, nowMs) => untagged(readPolicy(context, caller, nowMs)) });
  apiRoute(app, context, {
    method: 'POST', url: '/v1/explain',
    input: z.strictObject({
      agent: asked, tool: asked, env: asked,
      actions: z.array(asked).max(64).default([]),
      records: z.int().min(0).max(1_000_000).optional(),
      at: z.iso.datetime({ offset: true, error: 'must be an instant, such as 2026-12-01T10:00:00Z' }).optional(),
    }),
    handle: (caller, { records, at, ...request }, nowMs) => {
      const result = dryRun(context, caller, { ...request, ...(records === undefined ? {} : { records }) }, at === undefined ? nowMs : Date.parse(at));
      return untagged(result);
    },
  });
  apiRoute(app, context, {
    method: 'GET', url: '/v1/decisions/:id', input: z.strictObject({ id: z.string().regex(RANDOM_ID_PATTERN, 'is no decision') }),
    handle: async (caller, { id }, nowMs) => untagged(await explainDecision(context, caller, id, nowMs)),
  });
  apiRoute(app, context, {
    method: 'POST', url: '/v1/keys/rotate', input: z.strictObject({}),
    handle: async (caller, _, nowMs) => {
      const result = await rotateKey(context, caller, nowMs);
      return result.kind === 'refused' ? result : answer({ kid: result.kid, previous: result.previous });
    },
  });
}
