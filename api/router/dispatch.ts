import type { FastifyReply, FastifyRequest } from "fastify";
import { isPromise } from "../../runtime/internal.ts";
import { type ActionFallback, isFailure } from "../action-fallback.ts";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";
import { requestTracing } from "../request-tracer.ts";
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
 * them, the fallback. It stops at the first answer and never makes a second one. While none of them returns a promise, none is made.
 */
export function dispatcher(
  route: Route,
  fallback: ActionFallback,
): (request: FastifyRequest, reply: FastifyReply) => unknown {
  const steps: readonly Plug[] = [...route.plugs, route.handler];

  /** From a step on that answers later; one beyond the last is the fallback. */
  async function goOn(
    request: FastifyRequest,
    reply: FastifyReply,
    startedMs: number,
    from: number,
    pending: unknown,
  ): Promise<unknown> {
    try {
      let result = await pending;
      for (let step = from + 1; !isAnswered(reply); step += 1) {
        if (step <= steps.length && result !== reply && isFailure(result)) {
          result = fallback(result, request, reply);
          step = steps.length;
        } else if (step < steps.length) {
          result = steps[step]!(request, reply);
        } else {
          result = expectAnswer(result, route, reply);
          stopped(startedMs, route, request, reply);
          return result;
        }
        if (result !== reply && isPromise(result)) result = await result;
      }
      stopped(startedMs, route, request, reply);
    } catch (error) {
      failed(error, startedMs, route, request, reply);
    }
    return reply;
  }

  const dispatch = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const startedMs = started(route, request, reply);
    try {
      let result: unknown;
      for (let step = 0; step < steps.length && !isAnswered(reply); step += 1) {
        result = steps[step]!(request, reply);
        // Also a reply is thenable, and settles only when it is written: waiting for one would be waiting for the client.
        if (result !== reply && isPromise(result)) return goOn(request, reply, startedMs, step, result);
        if (result !== reply && !isAnswered(reply) && isFailure(result)) {
          result = fallback(result, request, reply);
          if (result !== reply && isPromise(result))
            return goOn(request, reply, startedMs, steps.length, result);
          break;
        }
      }
      const answer = isAnswered(reply) ? undefined : expectAnswer(result, route, reply);
      stopped(startedMs, route, request, reply);
      return answer;
    } catch (error) {
      failed(error, startedMs, route, request, reply);
      return undefined;
    }
  };
  return (request, reply) => {
    const { tracer } = requestTracing;
    return tracer === undefined
      ? dispatch(request, reply)
      : tracer.resume(request, () => dispatch(request, reply));
  };
}

function expectAnswer(result: unknown, route: Route, reply: FastifyReply): unknown {
  if (result !== undefined && result !== reply) return result;
  throw apiError("ROOKERY_NO_ANSWER", `${route.controller}.${route.action}`);
}

/** Since when, in the time of the reply; below 0 if nobody wants to know. */
function started(route: Route, request: FastifyRequest, reply: FastifyReply): number {
  // Asked once: a handler may be attached while the action runs.
  if (!dispatchStart.enabled && !dispatchStop.enabled && !dispatchException.enabled) return -1;
  const startedMs = reply.elapsedTime;
  dispatchStart.execute({}, { request, route });
  return startedMs;
}

function stopped(startedMs: number, route: Route, request: FastifyRequest, reply: FastifyReply): void {
  if (startedMs >= 0) dispatchStop.execute({ durationMs: reply.elapsedTime - startedMs }, { request, route });
}

/** Once there is an answer, an error is one for the log only. */
export function logLateError(error: unknown, request: FastifyRequest): void {
  request.log.error({ err: error }, "a request failed after its answer");
}

function failed(
  error: unknown,
  startedMs: number,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (startedMs >= 0)
    dispatchException.execute({ durationMs: reply.elapsedTime - startedMs }, { request, route, error });
  if (!isAnswered(reply)) throw error;
  logLateError(error, request);
}
