import { ALL } from "./million-rows.ts";
import { pages } from "./page.ts";
import type { Workload } from "./workload.ts";

export const run: Workload = (runtime) => pages(runtime, 10_000, ALL);
