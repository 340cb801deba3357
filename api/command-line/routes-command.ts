import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Endpoint } from "../endpoint/endpoint.ts";
import type { SocketMount } from "../endpoint/endpoint-options.ts";
import { apiError } from "../errors.ts";
import { routeInfo } from "../router/route-info.ts";
import { Router } from "../router/router.ts";
import { routeLines } from "./route-lines.ts";

export const USAGE = "rookery routes MODULE [--method METHOD] [--info PATH] [--host HOST]";

interface Served {
  readonly router: Router;
  readonly sockets?: Readonly<Record<string, SocketMount>>;
}

/**
 * `rookery routes router.ts`: the routes of the router or the endpoint that a module exports, under whatever name; an endpoint
 * comes with its sockets. With `--info`, who serves one path.
 */
export async function routesCommand(args: readonly string[]): Promise<readonly string[]> {
  const { values, positionals } = readArguments(args);
  const method = values.method?.toUpperCase();
  const { router, sockets } = await servedBy(positionals[0] ?? "");
  if (values.info === undefined) return routeLines(router, sockets, method);

  const info = routeInfo(router, method ?? "GET", values.info, values.host);
  if (info === undefined) throw apiError("ROOKERY_COMMAND", "a path that a route is for", values.info);
  const { route, params } = info;
  return [
    `${route.method} ${route.path}`,
    `  action   ${route.controller}.${route.action}`,
    `  through  ${route.through.join(", ") || "nothing"}`,
    `  params   ${JSON.stringify(params)}`,
  ];
}

type Values = { readonly [Name in "method" | "info" | "host"]?: string };

function readArguments(args: readonly string[]): { values: Values; positionals: readonly string[] } {
  const text = { type: "string" } as const;
  const options = { method: text, info: text, host: text };
  let read: { values: Values; positionals: readonly string[] } | undefined;
  try {
    read = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch {
    // What is wrong with them is said below.
  }
  if (read?.positionals.length !== 1) throw apiError("ROOKERY_COMMAND", USAGE, args.join(" "));
  return read;
}

async function servedBy(path: string): Promise<Served> {
  const url = pathToFileURL(resolve(path)).href;
  const exported = Object.values((await import(url)) as Readonly<Record<string, unknown>>);
  const endpoint = exported.find((value) => value instanceof Endpoint);
  if (endpoint !== undefined) return endpoint.options;
  const router = exported.find((value) => value instanceof Router);
  if (router === undefined)
    throw apiError("ROOKERY_COMMAND", "a module that exports a router or an endpoint", path);
  return { router };
}
