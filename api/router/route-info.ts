import { hostConstraint } from "./host.ts";
import type { Route } from "./route.ts";
import type { Router } from "./router.ts";

export interface RouteInfo {
  readonly route: Route;
  /** The variables of its path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** A variable, with the regular expression for it if it has one. */
const VARIABLE = /:(\w+)(?:\(([^/]*)\))?/g;

/**
 * Which route serves `method` and `path`, for tools; undefined for none, and for what a plugin serves that the router forwards
 * to. Routes for certain hosts are looked at only if a `host` is given. `Phoenix.Router.route_info/4`.
 * @example
 * ```ts doctest
 * const router = defineRouter((route) => route.get("/users/:id", { show: () => ({}) }, "show"));
 * const info = routeInfo(router, "GET", "/users/7?tab=x");
 * [info.route.action, info.params]; // => ["show", { id: "7" }]
 * ```
 */
export function routeInfo(
  router: Router,
  method: string,
  path: string,
  host?: string,
): RouteInfo | undefined {
  const asked = normalized(path);
  const methods = method === "HEAD" ? ["HEAD", "GET"] : [method];
  for (const one of methods) {
    for (const route of router.routes) {
      if (route.method !== one || !isFor(route, host)) continue;
      const params = paramsOf(route.path, asked);
      if (params !== undefined) return { route, params };
    }
  }
  return undefined;
}

/** As an endpoint takes it: what stands between slashes counts. */
function normalized(path: string): string {
  return (path.split("?", 1)[0] ?? "").replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
}

function isFor({ hosts }: Route, host: string | undefined): boolean {
  return hosts.length === 0 || (host !== undefined && hostConstraint(hosts).test(host));
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const names: string[] = [];
  let source = "";
  let end = 0;
  for (const { 0: variable, 1: name, 2: expression, index } of pattern.matchAll(VARIABLE)) {
    source += `${escaped(pattern.slice(end, index))}(${expression?.replace(/^\^|\$$/g, "") ?? "[^/]+?"})`;
    names.push(name!);
    end = index + variable.length;
  }
  const rest = pattern.slice(end);
  source += rest.endsWith("*") ? `${escaped(rest.slice(0, -1))}(.*)` : escaped(rest);
  if (rest.endsWith("*")) names.push("*");
  const match = new RegExp(`^${source}$`).exec(path);
  if (match === null) return undefined;
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1]!)]));
  } catch {
    // No UTF-8: Fastify answers 400 before any route is looked for.
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
