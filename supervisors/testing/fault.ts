import type { Candidate } from "./candidate.ts";
import type { ChaosSystem } from "./chaos-system.ts";
import type { ProcessHarm } from "./process-fault.ts";

/** A way to come to harm. */
export interface Fault {
  /** What it is called in scripts: no two faults of a chaos have the same name. */
  readonly name: string;
  /** What can come to this harm now: ids that mean the same in a repeated run. `selected`: the processes that are targets. */
  targets(system: ChaosSystem, selected: readonly Candidate[]): readonly string[];
  /** Does it. What is not there any more is left alone. */
  inflict(system: ChaosSystem, target: string, selected: readonly Candidate[]): void | Promise<void>;
}

/** An exit signal with this reason (`Process.exit/2`): who traps exits may survive it. */
export function exit(reason: unknown = "shutdown"): Fault {
  return ofProcess(`exit ${String(reason)}`, { kind: "exit", reason });
}

/** An exit signal that nobody survives. */
export function kill(): Fault {
  return ofProcess("kill", { kind: "exit", reason: "kill" });
}

/** The next callback throws. */
export function crash(): Fault {
  return ofProcess("crash", { kind: "crash" });
}

/**
 * The next callback holds the thread for `ms` before it begins; with a watchdog (`stallMs`) that may be the end of the process. In a
 * simulation it always is: it exits with `"stalled"`.
 */
export function stall(ms: number): Fault {
  return ofProcess(`stall ${ms} ms`, { kind: "stall", ms });
}

/** So many messages that nobody understands, at once. */
export function flood(messages: number): Fault {
  return ofProcess(`flood of ${messages}`, { kind: "flood", messages });
}

function ofProcess(name: string, what: ProcessHarm): Fault {
  return {
    name,
    targets: (_system, selected) => selected.map(({ id }) => id),
    inflict(system, target, selected) {
      const victim = selected.find(({ id }) => id === target);
      if (victim !== undefined) system.harm(victim, what);
    },
  };
}

/** How long a shard of a simulation that has crashed is gone. */
const SHARD_DOWN_MS = 100;

/** A shard, never the first, is gone with all its processes and comes back. In simulations; elsewhere it has no targets. */
export function shardCrash(): Fault {
  return {
    name: "shard crash",
    targets: ({ runtime, simulation }) =>
      simulation === undefined
        ? []
        : runtime
            .shards()
            .filter((place) => place !== runtime.place)
            .map(String),
    inflict({ simulation, runtime }, target) {
      const place = Number(target);
      if (simulation === undefined || !runtime.shards().includes(place)) return;
      simulation.loseShard(place);
      runtime.clock.setTimer(SHARD_DOWN_MS, () => void simulation.startShard(place));
    },
  };
}
