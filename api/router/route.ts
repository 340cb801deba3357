import type { RouteShorthandOptions } from "fastify";
import type { Action } from "../controller.ts";
import type { Plug } from "../plug.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/** A row of a router's table. */
export interface Route {
  readonly method: HttpMethod;
  readonly path: string;
  /** The controller's class name. */
  readonly controller: string;
  readonly action: string;
  /** The names of the pipelines and plugs, in the order in which they run. */
  readonly through: readonly string[];
  /** @internal */
  readonly plugs: readonly Plug[];
  /** @internal */
  readonly handler: Action;
  /** @internal */
  readonly fastify: RouteShorthandOptions;
}
