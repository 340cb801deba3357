import type { Controller } from "../controller.ts";
import { apiError } from "../errors.ts";
import type { ExceptionStatuses } from "../exception-status.ts";
import type { Plug } from "../plug.ts";
import type { Forward } from "./forward.ts";
import { hostsMeet } from "./host.ts";
import { comparePaths } from "./path-order.ts";
import { expectInOrder, targetOf } from "./route-order.ts";
import type { Route } from "./route.ts";

/** The name of a pipeline of the router, or a plug on the spot. */
export type PipelineRef = string | Plug;

export interface Pipeline {
  readonly name: string;
  readonly plugs: readonly Plug[];
}

/** What all scopes of a router that is being defined write to. */
export class RouteTable {
  readonly routes: Route[] = [];
  readonly forwards: Forward[] = [];
  /** Of the routers that are forwarded to. */
  readonly exceptions: ExceptionStatuses[number][] = [];
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #instances = new Map<object, object>();

  addPipeline(name: string, refs: readonly PipelineRef[]): void {
    if (this.#pipelines.has(name)) throw apiError("ROOKERY_DUPLICATE_PIPELINE", name, "defined");
    const plugs = refs.flatMap((ref) => this.pipeline(ref).plugs);
    this.#pipelines.set(name, { name, plugs });
  }

  pipeline(ref: PipelineRef): Pipeline {
    if (typeof ref === "function") return { name: ref.name || "plug", plugs: [ref] };
    const pipeline = this.#pipelines.get(ref);
    if (pipeline === undefined) {
      throw apiError("ROOKERY_UNKNOWN_PIPELINE", [...this.#pipelines.keys()].join(", ") || "none", ref);
    }
    return pipeline;
  }

  /** Refuses a route that Fastify's router would prefer to one that was declared before it: here, the first one that matches counts. */
  addRoute(route: Route): void {
    const { method, path, hosts } = route;
    expectInOrder(this.routes, route, targetOf(route));
    this.#expectNotForwarded(`${method} ${path}`, path, hosts);
    this.routes.push(route);
  }

  addForward(forward: Omit<Forward, "position">): void {
    this.#expectNotForwarded(forward.path, forward.path, forward.hosts);
    this.forwards.push({ ...forward, position: this.routes.length });
  }

  /** The one instance of a controller's class in this router, or the controller itself when it is an object. */
  instance(controller: Controller<object>): object {
    if (typeof controller !== "function") return controller;
    let instance = this.#instances.get(controller);
    if (instance === undefined) {
      instance = new (controller as new () => object)();
      this.#instances.set(controller, instance);
    }
    return instance;
  }

  #expectNotForwarded(what: string, path: string, hosts: readonly string[]): void {
    const first = this.forwards.find(
      (forward) =>
        hostsMeet(forward.hosts, hosts) &&
        (comparePaths(forward.path, path) !== "apart" || comparePaths(`${forward.path}/*`, path) !== "apart"),
    );
    if (first !== undefined) throw apiError("ROOKERY_ROUTE_ORDER", what, `the forwarded ${first.path}`);
  }
}
