import type { FastifyInstance } from "fastify";
import { actionFallback, type ActionFallback } from "../action-fallback.ts";
import { completeExceptions, type ExceptionStatuses, type ExceptionTable } from "../exception-status.ts";
import type { Declaration, PathsOf } from "./declared.ts";
import { dispatcher } from "./dispatch.ts";
import { type Forward, mountForward } from "./forward.ts";
import type { Route } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { Scope } from "./scope.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** @internal What the router of the app says about the exceptions of its actions. */
    exceptionStatuses?: ExceptionTable;
  }
}

/** What holds for all routes of a router. */
export interface RouterOptions {
  /** Answers the failures of all actions. Default: `actionFallback`. */
  readonly fallback?: ActionFallback;
  /** The statuses of exceptions that don't say theirs, by class or by `code`: `[[PaymentRefused, 402], ["EBUSY", 503]]`. `Plug.Exception`. */
  readonly exceptions?: ExceptionStatuses;
}

/** The routes of an application: Fastify's own, laid out as Phoenix does. `Paths` are those that `path` makes, and the compiler knows. */
export class Router<in Paths extends string = never> {
  /** Never set. */
  declare readonly "~paths"?: (path: Paths) => void;
  /** The table of all routes in the order of their declaration, for tools. */
  readonly routes: readonly Route[];
  /** The prefixes that are handed over to plugins of Fastify. */
  readonly forwards: readonly Forward[];
  /** @internal */
  readonly fallback: ActionFallback;
  /** @internal Its own, and behind them those of the routers that it forwards to. */
  readonly exceptions: ExceptionStatuses;
  readonly #exceptions: ExceptionTable;
  readonly #paths: ReadonlySet<string>;

  /** @internal */
  constructor(table: RouteTable, { fallback = actionFallback, exceptions = [] }: RouterOptions) {
    this.routes = Object.freeze(table.routes);
    this.forwards = Object.freeze(table.forwards);
    this.fallback = fallback;
    this.exceptions = [...exceptions, ...table.exceptions];
    this.#exceptions = completeExceptions(this.exceptions);
    this.#paths = new Set(this.routes.map(({ path }) => path));
  }

  /** Whether a route has this path, written as it was declared: `"/users/:id"`. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Adds the routes to a Fastify instance. An endpoint does it by itself. */
  mount(app: FastifyInstance): void {
    app.decorateReply("answered", false);
    app.decorateRequest("currentUser", undefined);
    app.decorateRequest("format", undefined);
    app.decorate("exceptionStatuses", this.#exceptions);
    // The first hooks that run when something is sent, and synchronously: no other hook can hide the answer.
    app.addHook("preSerialization", (_request, reply, payload, done) => {
      reply.answered = true;
      done(null, payload);
    });
    app.addHook("onSend", (_request, reply, payload, done) => {
      reply.answered = true;
      done(null, payload);
    });
    const plugs = new Set([...this.routes, ...this.forwards].flatMap((row) => row.plugs));
    for (const plug of plugs) plug.install?.(app);
    // HEAD first: else Fastify adds its own to each GET.
    for (const route of this.routes.toSorted((one, other) => Number(isHead(other)) - Number(isHead(one)))) {
      const { method, path: url, fastify, fallback = this.fallback } = route;
      app.route({ ...fastify, method, url, handler: dispatcher(route, fallback) });
    }
    for (const forward of this.forwards)
      mountForward(app, forward, this.routes.slice(0, forward.position), this.fallback);
  }
}

function isHead({ method }: Route): boolean {
  return method === "HEAD";
}

/**
 * Declares a router. If `declare` returns what the declarations in it return, as a list where there are several, the compiler knows
 * the paths, for `path`; so it is with the functions of scopes. A declaration that is not handed on is a route all the same.
 * @example
 * ```ts doctest
 * class PingController {
 *   show() { return { ok: true }; }
 * }
 * const router = defineRouter((route) => {
 *   route.pipeline("api", [accepts("json")]);
 *   return route.scope("/api/v1", { through: "api" }, (v1) => [v1.get("/ping", PingController, "show")]);
 * });
 * router.routes.map(({ method, path, through }) => [method, path, ...through]); // => [["GET", "/api/v1/ping", "api"]]
 * path(router, "/api/v1/ping"); // => "/api/v1/ping"
 * ```
 */
export function defineRouter<D extends Declaration>(
  declare: (route: Scope<"">) => D,
  options: RouterOptions = {},
): Router<PathsOf<D>> {
  const table = new RouteTable();
  declare(new Scope(table, { prefix: "", through: [], hosts: [], log: undefined, config: {} }));
  return new Router(table, options);
}
