import { hostConstraint } from "./host.ts";
import { PATH_VARIABLE } from "./path-variable.ts";
import type { Route } from "./route.ts";
import type { Router } from "./router.ts";

/** The route that serves a method and a path: what `Phoenix.Router.route_info/4` answers. */
export interface RouteInfo {
  readonly route: Route;
  /** The variables of its path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

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
  if (!pattern.endsWith("?")) return matched(pattern, path);
  // Fastify has two routes of it: one with the variable, one without.
  const whole = pattern.slice(0, -1);
  return matched(whole, path) ?? matched(whole.slice(0, whole.lastIndexOf("/")) || "/", path);
}

function matched(pattern: string, path: string): Record<string, string> | undefined {
  const names: string[] = [];
  let source = "";
  let end = 0;
  for (const { 0: variable, 1: name = "*", 2: expression, index } of pattern.matchAll(PATH_VARIABLE)) {
    const matching = name === "*" ? ".*" : (expression?.replace(/^\(\^?|\$?\)$/g, "") ?? "[^/]+?");
    // Named, for the expression may have groups of its own.
    source += `${escaped(pattern.slice(end, index))}(?<v${names.length}>${matching})`;
    names.push(name);
    end = index + variable.length;
  }
  const match = new RegExp(`^${source}${escaped(pattern.slice(end))}$`).exec(path);
  if (match === null) return undefined;
  try {
    return Object.fromEntries(
      names.map((name, index) => [name, decodeURIComponent(match.groups![`v${index}`]!)]),
    );
  } catch {
    // No UTF-8: Fastify answers 400 before any route is looked for.
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
