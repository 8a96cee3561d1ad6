/** What people look at: status, tokens, sessions, the ledger. */
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { readProblem } from '../../broker/authorize.ts';
import type { BrokerContext } from '../../broker/context.ts';
import { listTokens } from '../../broker/list-tokens.ts';
import { readLedger } from '../../broker/search-ledger.ts';
import { clearSession, listSessions } from '../../broker/sessions.ts';
import { status } from '../../broker/status.ts';
import { RANDOM_ID_PATTERN } from '../../core/names.ts';
import { ENTRY_KINDS } from '../../ledger/entry.ts';
import { answer, apiRoute, untagged } from '../api-route.ts';

const whole = (min: number, max: number) => z.string().regex(/^-?\d{1,15}$/, 'must be a whole number').transform(Number).pipe(z.int().min(min).max(max));
const limit = whole(1, 500).default(100);
const text = z.string().min(1).max(320);

export function watchRoutes(app: FastifyInstance, context: BrokerContext): void {
  apiRoute(app, context, { method: 'GET', url: '/v1/status', input: z.strictObject({}), handle: async (caller, _, nowMs) => untagged(await status(context, caller, nowMs)) });
  apiRoute(app, context, {
    method: 'GET', url: '/v1/tokens', input: z.strictObject({ limit }),
    handle: async (caller, input, nowMs) => {
      const result = await listTokens(context, caller, input.limit, nowMs);
      return result.kind === 'refused' ? result : answer({ tokens: result.tokens, complete: result.isComplete });
    },
  });
  apiRoute(app, context, {
    method: 'GET', url: '/v1/sessions', input: z.strictObject({ limit }),
    handle: async (caller, input, nowMs) => readProblem(context, caller, ['oncall', 'admin']) ?? answer({ sessions: await listSessions(context, nowMs, input.limit) }),
  });
  apiRoute(app, context, {
    method: 'POST', url: '/v1/sessions/:id/clear',
    input: z.strictObject({ id: z.string().regex(RANDOM_ID_PATTERN, 'is no session'), reason: z.string().trim().min(1, 'say what you found').max(500) }),
    handle: async (caller, { id, reason }, nowMs) => {
      const result = await clearSession(context, caller, id, reason, nowMs);
      return result.kind === 'refused' ? result : answer({ session: id, cleared: result.targets });
    },
  });
  apiRoute(app, context, {
    method: 'GET', url: '/v1/ledger',
    input: z.strictObject({
      from: whole(-500, Number.MAX_SAFE_INTEGER).optional(),
      before: whole(0, Number.MAX_SAFE_INTEGER).optional(),
      limit: whole(1, 200).default(20),
      kind: z.enum(ENTRY_KINDS).optional(),
      outcome: z.enum(['ok', 'failed', 'retried', 'denied']).optional(),
      agent: text.optional(), tool: text.optional(), env: text.optional(), session: text.optional(), token: text.optional(),
      decision: text.optional(), grant: text.optional(), stop: text.optional(), text: text.optional(),
    }),
    handle: async (caller, { from, before, limit: count, ...filter }) => {
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      return untagged(await readLedger(context, caller, { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }), limit: count, filter: given }));
    },
  });
}
