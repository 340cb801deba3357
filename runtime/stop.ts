import { expectTimeout } from "./argument.ts";
import type { Dest } from "./dest.ts";
import { brief, ExitError, errorText, type RuntimeErrorCode } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { STOP } from "./message-tag.ts";
import { attachMonitor, detachMonitor, Monitor } from "./monitor.ts";
import { absenceOf, failureAt } from "./nodes/absence.ts";
import type { Process } from "./process.ts";
import type { Shard } from "./shard.ts";
import { isCopy } from "./term-key.ts";
import { Timer } from "./timer-wheel.ts";

/** Someone who waits for a server to be dead. */
class PendingStop extends Monitor {
  readonly settle: (reason: ExitReason) => void;

  constructor(caller: Process | undefined, settle: (reason: ExitReason) => void) {
    super(caller);
    this.settle = settle;
  }

  override down(reason: ExitReason): void {
    this.settle(reason);
  }
}

class StopTimer extends Timer {
  readonly #expired: () => void;

  constructor(expired: () => void) {
    super();
    this.#expired = expired;
  }

  fire(): void {
    this.#expired();
  }
}

/**
 * `GenServer.stop`: makes a server terminate with `reason`, after what is in its mailbox, and resolves when it is dead. Rejects
 * with an ExitError if there is none (`"noproc"`), if it is the caller itself (`"calling_self"`), if its node can't be reached (`nodedown`,
 * within the `sys:terminate` that failed), if it ended with another reason, or when the time is over: it goes on terminating then.
 */
export function stopServer(
  shard: Shard,
  caller: Process | undefined,
  dest: Dest,
  reason: ExitReason,
  timeoutMs: number,
): Promise<void> {
  expectTimeout(timeoutMs);
  const call = ["GenServer", "stop", [dest, reason, timeoutMs]];
  return new Promise((resolve, reject) => {
    const fail = (code: RuntimeErrorCode, why: ExitReason, ...values: unknown[]): void => {
      reject(new ExitError(code, errorText(code, ...values), [why, call]));
    };
    const ended = (reasonThere: ExitReason): void => {
      const why = failureAt(shard, dest, reasonThere);
      if (why === reasonThere) fail("ROOKERY_CALL_EXIT", why, dest, why, "stop");
      else fail("ROOKERY_NODE_DOWN", [why, ["sys", "terminate", call[2]]], dest, "stop");
    };
    const server = shard.find(dest);
    if (server === undefined && absenceOf(shard, dest) === "noconnection") return ended("noconnection");
    if (server === undefined) return fail("ROOKERY_NOPROC", "noproc", "stop", brief(dest));
    // Through the runtime, too: a callback that awaits its own end would wait for ever.
    if (server === (caller ?? shard.scheduler.current))
      return fail("ROOKERY_CALLING_SELF", "calling_self", brief(dest));
    const { unowned } = shard;
    const timer = new StopTimer(() => {
      unowned.delete(pending);
      if (detachMonitor(pending)) fail("ROOKERY_STOP_TIMEOUT", "timeout", dest, timeoutMs);
    });
    const pending = new PendingStop(caller, (why) => {
      unowned.delete(pending);
      shard.timers.stop(timer);
      shard.scheduler.resumed();
      if (isCopy(why, reason)) resolve();
      else ended(why);
    });
    attachMonitor(pending, server);
    if (caller === undefined) unowned.add(pending);
    try {
      server.deliver(STOP, reason);
    } catch (error) {
      unowned.delete(pending);
      detachMonitor(pending);
      throw error;
    }
    if (Number.isFinite(timeoutMs)) shard.timers.start(timer, timeoutMs);
  });
}
