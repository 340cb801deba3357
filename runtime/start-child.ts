import { type Origin, resolveOrigin } from "./origin.ts";
import type { ServerClass } from "./server-class.ts";
import { LINKED, startServer, type StartOptions, type StartResult } from "./start.ts";

/** Starts a server, linked to `origin` if that is a process, and answers what came of it as a value: for supervisors. */
export function startChildServer(
  origin: Origin,
  Server: ServerClass,
  arg: unknown,
  options?: StartOptions,
): Promise<StartResult> {
  const { shard, process } = resolveOrigin(origin);
  return startServer(shard, process, Server, arg, options, LINKED);
}
