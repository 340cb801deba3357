import type { Pid, Runtime } from "../../runtime/index.ts";
import { brief, expectDuration, expectFunction } from "../../runtime/internal.ts";
import { supervisorError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import type { ChaosSystem } from "./chaos-system.ts";
import type { Inflict, ProcessHarm } from "./process-fault.ts";

/** A way to come to harm. */
export interface Fault {
  /** What it is called in scripts: no two faults of a chaos have the same name. */
  readonly name: string;
  /** What has to be there for it to have targets: "it needs ...", for whoever wonders why it strikes nobody. */
  readonly needs?: string;
  /**
   * What can come to this harm now: ids that mean the same in a repeated run. `selected` are the processes that are targets, `spared` those that
   * are excluded.
   */
  targets(
    system: ChaosSystem,
    selected: readonly Candidate[],
    spared: readonly Candidate[],
  ): readonly string[];
  /** Does it to one of its targets. */
  inflict(system: ChaosSystem, target: string, selected: readonly Candidate[]): void | Promise<void>;
}

/** An exit signal with this reason (`Process.exit/2`): who traps exits may survive it. */
export function exit(reason: unknown = "shutdown"): Fault {
  return ofProcess(`exit ${brief(reason)}`, { kind: "exit", reason });
}

/** An exit signal that nobody survives. */
export function kill(): Fault {
  return ofProcess("kill", { kind: "exit", reason: "kill" });
}

/** The next callback throws, if there is one before the end of the chaos. */
export function crash(): Fault {
  return ofProcess("crash", { kind: "crash" });
}

/**
 * The next callback, if there is one before the end of the chaos, holds the thread for `ms` before it begins; with a watchdog (`stallMs`) that may be the end of the process. In a
 * simulation it always is: it exits with `"stalled"`.
 */
export function stall(ms: number): Fault {
  expectDuration(ms);
  return ofProcess(`stall ${ms} ms`, { kind: "stall", ms });
}

/** So many messages that nobody understands, at once. */
export function flood(messages: number): Fault {
  if (!(Number.isSafeInteger(messages) && messages > 0))
    throw supervisorError("ROOKERY_SUPERVISOR_OPTION", "an integer above 0 as messages", "flood", messages);
  return ofProcess(`flood of ${messages}`, { kind: "flood", messages });
}

/**
 * A fault of one's own, for processes: `inflict` is called on the shard on which the process lives. For shards on other threads, `module`
 * (`import.meta.url`) has to export it under its name, and `args` are copied.
 * @example
 * ```ts
 * export function forget(runtime: Runtime, pid: Pid): void {
 *   runtime.cast(pid, "forget");
 * }
 * export const amnesia = processFault("amnesia", import.meta.url, forget);
 * ```
 */
export function processFault<Args extends readonly unknown[]>(
  name: string,
  module: string,
  inflict: (runtime: Runtime, pid: Pid, ...args: Args) => void,
  ...args: Args
): Fault {
  expectFunction("that inflicts the fault", inflict);
  return ofProcess(name, {
    kind: "own",
    module,
    name: inflict.name,
    args,
    inflict: inflict as unknown as Inflict,
  });
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
