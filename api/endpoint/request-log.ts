import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../runtime/index.ts";
import { requestId } from "../plugs/request-id.ts";
import { endpointStart, endpointStop } from "../telemetry.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Of the line in the log for each request of a route. Default: `"info"`. */
    readonly requestLogLevel?: "trace" | "debug" | "info" | "warn" | "error" | "silent";
  }
}

const REPLY = Symbol("reply");

/** What is written to the client, and knows what it is the answer to. A property costs less than a closure for each request. */
interface FollowedResponse extends ServerResponse {
  [REPLY]: FastifyReply;
}

/**
 * Follows a request to its end: the first event, the id in the answer, and, once the answer is written or the client is gone, the
 * last event and the one line in the log.
 */
export function followRequest(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  requestId(request, reply);
  if (endpointStart.enabled) {
    const { url: route } = request.routeOptions;
    endpointStart.execute({ systemTimeMs: clock.systemTimeMs() }, { request, method: request.method, route });
  }
  const response = reply.raw as FollowedResponse;
  response[REPLY] = reply;
  response.on("close", ended);
}

function ended(this: ServerResponse): void {
  const response = this as FollowedResponse;
  const reply = response[REPLY];
  const { request } = reply;
  const { method } = request;
  // Fastify makes these anew each time they are asked for.
  const { url: route, config } = request.routeOptions;
  const { requestLogLevel: level = "info" } = config;
  const status = reply.statusCode;
  // An answer in memory, to `inject`, is closed before it is finished.
  const aborted = !response.writableFinished && !("isLightMyRequest" in response);
  const durationMs = Math.round(reply.elapsedTime * 1000) / 1000;
  if (endpointStop.enabled) endpointStop.execute({ durationMs }, { request, method, route, status, aborted });
  // The path without its query, which may carry a token.
  const queryStart = request.url.indexOf("?");
  const path = queryStart < 0 ? request.url : request.url.slice(0, queryStart);
  const fields = { user_id: request.currentUser?.id, method, path, status, durationMs };
  request.log[level](aborted ? { ...fields, aborted } : fields, `${method} ${path}`);
}
