import { inspect } from "node:util";
import type { FastifyReply, FastifyRequest } from "fastify";
import { errorsByField } from "../channels/internal.ts";
import type { StandardSchema } from "../channels/index.ts";
import { isPromise } from "../runtime/internal.ts";
import { isFailure } from "./action-fallback.ts";
import { apiError } from "./errors.ts";

type Responses = { readonly [status: number]: StandardSchema };

/**
 * Hands on what an action has returned, and throws `ROOKERY_RESPONSE` if the schema of its status refuses it: while developing
 * only, as channels do with what they send. What the action sends itself is not looked at.
 */
export function checkResponse(
  responses: Responses,
  answer: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  if (!isChecking(request) || answer === reply) return answer;
  if (isPromise(answer)) return answer.then((later) => checked(responses, later, request, reply));
  return checked(responses, answer, request, reply);
}

function isChecking({ server }: FastifyRequest): boolean {
  // A router can be mounted without an endpoint.
  const endpoint = server.endpoint as typeof server.endpoint | undefined;
  return endpoint?.runtime.shard.freezeMessages ?? false;
}

function checked(
  responses: Responses,
  answer: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  if (answer === undefined || isFailure(answer)) return answer;
  const result = responses[reply.statusCode]?.["~standard"].validate(answer);
  // A schema that answers later is not waited for: the answer is due.
  if (isPromise(result)) result.then(undefined, () => {});
  else if (result?.issues !== undefined) {
    const route = `${request.method} ${request.routeOptions.url}`;
    throw apiError("ROOKERY_RESPONSE", route, reply.statusCode, inspect({ ...errorsByField(result.issues) }));
  }
  return answer;
}
