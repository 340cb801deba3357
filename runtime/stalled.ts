import { type LastMessage, reportCrash, reportServerCrash } from "./crash-report.ts";
import { buryTheDying, exitProcess } from "./exit-signal.ts";
import { CAST, STOP, SYSTEM } from "./message-tag.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";

/** The exit reason of a process whose turn did not end and was terminated. */
export const STALLED = "stalled";

/** Ends `process`, whose turn was cut off anywhere in its middle: nothing was caught, no `finally` has run. */
export function exitStalled(process: Process, report: boolean): void {
  const { shard } = process;
  shard.scheduler.pulse.open(0);
  shard.acting = undefined;
  shard.timers.recover();
  // It may be dead already: its code had ended it and went on, or a hook of its own death stalled.
  if (process.state !== ProcessState.Exited) {
    const reason = process.pendingExit === undefined ? STALLED : process.pendingExit.reason;
    process.starting?.interrupted();
    if (report) reportStall(process);
    exitProcess(process, reason);
  }
  buryTheDying(shard);
}

function reportStall(process: Process): void {
  const last = lastMessage(process);
  if (process.behaviour.system === undefined) reportCrash(process, STALLED, last);
  else reportServerCrash(process, STALLED, last);
}

function lastMessage(process: Process): LastMessage | undefined {
  const { starting, mailbox } = process;
  if (starting !== undefined) return { callback: "init", message: starting.arg };
  const last = mailbox.lastTaken;
  if (last === undefined) return undefined;
  const { tag, message } = last;
  if (process.behaviour.system?.module !== "GenServer") return { callback: "event", message };
  return { callback: callbackFor(tag), message };
}

function callbackFor(tag: unknown): string {
  if (tag === CAST) return "handleCast";
  if (tag === STOP) return "terminate";
  if (tag === SYSTEM) return "system";
  return typeof tag === "symbol" || tag === undefined ? "handleInfo" : "handleCall";
}
