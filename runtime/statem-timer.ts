import { withItem, withoutItem } from "./few.ts";
import { STATEM_TIMEOUT } from "./message-tag.ts";
import type { Process } from "./process.ts";
import type { Timeout } from "./statem-queue.ts";
import { Timer } from "./timer-wheel.ts";

/** The timer of a GenStatem's timeout: that it has run out comes to the mailbox. Ends with the process. */
class StatemTimer extends Timer {
  readonly #process: Process;
  readonly #timeout: Timeout;

  constructor(process: Process, timeout: Timeout) {
    super();
    this.#process = process;
    this.#timeout = timeout;
  }

  fire(): void {
    this.#process.deliver(STATEM_TIMEOUT, this.#timeout);
  }
}

/** Starts a timer that is due after `timeMs`, or, with `absolute`, at that time of the clock. */
export function startStatemTimer(
  process: Process,
  timeout: Timeout,
  timeMs: number,
  absolute: boolean,
): Timer {
  const { timers } = process.shard;
  const timer = new StatemTimer(process, timeout);
  process.timers = withItem(process.timers, timer);
  if (absolute) timers.startAt(timer, timeMs);
  else timers.start(timer, timeMs);
  return timer;
}

export function stopStatemTimer(process: Process, timer: Timer): void {
  process.timers = withoutItem(process.timers, timer);
  process.shard.timers.stop(timer);
}
