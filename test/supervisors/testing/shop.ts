import type { Runtime } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { Counter } from "./counter.ts";

/** A supervisor with three counters, all under names. */
export async function shop(runtime: Runtime, intensity = 1_000): Promise<void> {
  const child = (name: string) => ({ id: name, name, start: [Counter, undefined] as const });
  await runtime.start(
    Supervisor,
    { strategy: "one_for_one", intensity, children: [child("orders"), child("stock"), child("audit")] },
    { name: "shop" },
  );
}
