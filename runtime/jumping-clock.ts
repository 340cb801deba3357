import { type Clock, type HostTimer, systemClock } from "./clock.ts";

/**
 * A clock, by default that of the machine, whose time of day can be made to jump, as when somebody sets it. As on the BEAM, what is
 * measured and timers never jump. Hand it to a runtime as its `clock`: the clocks of its other shards, those of the machine, jump with it.
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
  /** @internal How far it has jumped: those of other threads that have the same memory jump with it. */
  readonly jumps: SharedArrayBuffer;
  readonly #jumpedMs: BigInt64Array;

  constructor(clock: Clock = systemClock, jumps: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.#clock = clock;
    this.jumps = jumps;
    this.#jumpedMs = new BigInt64Array(jumps);
  }

  nowMs = (): number => this.#clock.nowMs();

  systemTimeMs = (): number => this.#clock.systemTimeMs() + Number(Atomics.load(this.#jumpedMs, 0));

  setTimer = (afterMs: number, fire: () => void): HostTimer => this.#clock.setTimer(afterMs, fire);

  /** The time of day is from now on so many whole milliseconds later, or earlier if less than 0. */
  jump(ms: number): void {
    Atomics.add(this.#jumpedMs, 0, BigInt(Math.round(ms)));
  }
}
