import type { SocketMount } from "../endpoint/endpoint-options.ts";
import type { Router } from "../router/router.ts";

type Cells = readonly [method: string, path: string, target: string, through: string];

/** A table of all routes as text, a line for each, those of forwards and of sockets last. What `mix phx.routes` prints. */
export function routeLines(
  router: Router,
  sockets: Readonly<Record<string, SocketMount>> = {},
  method?: string,
): string[] {
  const rows: Cells[] = [
    ...router.routes.map((row): Cells => [
      row.method,
      at(row),
      `${row.controller}.${row.action}`,
      list(row.through),
    ]),
    ...router.forwards.map((row): Cells => ["*", at(row), `${row.to} (plugin)`, list(row.through)]),
    ...Object.entries(sockets).flatMap(([path, mount]) => socketRows(path, mount)),
  ].filter(([of]) => method === undefined || of === method || of === "*");
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function at({ path, hosts }: { readonly path: string; readonly hosts: readonly string[] }): string {
  return hosts.length === 0 ? path : `${hosts.map((host) => host.replace(/\.$/, ".*")).join("|")}${path}`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "" : `[${names.join(", ")}]`;
}

function socketRows(path: string, { handler, websocket = true, longpoll = false }: SocketMount): Cells[] {
  const rows: Cells[] = [];
  if (websocket !== false) rows.push(["WS", `${path}/websocket`, handler.name, ""]);
  if (longpoll !== false) {
    for (const method of ["GET", "POST"]) rows.push([method, `${path}/longpoll`, handler.name, ""]);
  }
  return rows;
}
