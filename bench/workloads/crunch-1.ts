import { crunch } from "./crunch.ts";
import type { Workload } from "./workload.ts";

/** Servers that compute, all on one shard. */
export const run: Workload = crunch;
