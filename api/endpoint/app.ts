import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { asksForWebSocket } from "../../channels/internal.ts";
import { mountDashboard } from "../dashboard/dashboard.ts";
import { fastifyLogger } from "../logger.ts";
import { requestIdOf } from "../plugs/request-id.ts";
import { answerClientError, renderError, renderErrors } from "../render-errors.ts";
import { requestTracing } from "../request-tracer.ts";
import { bodyLimitOf } from "../router/scope.ts";
import { mountPlugs } from "./endpoint-plugs.ts";
import { parseJsonBodies } from "./json-body.ts";
import { mountLongPolls } from "./longpoll-routes.ts";
import { followRequest } from "./request-log.ts";
import type { EndpointState } from "./running-endpoint.ts";
import { mountSockets } from "./socket-mounts.ts";

/** A client that sends its headers and body more slowly than this is holding a connection for nothing. */
const REQUEST_TIMEOUT_MS = 60_000;
const PARAM_LENGTH_MAX = 1_024;

/** Makes the Fastify instance of an endpoint: hooks, routes, sockets, and what the program adds in `configure`. Not listening yet. */
export async function buildApp(endpoint: EndpointState): Promise<FastifyInstance> {
  const { router, configure, plugs, fastify: own } = endpoint.options;
  const { logger, clock } = endpoint.runtime;
  const app: FastifyInstance = fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Before 24.9, Node takes each request with an `upgrade` for one that wants a WebSocket.
    http: { shouldUpgradeCallback: asksForWebSocket },
    ...own,
    ...bodyLimitOf(plugs.filter((plug) => typeof plug === "function")),
    // As Phoenix, which looks at the segments of a path only.
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: PARAM_LENGTH_MAX,
      ...own.routerOptions,
    },
    loggerInstance: fastifyLogger(logger),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    genReqId: requestIdOf,
    clientErrorHandler: answerClientError,
    // What Fastify's router can't even read has passed no hook.
    frameworkErrors: (error, request: FastifyRequest, reply: FastifyReply) => {
      followRequest(request, reply, clock);
      void renderError(error, request, reply);
    },
  });
  // An API takes JSON; a program that wants more adds a parser in `configure`.
  app.removeContentTypeParser("text/plain");
  parseJsonBodies(app);
  app.decorate("endpoint", endpoint);
  app.addHook("onRequest", (request, reply, done) => {
    followRequest(request, reply, clock);
    if (endpoint.draining) reply.header("connection", "close");
    const { tracer } = requestTracing;
    if (tracer === undefined) done();
    else tracer.begin(request, done);
  });
  renderErrors(app);
  router.mount(app);
  mountPlugs(app, plugs);
  mountSockets(app, endpoint);
  mountLongPolls(app, endpoint);
  mountDashboard(app, endpoint);
  await configure(app);
  await app.ready();
  return app;
}
