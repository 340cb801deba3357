import { expect, test } from "vitest";
import type { Pid } from "../../../runtime/index.ts";
import type { Simulation } from "../../../runtime/testing.ts";
import { collectUntil } from "./collect-garbage.ts";
import { acrossShards, doers } from "./far.ts";

const LAST_ONES = 3;

function kept(simulation: Simulation): number[] {
  return simulation.runtimes.flatMap(({ shard }) => Object.values(shard.interconnect!.kept));
}

test("of processes that were known elsewhere, and of references, nothing is kept once nobody has them", async () => {
  await acrossShards(
    async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      const before = kept(simulation);
      for (let n = 0; n < 200; n += 1) {
        near.do((self) =>
          self.spawnLink((child) => {
            const monitor = child.monitor(farHere);
            child.link(farHere);
            child.send(farHere, [child.pid, child.alias(), monitor]);
            child.unlink(farHere);
            child.demonitor(monitor);
          }),
        );
        far.do((self) => {
          for (const message of far.messages.splice(0))
            if (Array.isArray(message)) self.monitor(message[0] as Pid);
          self.send(
            nearThere,
            self.spawn(() => {}),
          );
        });
        if (n % 20 === 0) await simulation.settle();
      }
      await simulation.settle();
      expect(near.messages.length).toBe(200);
      near.messages.length = 0;
      far.messages.length = 0;
      await simulation.settle();
      expect(Math.max(...kept(simulation))).toBeGreaterThan(100);
      // The message that a process took last may still be at hand somewhere.
      await collectUntil(() => kept(simulation).every((count, at) => count <= before[at]! + LAST_ONES));
    },
    { runs: 2 },
  );
});
