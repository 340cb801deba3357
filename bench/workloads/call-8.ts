import { calls } from "./call.ts";
import type { Workload } from "./workload.ts";

export const run: Workload = calls(800_000, 8);
