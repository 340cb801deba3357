import type { FastifyInstance } from "fastify";
import { actionFallback, type ActionFallback } from "../action-fallback.ts";
import { dispatcher } from "./dispatch.ts";
import type { Route } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { Scope } from "./scope.ts";

export interface RouterOptions {
  /** Answers the failures of all actions. Default: `actionFallback`. */
  readonly fallback?: ActionFallback;
}

/** The routes of an application: Fastify's own, laid out as Phoenix does. */
export class Router {
  /** The table of all routes in the order of their declaration, for tools. */
  readonly routes: readonly Route[];
  readonly #fallback: ActionFallback;

  /** @internal */
  constructor(routes: readonly Route[], fallback: ActionFallback) {
    this.routes = routes;
    this.#fallback = fallback;
  }

  /** Adds the routes to a Fastify instance. An endpoint does it by itself. */
  mount(app: FastifyInstance): void {
    app.decorateReply("answered", false);
    app.decorateRequest("currentUser", undefined);
    app.decorateRequest("format", undefined);
    // The first hooks that run when something is sent, and synchronously: no other hook can hide the answer.
    app.addHook("preSerialization", (_request, reply, payload, done) => {
      reply.answered = true;
      done(null, payload);
    });
    app.addHook("onSend", (_request, reply, payload, done) => {
      reply.answered = true;
      done(null, payload);
    });
    for (const route of this.routes) {
      const { method, path: url, fastify } = route;
      app.route({ ...fastify, method, url, handler: dispatcher(route, this.#fallback) });
    }
  }
}

/**
 * Declares a router.
 * @example
 * ```ts doctest
 * class PingController {
 *   show() { return { ok: true }; }
 * }
 * const router = defineRouter((route) => {
 *   route.pipeline("api", [accepts("json")]);
 *   route.scope("/api/v1", { through: "api" }, (v1) => v1.get("/ping", PingController, "show"));
 * });
 * router.routes.map(({ method, path, through }) => [method, path, ...through]); // => [["GET", "/api/v1/ping", "api"]]
 * ```
 */
export function defineRouter(declare: (route: Scope) => void, options: RouterOptions = {}): Router {
  const table = new RouteTable();
  declare(new Scope(table, "", []));
  return new Router(Object.freeze(table.routes), options.fallback ?? actionFallback);
}
