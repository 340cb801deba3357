import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isPromise } from "../../runtime/internal.ts";
import { actionFallback, isFailure } from "../action-fallback.ts";
import type { EndpointPlug, Plug } from "../plug.ts";
import { isAnswered, logLateError } from "../router/dispatch.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route is that of a socket: as in Phoenix, no plug sees it. */
    readonly isSocket?: true;
  }
}

/**
 * Lets every request go through `plugs`, in their order, before anybody looks at its body or knows whether there is a route
 * for it.
 */
export function mountPlugs(app: FastifyInstance, plugs: readonly (Plug | EndpointPlug)[]): void {
  for (const plug of plugs) {
    // Fastify keeps the order of plugins and hooks: those of a plugin stand where the plug stands.
    plug.install?.(app);
    if (typeof plug === "function") app.addHook("onRequest", hookOf(plug));
  }
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

function hookOf(plug: Plug): Hook {
  return (request, reply, done) => {
    const passOn = (result: unknown): void => {
      if (isFailure(result)) actionFallback(result, request, reply);
      // Who has answered leaves the rest of the hooks out.
      if (!isAnswered(reply)) done();
    };
    const fail = (error: unknown): void => {
      if (isAnswered(reply)) logLateError(error, request);
      else done(error as Error);
    };
    if (request.routeOptions.config.isSocket === true) {
      done();
      return;
    }
    try {
      const result = plug(request, reply);
      if (result !== reply && isPromise(result)) result.then(passOn).catch(fail);
      else passOn(result);
    } catch (error) {
      fail(error);
    }
  };
}
