import { expectDuration } from "./argument.ts";
import type { Clock, HostTimer } from "./clock.ts";

interface VirtualTimer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is told to go on. Time of day starts at 2026-01-01T00:00:00Z. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #startedMs: number;
  readonly #timers = new Set<VirtualTimer>();

  constructor(systemTimeMs: number = Date.UTC(2026, 0, 1)) {
    this.#startedMs = systemTimeMs;
  }

  nowMs = (): number => this.#nowMs;

  systemTimeMs = (): number => this.#startedMs + Math.floor(this.#nowMs);

  setTimer = (afterMs: number, fire: () => void): HostTimer => {
    const timer: VirtualTimer = { atMs: this.#nowMs + afterMs, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer), ref: () => {}, unref: () => {} };
  };

  /** Lets `ms` pass and fires what becomes due, in order of time. */
  advance(ms: number): void {
    expectDuration(ms);
    const endMs = this.#nowMs + ms;
    for (let timer = this.#first(); timer !== undefined && timer.atMs <= endMs; timer = this.#first()) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.fire();
    }
    this.#nowMs = endMs;
  }

  /** The time of day is from now on so much later, or earlier if less than 0. Timers and what is measured notice nothing. */
  jump(ms: number): void {
    this.#startedMs += ms;
  }

  /** When the next timer is due. */
  nextTimerMs(): number | undefined {
    return this.#first()?.atMs;
  }

  #first(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }
}
