import type { FastifyReply, FastifyRequest } from "fastify";
import { type ActionFallback, isFailure } from "../action-fallback.ts";
import { apiError } from "../errors.ts";
import { dispatchException, dispatchStart, dispatchStop } from "../telemetry.ts";
import type { Route } from "./route.ts";

declare module "fastify" {
  interface FastifyReply {
    /** @internal True from the moment on which something is sent, also while an asynchronous hook holds it up. */
    answered: boolean;
  }
}

/** `reply.sent` alone would be false while another plugin's asynchronous `onSend` hook works on the first answer. */
export function isAnswered(reply: FastifyReply): boolean {
  return reply.answered || reply.sent;
}

/**
 * The handler that Fastify runs once `route` has matched: the plugs in order, then the action, then, for a failure of any of
 * them, the fallback. It stops at the first answer and never makes a second one.
 */
export function dispatcher(
  route: Route,
  fallback: ActionFallback,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => {
    const startedMs = reply.elapsedTime;
    if (dispatchStart.enabled) dispatchStart.execute({}, { request, route });
    try {
      const result = await run(route, fallback, request, reply);
      if (dispatchStop.enabled) {
        dispatchStop.execute({ durationMs: reply.elapsedTime - startedMs }, { request, route });
      }
      return result;
    } catch (error) {
      if (dispatchException.enabled) {
        dispatchException.execute({ durationMs: reply.elapsedTime - startedMs }, { request, route, error });
      }
      if (!isAnswered(reply)) throw error;
      request.log.error({ err: error }, "a request failed after its answer");
      return reply;
    }
  };
}

async function run(
  route: Route,
  fallback: ActionFallback,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  for (const plug of route.plugs) {
    const result = await exceptReply(plug(request, reply), reply);
    if (isAnswered(reply)) return reply;
    if (isFailure(result))
      return settle(await exceptReply(fallback(result, request, reply), reply), route, reply);
  }
  const result = await exceptReply(route.handler(request, reply), reply);
  if (isAnswered(reply) || !isFailure(result)) return settle(result, route, reply);
  return settle(await exceptReply(fallback(result, request, reply), reply), route, reply);
}

/** A reply is thenable, and settles only when it is written: awaiting one that is sent would wait for the client. */
function exceptReply(result: unknown, reply: FastifyReply): unknown {
  return result === reply ? undefined : result;
}

function settle(result: unknown, route: Route, reply: FastifyReply): unknown {
  if (isAnswered(reply)) return reply;
  if (result === undefined) throw apiError("ROOKERY_NO_ANSWER", `${route.controller}.${route.action}`);
  return result;
}
