import type { Self } from "rookery";
import type { Fault } from "rookery/testing";
import type { SoakWorld } from "./soak-world.ts";

/**
 * The same fault, but in the midst of work: not when it is due, for then everything waits, but so many turns of other processes after
 * the next request or frame has come.
 */
export function midway(world: SoakWorld, fault: Fault, turns: number): Fault {
  return {
    name: `${fault.name}, ${turns} turns into the next work`,
    targets: (system, selected, spared) => fault.targets(system, selected, spared),
    inflict(system, target, selected) {
      world.whenWorking(() => {
        system.runtime.spawn(async (self: Self) => {
          for (let turn = 0; turn < turns; turn += 1) {
            self.send(self.pid, "turn");
            await self.receive();
          }
          await fault.inflict(system, target, selected);
        });
      });
    },
  };
}
