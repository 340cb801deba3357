import type { FastifyContextConfig, RouteShorthandOptions } from "fastify";
import type { ActionFallback } from "../action-fallback.ts";
import { type ActionName, actionOf, type Controller, controllerName } from "../controller.ts";
import { apiError } from "../errors.ts";
import type {
  Below,
  Declaration,
  Declared,
  NestedPrefix,
  PathsOf,
  ResourcePaths,
  RoutePath,
} from "./declared.ts";
import type { Forward, RoutesPlugin } from "./forward.ts";
import { completeHosts, hostConstraint, type HostPattern } from "./host.ts";
import { nestedPrefix, resourceRoutes, type ResourceShape } from "./resources.ts";
import type { HttpMethod, Route } from "./route.ts";
import type { Pipeline, PipelineRef, RouteTable } from "./route-table.ts";
import type { Router } from "./router.ts";

/** Of the line in the log for each request, or false for none. */
export type RouteLogLevel = "trace" | "debug" | "info" | "warn" | "error" | false;

interface SharedOptions {
  /** Default: what the scope around says; `"info"`. */
  readonly log?: RouteLogLevel;
  /** For plugs and actions, in `request.routeOptions.config`; added to what the scopes around say. */
  readonly config?: FastifyContextConfig & Readonly<Record<string, unknown>>;
}

export interface ScopeOptions extends SharedOptions {
  /** What the routes of the scope go through, after what the scopes around it name. */
  readonly through?: PipelineRef | readonly PipelineRef[];
  /** The hosts that they are for, without port: `"example.com"`, or all that begin with `"api."`. Instead of what the scopes around it say. */
  readonly host?: HostPattern;
}

export interface RouteOptions extends SharedOptions {
  /** What this route goes through, instead of what its scopes name: `[]` for nothing. */
  readonly through?: PipelineRef | readonly PipelineRef[];
  /** Handed to Fastify's `route` as it is: a schema, a config for a plugin, hooks. */
  readonly fastify?: RouteShorthandOptions;
}

export interface ResourceOptions extends RouteOptions, ResourceShape {}

/** What routes have from the scopes around them. */
export interface Surroundings {
  readonly prefix: string;
  readonly through: readonly Pipeline[];
  readonly hosts: readonly string[];
  readonly log: RouteLogLevel | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

type DeclareBelow<Prefix extends string, Path extends string, D> = (scope: Scope<Below<Prefix, Path>>) => D;

const METHODS: readonly HttpMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Declares the routes below one path. Paths are Fastify's (`/users/:id`, `/files/*`). As in Phoenix, the first route that
 * matches a request serves it; where Fastify's router would prefer a later one, that one is refused. Nothing that can't work is
 * accepted: an unknown pipeline or action, or a second route to one address, is refused where it is declared.
 */
export class Scope<Prefix extends string = string> {
  readonly #table: RouteTable;
  readonly #around: Surroundings;
  #through: readonly Pipeline[];

  /** @internal */
  constructor(table: RouteTable, around: Surroundings) {
    this.#table = table;
    this.#around = around;
    this.#through = around.through;
  }

  /** Names an ordered list of plugs, and of pipelines that were named before. `Phoenix.Router.pipeline/2`. */
  pipeline(name: string, refs: readonly PipelineRef[]): void {
    this.#table.addPipeline(name, refs);
  }

  /** Lets the routes that this scope declares from here on go through `refs`, after what they go through already. `Phoenix.Router.pipe_through/1`. */
  pipeThrough(refs: PipelineRef | readonly PipelineRef[]): void {
    this.#through = this.#chain(this.#through, refs, this.#around.prefix || "/");
  }

  /** Declares routes below `path`; versions of an API are scopes. `Phoenix.Router.scope/2` and `scope/4`. */
  scope<const Path extends string, D extends Declaration>(
    path: Path,
    declare: DeclareBelow<Prefix, Path, D>,
  ): Declared<PathsOf<D>>;
  scope<const Path extends string, D extends Declaration>(
    path: Path,
    options: ScopeOptions,
    declare: DeclareBelow<Prefix, Path, D>,
  ): Declared<PathsOf<D>>;
  scope<const Path extends string, D extends Declaration>(
    path: Path,
    ...rest:
      | [declare: DeclareBelow<Prefix, Path, D>]
      | [options: ScopeOptions, declare: DeclareBelow<Prefix, Path, D>]
  ): Declared<PathsOf<D>> {
    const [options, declare]: [ScopeOptions, DeclareBelow<Prefix, Path, D>] =
      rest.length === 1 ? [{}, rest[0]] : rest;
    const prefix = this.#join(path);
    const { host, log = this.#around.log, config } = options;
    const around = {
      prefix,
      through: this.#chain(this.#through, options.through ?? [], prefix),
      hosts: host === undefined ? this.#around.hosts : completeHosts(host),
      log,
      config: { ...this.#around.config, ...config },
    };
    return this.#declare(around, declare);
  }

  /**
   * Declares the routes of a resource: index, edit, new, show, create, update (PATCH and PUT) and delete. The controller must have
   * each of them that `only` and `except` leave. What `nested` declares is below one of them, `/users/:user_id`.
   * `Phoenix.Router.resources/4`.
   */
  resources<
    Actions extends object,
    const Path extends string,
    const Options extends ResourceOptions = Record<never, never>,
    D extends Declaration = void,
  >(
    path: Path,
    controller: Controller<Actions>,
    options?: Options,
    nested?: (scope: Scope<NestedPrefix<Prefix, Path, Options>>) => D,
  ): Declared<ResourcePaths<Prefix, Path, Options> | PathsOf<D>> {
    const { only, except, param, name, singleton, ...rest }: ResourceOptions = options ?? {};
    const shape: ResourceShape = Object.fromEntries(
      Object.entries({ only, except, param, name, singleton }).filter(([, value]) => value !== undefined),
    );
    const paths: string[] = resourceRoutes(path, shape).map(({ method, path: below, action }) =>
      this.#add(method, below || "/", controller, action, rest),
    );
    if (nested !== undefined) {
      const prefix = this.#join(nestedPrefix(path, shape));
      paths.push(...this.#declare({ ...this.#around, prefix, through: this.#through }, nested).paths);
    }
    return { paths: paths as (ResourcePaths<Prefix, Path, Options> | PathsOf<D>)[] };
  }

  /**
   * Hands over all that is below `path`, behind what this scope goes through: to another router, or to a plugin of Fastify,
   * which sees its own prefix. `Phoenix.Router.forward/4`.
   */
  forward<const Path extends string, Paths extends string = never>(
    path: Path,
    to: Router<Paths> | RoutesPlugin,
  ): Declared<RoutePath<Below<Prefix, Path>, Paths>> {
    const prefix = this.#join(path);
    if (/[:*]/.test(prefix) || prefix === "") throw apiError("ROOKERY_ROUTE_PATH", path);
    if (typeof to !== "function") {
      if (!Array.isArray((to as Partial<Router> | null)?.routes))
        throw apiError("ROOKERY_FORWARD", prefix, to);
      return { paths: this.#forwardTo(prefix, to) as RoutePath<Below<Prefix, Path>, Paths>[] };
    }
    this.#table.addForward({
      path: prefix,
      hosts: this.#around.hosts,
      to: to.name || "plugin",
      through: this.#through.map(({ name }) => name),
      plugs: this.#through.flatMap(({ plugs }) => plugs),
      plugin: to,
    });
    return { paths: [] };
  }

  get<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("GET", path, controller, action, options);
  }

  /** Answers HEAD by itself; without it, HEAD is answered as GET, without the body. */
  head<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("HEAD", path, controller, action, options);
  }

  post<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("POST", path, controller, action, options);
  }

  put<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("PUT", path, controller, action, options);
  }

  patch<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("PATCH", path, controller, action, options);
  }

  delete<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("DELETE", path, controller, action, options);
  }

  options<A extends object, const Path extends string>(
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    return this.#one("OPTIONS", path, controller, action, options);
  }

  /** One action for several methods, or `"*"` for all. `Phoenix.Router.match/5`. */
  match<A extends object, const Path extends string>(
    methods: "*" | readonly HttpMethod[],
    path: Path,
    controller: Controller<A>,
    action: ActionName<A>,
    options?: RouteOptions,
  ): Declared<RoutePath<Prefix, Path>> {
    const paths = (methods === "*" ? METHODS : methods).map((method) =>
      this.#add(method, path, controller, action, options),
    );
    return { paths: paths as RoutePath<Prefix, Path>[] };
  }

  #declare<P extends string, D extends Declaration>(
    around: Surroundings,
    declare: (scope: Scope<P>) => D,
  ): Declared<PathsOf<D>> {
    const declared: Declaration = declare(new Scope<P>(this.#table, around));
    const list = declared === undefined ? [] : "paths" in declared ? [declared] : declared;
    return { paths: list.flatMap(({ paths }) => paths) as PathsOf<D>[] };
  }

  #one<Path extends string>(
    method: HttpMethod,
    path: Path,
    controller: Controller<object>,
    action: string,
    options: RouteOptions = {},
  ): Declared<RoutePath<Prefix, Path>> {
    return { paths: [this.#add(method, path, controller, action, options) as RoutePath<Prefix, Path>] };
  }

  #add(
    method: HttpMethod,
    path: string,
    controller: Controller<object>,
    action: string,
    options: RouteOptions = {},
  ): string {
    const fullPath = this.#join(path) || "/";
    const chain = options.through === undefined ? this.#through : this.#chain([], options.through, fullPath);
    const name = controllerName(controller);
    const handler = actionOf(this.#table.instance(controller), name, action, `${method} ${fullPath}`);
    const plugs = chain.flatMap((pipeline) => pipeline.plugs);
    const { hosts } = this.#around;
    this.#table.addRoute({
      method,
      path: fullPath,
      hosts,
      controller: name,
      action,
      through: chain.map((pipeline) => pipeline.name),
      schemas: handler.schemas ?? {},
      plugs,
      handler,
      fallback: undefined,
      fastify: {
        ...bodyLimitOf(plugs),
        ...(hosts.length === 0 ? {} : { constraints: { host: hostConstraint(hosts) } }),
        ...options.fastify,
        config: { ...this.#configOf(options), ...options.fastify?.config },
      },
    });
    return fullPath;
  }

  #configOf({ log = this.#around.log, config }: SharedOptions): FastifyContextConfig {
    const level = log === undefined ? {} : { requestLogLevel: log === false ? ("silent" as const) : log };
    return { ...level, ...this.#around.config, ...config };
  }

  #forwardTo(prefix: string, router: Router): string[] {
    this.#table.exceptions.push(...router.exceptions);
    const paths: string[] = [];
    // In the order in which they were declared, for each of them is held against those before it.
    for (let position = 0; position <= router.routes.length; position += 1) {
      for (const forward of router.forwards)
        if (forward.position === position) this.#addForwarded(prefix, forward);
      const route = router.routes[position];
      if (route !== undefined) paths.push(this.#addRouted(prefix, route, router.fallback));
    }
    return paths;
  }

  #addForwarded(prefix: string, forward: Forward): void {
    this.#table.addForward({
      ...forward,
      path: prefix + forward.path,
      hosts: this.#narrowed(forward.hosts),
      through: [...this.#through.map(({ name }) => name), ...forward.through],
      plugs: [...this.#through.flatMap(({ plugs }) => plugs), ...forward.plugs],
    });
  }

  #addRouted(prefix: string, route: Route, fallback: ActionFallback): string {
    const path = route.path === "/" ? prefix : prefix + route.path;
    const plugs = [...this.#through.flatMap((pipeline) => pipeline.plugs), ...route.plugs];
    const hosts = this.#narrowed(route.hosts);
    this.#table.addRoute({
      ...route,
      path,
      hosts,
      through: [...this.#through.map(({ name }) => name), ...route.through],
      plugs,
      fallback: route.fallback ?? fallback,
      fastify: {
        ...route.fastify,
        ...bodyLimitOf(plugs),
        ...(hosts.length === 0 ? {} : { constraints: { host: hostConstraint(hosts) } }),
        config: { ...this.#configOf({}), ...route.fastify.config },
      },
    });
    return path;
  }

  /** The hosts of a router that is forwarded to count where this scope has none of its own. */
  #narrowed(hosts: readonly string[]): readonly string[] {
    return this.#around.hosts.length === 0 ? hosts : this.#around.hosts;
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
    return this.#around.prefix + path.replace(/\/+$/, "");
  }
}

/** What the plugs on the way to a route, or to all, leave as the largest body. */
export function bodyLimitOf(plugs: readonly { readonly bodyLimitBytes?: number }[]): { bodyLimit?: number } {
  const limits = plugs.flatMap((plug) => plug.bodyLimitBytes ?? []);
  return limits.length === 0 ? {} : { bodyLimit: Math.min(...limits) };
}
