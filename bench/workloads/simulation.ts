import { GenServer, noReply, ok, type NoReply, type Ok, silentLogger, Supervisor } from "rookery";
import { chaos, simulate, under } from "rookery/testing";
import type { Workload } from "./workload.ts";

const NODES = 100;
const TICK_MS = 10;
const NEIGHBOURS = 10;
const SIMULATED_MS = 30_000;

let handled = 0;

/** Greets its neighbours again and again. */
class Neighbour extends GenServer<readonly string[]> {
  init(neighbours: readonly string[]): Ok<readonly string[]> {
    this.self.sendAfter(TICK_MS, this.self.pid, "tick");
    return ok(neighbours);
  }

  override handleInfo(message: unknown): NoReply {
    handled += 1;
    if (message === "tick") {
      this.self.sendAfter(TICK_MS, this.self.pid, "tick");
      for (const neighbour of this.state) this.self.send(neighbour as never, "hello" as never);
    }
    return noReply();
  }
}

/** Messages that a simulation handles in a second, while its children are killed and invariants are looked at after each step. */
export const run: Workload = async () => {
  await using simulation = await simulate({ seed: 1, logger: silentLogger });
  const { runtime } = simulation;
  const name = (index: number): string => `node ${index % NODES}`;
  const children = Array.from({ length: NODES }, (_, index) => ({
    id: name(index),
    name: name(index),
    start: [Neighbour, Array.from({ length: NEIGHBOURS }, (_, n) => name(index + n + 1))] as const,
  }));
  await simulation.run(() =>
    runtime.start(Supervisor, { strategy: "one_for_one", intensity: 1_000, children }, { name: "town" }),
  );
  handled = 0;
  const started = performance.now();
  await chaos(simulation, {
    seed: 1,
    durationMs: SIMULATED_MS,
    rateHz: 10,
    targets: [under("town")],
    invariants: {
      "the town is there": () => runtime.whereis("town") !== undefined,
      "nobody floods": () => runtime.processes().length === NODES + 1,
    },
  });
  return (handled / (performance.now() - started)) * 1_000;
};
