import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginCallback,
  preHandlerAsyncHookHandler,
  RouteOptions,
} from "fastify";
import { isPromise } from "../../runtime/internal.ts";
import { type ActionFallback, isFailure } from "../action-fallback.ts";
import type { Plug } from "../plug.ts";
import { isAnswered, logLateError } from "./dispatch.ts";
import { hostConstraint } from "./host.ts";
import type { Route } from "./route.ts";
import { expectInOrder } from "./route-order.ts";

/** A plugin of Fastify that has routes. */
export type RoutesPlugin = FastifyPluginAsync | FastifyPluginCallback;

/** A prefix that was handed over to a plugin. */
export interface Forward {
  readonly path: string;
  readonly hosts: readonly string[];
  /** The name of the plugin. */
  readonly to: string;
  readonly through: readonly string[];
  /** @internal How many routes were declared before it. */
  readonly position: number;
  /** @internal */
  readonly plugs: readonly Plug[];
  /** @internal */
  readonly plugin: RoutesPlugin;
}

/**
 * Registers the plugin below its prefix: all that it answers goes through the pipelines first. Its routes are known only now; one that would
 * take requests from `before`, the routes that were declared before it, is refused.
 */
export function mountForward(
  app: FastifyInstance,
  forward: Forward,
  before: readonly Route[],
  fallback: ActionFallback,
): void {
  const { path: prefix, hosts, plugs, plugin } = forward;
  app.register(
    async (inner) => {
      inner.addHook("onRoute", (route: RouteOptions) => {
        for (const method of [route.method].flat())
          expectInOrder(
            before,
            { method, path: route.url, hosts },
            `${method} ${route.url} of ${forward.to}`,
          );
        if (hosts.length > 0) route.constraints = { ...route.constraints, host: hostConstraint(hosts) };
        const limits = [...plugs.map(({ bodyLimitBytes }) => bodyLimitBytes), route.bodyLimit];
        const smallest = Math.min(...limits.filter((bytes) => bytes !== undefined));
        if (smallest !== Infinity) route.bodyLimit = smallest;
      });
      // Hooks of the scope rather than of its routes: a handler that the plugin has for what is not found is behind them, too.
      for (const plug of plugs) inner.addHook("preHandler", preHandler(plug, fallback));
      await inner.register(plugin as FastifyPluginAsync);
    },
    { prefix },
  );
}

function preHandler(plug: Plug, fallback: ActionFallback): preHandlerAsyncHookHandler {
  return async function (request, reply) {
    try {
      const result = plug(request, reply);
      const outcome = result !== reply && isPromise(result) ? await result : result;
      if (isAnswered(reply)) return reply;
      if (outcome === reply || !isFailure(outcome)) return undefined;
      const answer = fallback(outcome, request, reply);
      const sent = answer !== reply && isPromise(answer) ? await answer : answer;
      return isAnswered(reply) ? reply : reply.send(sent);
    } catch (error) {
      if (!isAnswered(reply)) throw error;
      logLateError(error, request);
      return reply;
    }
  };
}
