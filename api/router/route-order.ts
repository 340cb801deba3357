import { apiError } from "../errors.ts";
import { hostsMeet } from "./host.ts";
import { comparePaths } from "./path-order.ts";
import type { Route } from "./route.ts";

/** What decides which requests a route serves. */
export interface RouteAddress {
  readonly method: string;
  readonly path: string;
  readonly hosts: readonly string[];
}

/**
 * Refuses a route, called `target`, that Fastify's router would prefer to one of those `before` it: here, the first one that matches
 * counts.
 */
export function expectInOrder(
  before: readonly Route[],
  { method, path, hosts }: RouteAddress,
  target: string,
): void {
  for (const first of before) {
    if (first.method !== method || !hostsMeet(first.hosts, hosts)) continue;
    const order = comparePaths(first.path, path);
    if (order === "apart" || order === "first") continue;
    if (order !== "same") {
      throw apiError("ROOKERY_ROUTE_ORDER", `${method} ${path}`, `${method} ${first.path}`);
    }
    const isForMore = hosts.length === 0 && first.hosts.length > 0;
    if (!isForMore) throw apiError("ROOKERY_DUPLICATE_ROUTE", `${method} ${path}`, targetOf(first), target);
  }
}

/** What a route leads to. */
export function targetOf({ controller, action }: Pick<Route, "controller" | "action">): string {
  return `${controller}.${action}`;
}
