import type { RouteShorthandOptions } from "fastify";
import type { ActionFallback } from "../action-fallback.ts";
import type { Action } from "../controller.ts";
import type { Plug } from "../plug.ts";
import type { RouteSchemas } from "./route-schemas.ts";

/** The methods that a route may have. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/** A row of a router's table. */
export interface Route {
  readonly method: HttpMethod;
  readonly path: string;
  /** For which it is, if not for any: see `ScopeOptions.host`. */
  readonly hosts: readonly string[];
  /** The controller's class name. */
  readonly controller: string;
  readonly action: string;
  /** The names of the pipelines and plugs, in the order in which they run. */
  readonly through: readonly string[];
  /** Of its action; `{}` if that has none. */
  readonly schemas: RouteSchemas;
  /** @internal */
  readonly plugs: readonly Plug[];
  /** @internal */
  readonly handler: Action;
  /** @internal Of the router that it was forwarded to. */
  readonly fallback: ActionFallback | undefined;
  /** @internal */
  readonly fastify: RouteShorthandOptions;
}
