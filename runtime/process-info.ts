import type { MonitoredName } from "./down-message.ts";
import { runtimeError } from "./errors.ts";
import { countOf, itemsOf } from "./few.ts";
import { asMessage } from "./message-tag.ts";
import { monitorsOf } from "./monitor.ts";
import { Pid } from "./pid.ts";
import { type Process, residentOf } from "./process.ts";
import { ProcessState } from "./process-state.ts";

export const PRIORITY_NAMES = ["high", "normal", "low"] as const;

/** What is known of a living process: `process_info`. */
export interface ProcessInfo {
  readonly registeredName: string | undefined;
  readonly label: unknown;
  readonly behaviour: string;
  /** Module, function and arity: the init of a server; `["erlang", "apply", 2]`, as for every fun, for a plain process. */
  readonly initialCall: readonly [module: string, name: string, arity: number];
  readonly status: "running" | "runnable" | "waiting" | "suspended";
  readonly messageQueueLength: number;
  /** For so many messages the mailbox has room now: 0 until the first one, and after hibernation. */
  readonly mailboxSlots: number;
  readonly links: readonly Pid[];
  readonly monitors: readonly (Pid | MonitoredName)[];
  readonly monitoredBy: readonly Pid[];
  readonly trapExit: boolean;
  readonly priority: (typeof PRIORITY_NAMES)[number];
  readonly reductions: number;
  /** Timers that will send to its pid. */
  readonly timers: number;
  readonly parent: Pid | undefined;
  readonly ancestors: readonly (Pid | string)[];
  readonly dictionary: ReadonlyMap<unknown, unknown>;
  /** The processes that it has suspended, and how many times. */
  readonly suspending: readonly { readonly pid: Pid; readonly count: number }[];
}

/** What can be asked for by name: the messages in the mailbox, too, oldest first. */
export interface ProcessItems extends ProcessInfo {
  readonly messages: readonly unknown[];
}

type Readers<Items> = { readonly [Item in keyof Items]: (process: Process) => Items[Item] };

const infoReaders: Readers<ProcessInfo> = {
  registeredName: (process) => process.name,
  label: (process) => process.label,
  behaviour: (process) => process.behaviour.describe(process),
  initialCall: (process) =>
    process.behaviour.system === undefined
      ? ["erlang", "apply", 2]
      : [process.behaviour.describe(process), "init", 1],
  status: statusOf,
  messageQueueLength: (process) => process.mailbox.length,
  mailboxSlots: (process) => process.mailbox.slots,
  links: (process) => [...itemsOf(process.links)],
  monitors: (process) =>
    monitorsOf(process.held, "held").map((monitor) => monitor.watched ?? monitor.target!.pid),
  monitoredBy: (process) =>
    monitorsOf(process.watching, "watching").flatMap((monitor) => monitor.watcher?.pid ?? []),
  trapExit: (process) => process.trapExit,
  priority: (process) => PRIORITY_NAMES[process.priority],
  reductions: (process) => process.reductions,
  timers: (process) => countOf(process.timers),
  parent: (process) => process.parent,
  ancestors: (process) => process.ancestors,
  dictionary: dictionaryOf,
  suspending: (process) =>
    Array.from(process.suspending ?? [], ([target, { count }]) => ({ pid: target.pid, count })),
};

const itemReaders: Readers<ProcessItems> = {
  ...infoReaders,
  messages: ({ mailbox }) =>
    Array.from({ length: mailbox.length }, (_, index) =>
      asMessage(mailbox.tagAt(index), mailbox.messageAt(index)),
    ),
};

/** A copy of the process dictionary. */
export function dictionaryOf(process: Process): Map<unknown, unknown> {
  return process.dictionary?.toMap() ?? new Map<unknown, unknown>();
}

export function statusOf(process: Process): ProcessInfo["status"] {
  if (process.suspensions > 0) return "suspended";
  if (process.state === ProcessState.Running) return "running";
  return process.queued ? "runnable" : "waiting";
}

/** What `info` of a process handle and of the runtime answers: all items, one, or those of a list, in its order. */
export function processInfo(pid: unknown, items?: unknown): unknown {
  if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
  if (items === undefined) return read(pid, infoReaders, Object.keys(infoReaders));
  const names = Array.isArray(items) ? (items as unknown[]) : [items];
  for (const name of names) {
    if (typeof name !== "string" || !Object.hasOwn(itemReaders, name))
      throw runtimeError("ROOKERY_BADARG", `one of ${Object.keys(itemReaders).join(", ")}`, name);
  }
  const found = read(pid, itemReaders, names as string[]);
  return Array.isArray(items) ? found : found?.[items as string];
}

function read(pid: Pid, readers: object, names: readonly string[]): Record<string, unknown> | undefined {
  if (pid.process === undefined) return undefined;
  const process = residentOf(pid);
  if (process === undefined) throw runtimeError("ROOKERY_BADARG", "a process of this shard", pid);
  const byName = readers as Record<string, (process: Process) => unknown>;
  return Object.fromEntries(names.map((name) => [name, byName[name]!(process)]));
}
