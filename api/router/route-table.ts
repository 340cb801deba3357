import type { Controller } from "../controller.ts";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";
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
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #routeByAddress = new Map<string, Route>();
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

  addRoute(route: Route): void {
    // Two spellings of one address: Fastify's router does not look at the names of parameters.
    const address = `${route.method} ${route.path.replace(/:[^/-]+/g, ":")}`;
    const first = this.#routeByAddress.get(address);
    if (first !== undefined) {
      const text = `${route.method} ${route.path}`;
      const leadsTo = (to: Route): string => `${to.controller}.${to.action}`;
      throw apiError("ROOKERY_DUPLICATE_ROUTE", text, leadsTo(first), leadsTo(route));
    }
    this.#routeByAddress.set(address, route);
    this.routes.push(route);
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
}
