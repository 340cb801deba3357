import type { FastifyInstance } from "fastify";
import { buildApp } from "../endpoint/app.ts";
import { EndpointState } from "../endpoint/running-endpoint.ts";
import type { Plug } from "../plug.ts";
import type { Route } from "../router/route.ts";
import { routeInfo } from "../router/route-info.ts";
import { RouteTable } from "../router/route-table.ts";
import { defineRouter, Router } from "../router/router.ts";
import type { ConnTarget } from "./conn.ts";
import type { ConnExchange } from "./conn-exchange.ts";

const METHODS = ["get", "post", "put", "patch", "delete", "options"] as const;

/** An endpoint that runs for a test. */
export class EndpointTarget implements ConnTarget, AsyncDisposable {
  readonly exchange: ConnExchange;
  readonly app: () => FastifyInstance;
  readonly #built: FastifyInstance[] = [];

  constructor(exchange: ConnExchange, app: () => FastifyInstance) {
    this.exchange = exchange;
    this.app = app;
  }

  bypassed(plugs: readonly Plug[] | undefined): () => Promise<FastifyInstance> {
    let bypassed: Promise<FastifyInstance> | undefined;
    return () => (bypassed ??= this.#bypass(plugs));
  }

  paramsOf(method: string, path: string, host: string): Readonly<Record<string, string>> | undefined {
    return routeInfo(this.#endpoint.options.router, method, path, host)?.params;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.exchange[Symbol.dispose]();
    for (const app of this.#built) await app.close();
  }

  get #endpoint(): EndpointState {
    return this.app().endpoint as EndpointState;
  }

  async #bypass(plugs: readonly Plug[] | undefined): Promise<FastifyInstance> {
    const { options, host, port, acceptors, server, runtime } = this.#endpoint;
    const router = bypassRouter(options.router, plugs);
    const state = new EndpointState({ ...options, router }, { host, port, acceptors, server });
    state.runtime = runtime;
    const app = await buildApp(state);
    this.#built.push(app);
    return app;
  }
}

const bypass: Route["handler"] = (_request, reply) => reply.code(204).send();

/** The routes of `router` without their actions, or any path, through `plugs` and no further. */
function bypassRouter({ routes, fallback, exceptions }: Router, plugs: readonly Plug[] | undefined): Router {
  if (plugs === undefined) {
    const table = new RouteTable();
    table.routes.push(...routes.map((route) => ({ ...route, handler: bypass })));
    return new Router(table, { fallback, exceptions });
  }
  return defineRouter(
    (route) => {
      for (const method of METHODS) route[method]("/*", { bypass }, "bypass", { through: plugs });
    },
    { fallback, exceptions },
  );
}
