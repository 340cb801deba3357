import type { RouteShorthandOptions } from "fastify";
import { type ActionName, actionOf, type Controller, controllerName } from "../controller.ts";
import { apiError } from "../errors.ts";
import { type ResourceAction, resourceRoutes } from "./resources.ts";
import type { HttpMethod } from "./route.ts";
import type { Pipeline, PipelineRef, RouteTable } from "./route-table.ts";

export interface ScopeOptions {
  /** What the routes of the scope go through, after what the scopes around it name. */
  readonly through?: PipelineRef | readonly PipelineRef[];
}

export interface RouteOptions {
  /** What this route goes through, instead of what its scopes name: `[]` for nothing. */
  readonly through?: PipelineRef | readonly PipelineRef[];
  /** Handed to Fastify's `route` as it is: a schema, a config for a plugin, hooks. */
  readonly fastify?: RouteShorthandOptions;
}

export interface ResourceOptions extends RouteOptions {
  readonly only?: readonly ResourceAction[];
  readonly except?: readonly ResourceAction[];
  /** The name of the parameter in the path. Default: `id`. */
  readonly param?: string;
}

/**
 * Declares the routes below one path. Paths are Fastify's (`/users/:id`, `/files/*`). Nothing that can't work is
 * accepted: an unknown pipeline or action, or a second route to one address, is refused where it is declared.
 */
export class Scope {
  readonly #table: RouteTable;
  readonly #prefix: string;
  readonly #through: readonly Pipeline[];

  /** @internal */
  constructor(table: RouteTable, prefix: string, through: readonly Pipeline[]) {
    this.#table = table;
    this.#prefix = prefix;
    this.#through = through;
  }

  /** Names an ordered list of plugs, and of pipelines that were named before. `Phoenix.Router.pipeline/2`. */
  pipeline(name: string, refs: readonly PipelineRef[]): void {
    this.#table.addPipeline(name, refs);
  }

  /** Declares routes below `path`; versions of an API are scopes. `Phoenix.Router.scope/4`. */
  scope(path: string, options: ScopeOptions, declare: (scope: Scope) => void): void {
    const prefix = this.#join(path);
    declare(new Scope(this.#table, prefix, this.#chain(this.#through, options.through ?? [], prefix)));
  }

  /**
   * Declares the routes of a resource: index, edit, new, show, create, update (PATCH and PUT) and delete. The controller must have
   * each of them that `only` and `except` leave. `Phoenix.Router.resources/4`.
   */
  resources<Actions extends object>(
    path: string,
    controller: Controller<Actions>,
    options: ResourceOptions = {},
  ): void {
    for (const { method, suffix, action } of resourceRoutes(path, options.only, options.except)) {
      this.#add(
        method,
        path + suffix.replace(":id", `:${options.param ?? "id"}`),
        controller,
        action,
        options,
      );
    }
  }

  get<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("GET", path, controller, action, options);
  }

  post<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("POST", path, controller, action, options);
  }

  put<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("PUT", path, controller, action, options);
  }

  patch<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("PATCH", path, controller, action, options);
  }

  delete<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("DELETE", path, controller, action, options);
  }

  options<A extends object>(
    path: string,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): void {
    this.#add("OPTIONS", path, controller, action, options);
  }

  #add(
    method: HttpMethod,
    path: string,
    controller: Controller<object>,
    action: string,
    options: RouteOptions = {},
  ): void {
    const fullPath = this.#join(path) || "/";
    const chain = options.through === undefined ? this.#through : this.#chain([], options.through, fullPath);
    const name = controllerName(controller);
    const plugs = chain.flatMap((pipeline) => pipeline.plugs);
    const bodyLimits = plugs.flatMap((plug) => plug.bodyLimitBytes ?? []);
    const bodyLimit = bodyLimits.length === 0 ? {} : { bodyLimit: Math.min(...bodyLimits) };
    this.#table.addRoute({
      method,
      path: fullPath,
      controller: name,
      action,
      through: chain.map((pipeline) => pipeline.name),
      plugs,
      handler: actionOf(this.#table.instance(controller), name, action, `${method} ${fullPath}`),
      fastify: { ...bodyLimit, ...options.fastify },
    });
  }

  #chain(
    outer: readonly Pipeline[],
    refs: PipelineRef | readonly PipelineRef[],
    path: string,
  ): readonly Pipeline[] {
    const chain = [...outer];
    for (const ref of typeof refs === "object" ? refs : [refs]) {
      const pipeline = this.#table.pipeline(ref);
      if (chain.some((other) => other.plugs === pipeline.plugs)) {
        throw apiError("ROOKERY_DUPLICATE_PIPELINE", pipeline.name, `on the way to ${path}`);
      }
      chain.push(pipeline);
    }
    return chain;
  }

  #join(path: string): string {
    if (!path.startsWith("/")) throw apiError("ROOKERY_ROUTE_PATH", path);
    return this.#prefix + path.replace(/\/+$/, "");
  }
}
