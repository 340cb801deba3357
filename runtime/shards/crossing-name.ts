import { isViaName, type Via } from "../dest.ts";
import { runtimeError } from "../errors.ts";

/** A name on its way to another shard. */
export type CrossingName = string | { readonly via: string; readonly key: unknown };

/** The registries whose names can cross, by what they are called; the same on each shard that has loaded them. */
const vias = new Map<string, Via>();

/** From now on names of `via` can cross to other shards. */
export function letCross(called: string, via: Via): Via {
  vias.set(called, via);
  return via;
}

/** Throws ROOKERY_BADARG for a name in a registry of the user's. */
export function crossingName(name: unknown): CrossingName {
  if (typeof name === "string") return name;
  const via = isViaName(name) ? [...vias].find(([, known]) => known === name.via)?.[0] : undefined;
  if (via === undefined || !isViaName(name))
    throw runtimeError(
      "ROOKERY_BADARG",
      "a string, or a name in a Registry, for a server on another shard",
      name,
    );
  return { via, key: name.key };
}

/** The name that has come from another shard. Throws ROOKERY_NO_REGISTRY if its registry is not known here. */
export function arrivedName(name: CrossingName): unknown {
  if (typeof name === "string") return name;
  const via = vias.get(name.via);
  if (via === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", name.via, name.key);
  return { via, key: name.key };
}
