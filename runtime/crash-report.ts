import type { From } from "./call.ts";
import { brief } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { itemsOf } from "./few.ts";
import { formatStatus, type ServerStatus } from "./format-status.ts";
import type { Process } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import { callerOf } from "./sys-debug.ts";
import { loggedEvents } from "./system-mode.ts";
import { type TelemetryEvent, telemetryEvent } from "./telemetry.ts";

export interface ProcessCrashed {
  readonly runtime: Runtime;
  /** The line in the log. */
  readonly text: string;
  readonly report: Readonly<Record<string, unknown>>;
}

/** A crash report was written. */
export const processCrashed: TelemetryEvent<{ readonly count: 1 }, ProcessCrashed> =
  telemetryEvent("rookery.process.crashed");

/** The message that a server was handling when it crashed. */
export interface LastMessage {
  readonly callback: string;
  readonly message: unknown;
  /** Of a call: who waits for the reply. */
  readonly from?: From | undefined;
}

/**
 * Logs why `process` is about to end, with what is needed to understand it: who it was, what it ran, what it was handling, and
 * who is linked to it and will hear of it. What proc_lib's and gen_server's reports say.
 */
export function reportCrash(
  process: Process,
  reason: ExitReason,
  last: LastMessage | undefined,
  state?: unknown,
  { log, postponed, timeouts }: Partial<ServerStatus> = {},
): void {
  const { pid, name, label } = process;
  const behaviour = process.behaviour.describe(process);
  const fields = {
    pid: String(pid),
    name,
    label,
    behaviour,
    initialCall: process.behaviour.system === undefined ? behaviour : `${behaviour}.init/1`,
    reason: reason instanceof Error ? reason : brief(reason),
    err: reason instanceof Error ? reason : undefined,
    callback: last?.callback,
    lastMessage: last === undefined ? undefined : brief(last.message),
    client: last?.from === undefined ? undefined : callerOf(last.from),
    state: state === undefined ? undefined : brief(state),
    log: briefs(log),
    postponed: briefs(postponed),
    timeouts: briefs(timeouts),
    links: Array.from(itemsOf(process.links), String),
    ancestors: process.ancestors.map(String),
    trapExit: process.trapExit,
    dictionary: process.dictionary === undefined ? undefined : brief(process.dictionary.toMap()),
    reductions: process.reductions,
    mailbox: process.mailbox.length,
  };
  const who = name === undefined ? `${pid} (${behaviour})` : `${pid} "${name}" (${behaviour})`;
  const text = `Process ${who} crashed: ${brief(reason)}`;
  process.shard.logger.error(fields, text);
  if (processCrashed.enabled)
    processCrashed.execute({ count: 1 }, { runtime: process.shard.runtime, text, report: fields });
}

/** As `reportCrash`, with the state of the server; the report shows what its `formatStatus` lets it. */
export function reportServerCrash(process: Process, reason: ExitReason, last: LastMessage | undefined): void {
  const { behaviour, instance } = process;
  // Before `init` is done, there is none.
  const state = process.starting === undefined ? behaviour.system!.getState(process) : undefined;
  const waiting = behaviour.system!.waiting?.(process);
  const log = loggedEvents(process);
  const status: ServerStatus = { state, message: last?.message, reason, log, ...waiting };
  const shown = formatStatus(instance, behaviour.describe(process), status);
  const shownLast = last === undefined ? undefined : { ...last, message: shown.message };
  reportCrash(process, shown.reason, shownLast, shown.state, shown);
}

function briefs(values: readonly unknown[] | undefined): string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values.map(brief);
}
