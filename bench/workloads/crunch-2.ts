import { crunch } from "./crunch.ts";
import type { Workload } from "./workload.ts";

export const shards = 2;

/** The same on two shards. */
export const run: Workload = crunch;
