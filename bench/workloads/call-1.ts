import { calls } from "./call.ts";
import type { Workload } from "./workload.ts";

export const run: Workload = calls(500_000, 1);
