import { type Clock, type HostTimer, systemClock } from "./clock.ts";

/**
 * A clock, by default that of the machine, whose time of day can be made to jump, as when somebody sets it. As on the BEAM, what is
 * measured and timers never jump. Hand it to a runtime as its `clock`.
 * @example
 * ```ts doctest
 * const clock = new JumpingClock();
 * const before = clock.systemTimeMs();
 * clock.jump(3_600_000);
 * clock.systemTimeMs() - before >= 3_600_000; // => true
 * ```
 */
export class JumpingClock implements Clock {
  readonly #clock: Clock;
  #jumpedMs = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  nowMs = (): number => this.#clock.nowMs();

  systemTimeMs = (): number => this.#clock.systemTimeMs() + this.#jumpedMs;

  setTimer = (afterMs: number, fire: () => void): HostTimer => this.#clock.setTimer(afterMs, fire);

  /** The time of day is from now on so much later, or earlier if less than 0. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }
}
