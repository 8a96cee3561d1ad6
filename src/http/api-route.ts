/** One pipe for the broker's own API: identify, decode, call, answer. A route is a schema and one call. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import type { Refused } from '../broker/authorize.ts';
import type { BrokerContext, Caller } from '../broker/context.ts';
import { callerOf } from './client.ts';
import { parameterProblem } from './form.ts';
import { sendProblem, sendRefused } from './reply.ts';

export interface ApiRoute<Input> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Path parameters, query and body together: their names never overlap. */
  readonly input: z.ZodType<Input>;
  /** Calls the use case; what is not refused is answered as `body` with `status`. */
  handle(caller: Caller, input: Input, nowMs: number): Promise<Refused | Answer> | Refused | Answer;
}

export interface Answer {
  readonly kind: 'answer';
  readonly status: 200 | 201 | 202;
  readonly body: object;
}

export const answer = (body: object, status: Answer['status'] = 200): Answer => ({ kind: 'answer', status, body });

/** What a use case answered, without the tag by which the code tells it from a refusal. */
export const untagged = <T extends { readonly kind: string }>(result: T | Refused): Refused | Answer => {
  if (result.kind === 'refused') return result as Refused;
  const { kind: _, ...body } = result;
  return answer(body);
};

export function apiRoute<Input>(app: FastifyInstance, context: BrokerContext, route: ApiRoute<Input>): void {
  app.route({
    method: route.method,
    url: route.url,
    handler: async (request, reply) => {
      const nowMs = context.clock();
      const caller = await callerOf(context, request, nowMs);
      if (caller === undefined) {
        reply.header('www-authenticate', 'Bearer');
        return sendProblem(reply, 401, 'Unauthorized', 'get a token for this API: POST /token with client_credentials and resource=<issuer>');
      }
      const input = route.input.safeParse(inputOf(request));
      if (!input.success) return sendProblem(reply, 400, 'Bad Request', parameterProblem(input.error));
      const result = await route.handle(caller, input.data, nowMs);
      return result.kind === 'refused' ? sendRefused(reply, result) : reply.code(result.status).send(result.body);
    },
  });
}

function inputOf(request: FastifyRequest): unknown {
  const { body } = request;
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body))) return body;
  return { ...(request.query as object), ...(body as object | null), ...(request.params as object) };
}
