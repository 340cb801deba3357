import { ExitError } from "../../runtime/index.ts";
import { type FaultForm, offeredFaults } from "./chaos-faults.ts";
import type { ChaosPlan, Refused } from "./chaos-plan.ts";
import type { ShownRun } from "./chaos-run.ts";
import type { RunnerRequest, Started } from "./chaos-runner.ts";
import { RUNNER } from "./chaos-targets.ts";
import type { Observers } from "./observers.ts";

const ANSWER_MS = 3_000;

/** How the page shows chaos: what there is to choose, and the last run if there was one. */
export interface ShownChaos {
  readonly faults: readonly FaultForm[];
  readonly run: ShownRun | undefined;
}

interface Stopped {
  readonly stopped: boolean;
}

/** The last run, of whichever page, from the fault on that was asked for. */
export async function shownChaos(
  observers: Observers,
  { id, since }: { readonly id: string; readonly since: number },
): Promise<ShownChaos | Refused> {
  const run = await askRunner<ShownRun>(observers, ["shown", id, since]);
  if (run !== undefined && "refused" in run) return run;
  return { faults: offeredFaults(observers.self.runtime.shards().length), run };
}

/** Lets chaos begin, on the first shard if the endpoint is there: that one never crashes. */
export async function startChaos(observers: Observers, plan: ChaosPlan): Promise<Started | Refused> {
  for (const place of new Set([0, observers.self.runtime.place])) {
    const answer = await unlessHeld(observers.at(place, "chaos", plan));
    if (answer !== "no kit") return answer;
  }
  return { refused: "Expected the endpoint on this shard, but it is gone" };
}

export async function stopChaos(observers: Observers): Promise<Stopped | Refused> {
  return (await askRunner<Stopped>(observers, ["stop"])) ?? { stopped: false };
}

/** Undefined if nothing was ever run, or whoever ran it is dead. */
async function askRunner<Answer>(
  { self }: Observers,
  request: RunnerRequest,
): Promise<Answer | Refused | undefined> {
  try {
    return await unlessHeld(self.call(RUNNER, request as never, ANSWER_MS) as Promise<Answer | undefined>);
  } catch (error) {
    if (error instanceof ExitError) return undefined;
    throw error;
  }
}

/** The answer, or that there is none in time: a stall may hold the shard of whoever is asked. */
async function unlessHeld<Answer>(answer: Promise<Answer>): Promise<Answer | Refused> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ExitError) || error.code !== "ROOKERY_CALL_TIMEOUT") throw error;
    return { refused: `Expected an answer within ${ANSWER_MS} ms, but its shard is held` };
  }
}
