import type { Workload } from "./workload.ts";
import { restarts } from "./restart.ts";

export const run: Workload = restarts(0.5);
