import { runtimeError } from "../errors.ts";
import { commonText } from "../term-key.ts";
import { placeOf } from "./shard-setup.ts";

/**
 * Where a server is started. `"here"`: on the shard of who starts it. `"least_loaded"`: where the fewest processes live. `{ shard }`: on the shard with that place, 0 is the first.
 * `{ key }`: equal keys on the same shard; when a shard comes or goes, only the keys move that it gets or had.
 */
export type Placement = "here" | "least_loaded" | { readonly shard: number } | { readonly key: unknown };

/** The number of the shard that `placement` means, of those that are open. */
export function choosePlace(
  placement: Placement,
  here: number,
  open: readonly number[],
  load: (number: number) => number,
): number {
  if (placement === "here") return here;
  if (placement === "least_loaded")
    return open.reduce((best, number) => (load(number) < load(best) ? number : best));
  if (typeof placement === "object" && placement !== null && "shard" in placement) {
    const found = open.find((number) => placeOf(number) === placement.shard);
    if (found !== undefined) return found;
    const places = open.map(placeOf).join(", ");
    throw runtimeError("ROOKERY_BADARG", `one of the shards that run (${places})`, placement.shard);
  }
  if (typeof placement === "object" && placement !== null && "key" in placement) {
    const key = commonText(placement.key);
    // The shard that draws the highest number for the key: what the others draw doesn't change it.
    return open.reduce((best, number) => (draw(key, number) > draw(key, best) ? number : best));
  }
  throw runtimeError(
    "ROOKERY_BADARG",
    '"here", "least_loaded", { shard } or { key } as the place of a start',
    placement,
  );
}

/** FNV-1a over the key, for the place of a shard: one that was started again draws the same. */
function draw(key: string, number: number): number {
  let hash = 0x811c9dc5 ^ placeOf(number);
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
