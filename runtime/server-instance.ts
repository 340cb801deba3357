import type { Dest } from "./dest.ts";
import { type Origin, resolveOrigin } from "./origin.ts";

/**
 * The instance of a server on this shard, for what ETS is used for on the BEAM: data that its owner alone structures and that others
 * read and write directly, without a message. Undefined if there is no such process.
 */
export function serverInstance<S extends object>(
  origin: Origin,
  dest: Dest,
  Server: abstract new (...args: never[]) => S,
): S | undefined {
  const instance = resolveOrigin(origin).shard.find(dest)?.instance;
  return instance instanceof Server ? instance : undefined;
}
