import { type Dest, isViaName, type ViaHome, type ViaName } from "./dest.ts";
import { type Origin, resolveOrigin } from "./origin.ts";
import { Process } from "./process.ts";

/**
 * The instance of a server on this shard, for what ETS is used for on the BEAM: data that its owner alone structures and that others
 * read and write directly, without a message. Undefined if there is no such process.
 */
export function serverInstance<S extends object>(
  origin: Origin,
  dest: Dest,
  Server: abstract new (...args: never[]) => S,
): S | undefined {
  const process = resolveOrigin(origin).shard.find(dest);
  const instance = process instanceof Process ? process.instance : undefined;
  return instance instanceof Server ? instance : undefined;
}

/** The same for the name of a server, where names are looked up. */
export function namedInstance<S extends object>(
  home: ViaHome,
  name: string | ViaName,
  Server: abstract new (...args: never[]) => S,
): S | undefined {
  const process = isViaName(name) ? name.via.whereis(home, name.key)?.process : home.whereis(name);
  const instance = process instanceof Process ? process.instance : undefined;
  return instance instanceof Server ? instance : undefined;
}
