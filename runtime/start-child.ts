import type { Waiter } from "./async-outcome.ts";
import { type Origin, resolveOrigin } from "./origin.ts";
import type { ServerClass } from "./server-class.ts";
import { beginStart, LINKED, startServer, type StartOptions, type StartResult } from "./start.ts";

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

/** The same for one who does not wait for a promise. */
export function startChildServerFor(
  waiter: Waiter<StartResult>,
  origin: Origin,
  Server: ServerClass,
  arg: unknown,
  options: StartOptions | undefined,
): void {
  if (options?.on !== undefined) {
    startChildServer(origin, Server, arg, options).then(
      (result) => waiter.resolve(result),
      (error: Error) => waiter.reject(error),
    );
    return;
  }
  const { shard, process } = resolveOrigin(origin);
  try {
    beginStart(shard, process, Server, arg, options, LINKED, (result) => waiter.resolve(result));
  } catch (error) {
    waiter.reject(error as Error);
  }
}
