import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback, RouteOptions } from "fastify";
import { isPromise } from "../../runtime/internal.ts";
import { type ActionFallback, isFailure } from "../action-fallback.ts";
import type { Plug } from "../plug.ts";
import { isAnswered } from "./dispatch.ts";
import { hostConstraint } from "./host.ts";

/** A plugin of Fastify that has routes. */
export type RoutesPlugin = FastifyPluginAsync | FastifyPluginCallback;

/** A prefix that was handed over to a plugin. */
export interface Forward {
  readonly path: string;
  readonly hosts: readonly string[];
  /** The name of the plugin. */
  readonly to: string;
  readonly through: readonly string[];
  /** @internal */
  readonly plugs: readonly Plug[];
  /** @internal */
  readonly plugin: RoutesPlugin;
}

/** Registers the plugin below its prefix: each of its routes goes through the pipelines first. */
export function mountForward(app: FastifyInstance, forward: Forward, fallback: ActionFallback): void {
  const { path: prefix, hosts, plugs, plugin } = forward;
  const through = plugs.map((plug) => preHandler(plug, fallback));
  app.register(
    async (inner) => {
      inner.addHook("onRoute", (route: RouteOptions) => {
        if (hosts.length > 0) route.constraints = { ...route.constraints, host: hostConstraint(hosts) };
        const own = route.preHandler ?? [];
        route.preHandler = [...through, ...(Array.isArray(own) ? own : [own])];
      });
      await inner.register(plugin as FastifyPluginAsync);
    },
    { prefix },
  );
}

type PreHandler = Extract<RouteOptions["preHandler"], (...args: never) => unknown>;

function preHandler(plug: Plug, fallback: ActionFallback): PreHandler {
  return async function (request, reply) {
    const result = plug(request, reply);
    const outcome = result !== reply && isPromise(result) ? await result : result;
    if (isAnswered(reply)) return reply;
    if (outcome === reply || !isFailure(outcome)) return undefined;
    const answer = fallback(outcome, request, reply);
    const sent = answer !== reply && isPromise(answer) ? await answer : answer;
    return isAnswered(reply) ? reply : reply.send(sent);
  };
}
