import { JumpingClock, VirtualClock } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import type { ChaosSystem } from "./chaos-system.ts";
import type { Fault } from "./fault.ts";

const CLOCK = "clock";

/**
 * The time of day jumps by `ms`, backwards if less than 0; timers and what is measured never do. In simulations, and on a runtime with a
 * `JumpingClock`, on all of their shards; elsewhere it has no targets.
 */
export function clockJump(ms: number): Fault {
  if (!Number.isSafeInteger(ms))
    throw supervisorError("ROOKERY_SUPERVISOR_OPTION", "whole milliseconds as ms", "clockJump", ms);
  return {
    name: `clock jump of ${ms} ms`,
    needs: "a simulation, or a runtime with a JumpingClock",
    targets: (system) => (clockOf(system) === undefined ? [] : [CLOCK]),
    inflict(system) {
      clockOf(system)?.jump(ms);
    },
  };
}

function clockOf({ runtime: { clock } }: ChaosSystem): JumpingClock | VirtualClock | undefined {
  return clock instanceof JumpingClock || clock instanceof VirtualClock ? clock : undefined;
}
