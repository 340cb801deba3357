import type { Clock, HostTimer } from "./clock.ts";
import { type Timer, TimerWheel } from "./timer-wheel.ts";

/**
 * The timers of one shard: a wheel, and one timer of the host that wakes it. However many timers there are, the host sees
 * one; it keeps Node running only while a timer is waiting.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  #host: HostTimer | undefined = undefined;
  #wakeMs = Number.POSITIVE_INFINITY;
  #held = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wheel = new TimerWheel(clock.nowMs());
  }

  /** Starts `timer`, due `afterMs` from now. Timers never fire early. */
  start(timer: Timer, afterMs: number): void {
    this.startAt(timer, this.#clock.nowMs() + afterMs);
  }

  /** Starts `timer`, due at `dueMs` of the clock, or as soon as possible if that has passed. */
  startAt(timer: Timer, dueMs: number): void {
    this.#wheel.add(timer, dueMs);
    if (timer.dueMs < this.#wakeMs) this.#arm(timer.dueMs);
    else if (!this.#held) this.#hold();
  }

  /** Stops `timer`; false if it has fired or was stopped before. */
  stop(timer: Timer): boolean {
    const stopped = this.#wheel.remove(timer);
    // The host's timer stays as it is: most timers are stopped (a call that was answered), and arming it anew each time
    // would cost more than one idle wake-up. It only must not keep Node running for nothing.
    if (stopped && this.#wheel.length === 0) this.#release();
    return stopped;
  }

  /** How many wait for their time. */
  get length(): number {
    return this.#wheel.length;
  }

  /** The milliseconds left, or false if the timer has fired or was stopped. */
  left(timer: Timer): number | false {
    if (!timer.active) return false;
    return Math.max(0, Math.ceil(timer.dueMs - this.#clock.nowMs()));
  }

  /** Code that was starting a timer has been terminated: the one of the host may not have been set. */
  recover(): void {
    const next = this.#wheel.nextMs();
    if (next !== undefined) this.#arm(next);
  }

  close(): void {
    this.#host?.cancel();
    this.#host = undefined;
  }

  #wake = (): void => {
    this.#host = undefined;
    this.#held = false;
    this.#wakeMs = Number.POSITIVE_INFINITY;
    try {
      this.#wheel.advance(this.#clock.nowMs());
    } finally {
      const next = this.#wheel.nextMs();
      if (next !== undefined && next < this.#wakeMs) this.#arm(next);
    }
  };

  #arm(atMs: number): void {
    this.#host?.cancel();
    this.#wakeMs = atMs;
    this.#held = true;
    this.#host = this.#clock.setTimer(Math.max(1, Math.ceil(atMs - this.#clock.nowMs())), this.#wake);
  }

  #hold(): void {
    this.#held = true;
    this.#host?.ref();
  }

  #release(): void {
    this.#held = false;
    this.#host?.unref();
  }
}
