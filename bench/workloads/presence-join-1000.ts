import { microseconds } from "./presence.ts";
import type { Workload } from "./workload.ts";

export const run: Workload = microseconds("join", 1_000);
