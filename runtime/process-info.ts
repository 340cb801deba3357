import type { MonitoredName } from "./down-message.ts";
import { monitorsOf } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { type Process, ProcessState } from "./process.ts";

export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** What is known of a living process: `process_info`. */
export interface ProcessInfo {
  readonly registeredName: string | undefined;
  readonly label: unknown;
  readonly behaviour: string;
  readonly status: "running" | "runnable" | "waiting";
  readonly messageQueueLength: number;
  readonly links: readonly Pid[];
  readonly monitors: readonly (Pid | MonitoredName)[];
  readonly monitoredBy: readonly Pid[];
  readonly trapExit: boolean;
  readonly priority: (typeof PRIORITY_NAMES)[number];
  readonly reductions: number;
  readonly parent: Pid | undefined;
  readonly ancestors: readonly (Pid | string)[];
  readonly dictionary: ReadonlyMap<unknown, unknown>;
}

/** A snapshot of `process`. */
export function processInfo(process: Process): ProcessInfo {
  return {
    registeredName: process.name,
    label: process.label,
    behaviour: process.behaviour.describe(process),
    status: process.state === ProcessState.Running ? "running" : process.queued ? "runnable" : "waiting",
    messageQueueLength: process.mailbox.length,
    links: [...(process.links ?? [])],
    monitors: monitorsOf(process.held, "held").map((monitor) => monitor.watched ?? monitor.target!.pid),
    monitoredBy: monitorsOf(process.watching, "watching").flatMap((monitor) => monitor.watcher?.pid ?? []),
    trapExit: process.trapExit,
    priority: PRIORITY_NAMES[process.priority],
    reductions: process.reductions,
    parent: process.parent,
    ancestors: process.ancestors,
    dictionary: new Map(process.dictionary),
  };
}
