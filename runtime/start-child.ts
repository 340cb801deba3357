import { type Origin, resolveOrigin } from "./origin.ts";
import type { ServerClass } from "./server-class.ts";
import { LINKED, startServer, type StartOptions, type StartResult, UNLINKED } from "./start.ts";

/** Starts a server and answers what came of it as a value: for supervisors. Linked if `origin` is a process and `linked` is set. */
export function startChildServer(
  origin: Origin,
  Server: ServerClass,
  arg: unknown,
  options: StartOptions & { readonly linked: boolean },
): Promise<StartResult> {
  const { linked, ...startOptions } = options;
  const { shard, process } = resolveOrigin(origin);
  return startServer(shard, process, Server, arg, startOptions, linked ? LINKED : UNLINKED);
}
