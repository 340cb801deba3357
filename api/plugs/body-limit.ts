import type { Plug } from "../plug.ts";

/**
 * Refuses larger bodies with 413, before they are read to their end. Of several on the way to a route the smallest counts;
 * it may also be larger than the endpoint's own limit, which is 1 MiB, or one among the endpoint's plugs.
 */
export function bodyLimit(bytes: number): Plug {
  const limited = (): undefined => undefined;
  return Object.assign(limited, { bodyLimitBytes: bytes });
}
