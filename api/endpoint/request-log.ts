import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../runtime/index.ts";
import { requestId } from "../plugs/request-id.ts";
import { endpointStart, endpointStop } from "../telemetry.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Of the line in the log for each request of a route. Default: `"info"`. */
    readonly requestLogLevel?: "debug";
  }
}

/**
 * Follows a request to its end: the first event, the id in the answer, and, once the answer is written or the client is gone, the
 * last event and the one line in the log.
 */
export function followRequest(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  requestId(request, reply);
  const { method } = request;
  // Fastify makes these anew each time they are asked for.
  const { url: route, config } = request.routeOptions;
  const { requestLogLevel: level = "info" } = config;
  if (endpointStart.enabled)
    endpointStart.execute({ systemTimeMs: clock.systemTimeMs() }, { request, method, route });

  reply.raw.once("close", () => {
    const status = reply.statusCode;
    const aborted = !reply.raw.writableFinished;
    const durationMs = Math.round(reply.elapsedTime * 1000) / 1000;
    if (endpointStop.enabled)
      endpointStop.execute({ durationMs }, { request, method, route, status, aborted });
    // The path without its query, which may carry a token.
    const path = request.url.split("?", 1)[0];
    const fields = { user_id: request.currentUser?.id, method, path, status, durationMs };
    request.log[level](aborted ? { ...fields, aborted } : fields, `${method} ${path}`);
  });
}
