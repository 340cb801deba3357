import { AssertionError } from "node:assert";
import { systemClock } from "../../runtime/internal.ts";
import type { VirtualClock } from "../../runtime/testing.ts";

/** How often what comes from outside of the runtime is asked after. */
const POLL_MS = 1;
/** So long virtual time passes before what is waited for is taken to come from outside, and then so long it doesn't. */
const SOON_MS = 100;
const SOON_GRACE_MS = 500;
/** A connect, a join or a close that takes longer has got stuck. */
const STUCK_MS = 5_000;

/** How the time of a test passes: on a virtual clock as fast as the machine can, otherwise as it does. */
export class Pace {
  readonly #settle: () => Promise<void>;
  readonly #clock: VirtualClock | undefined;

  constructor(settle: () => Promise<void>, clock: VirtualClock | undefined) {
    this.#settle = settle;
    this.#clock = clock;
  }

  /** Lets all that is under way happen and, on a virtual clock, `ms` pass. */
  async pass(ms: number): Promise<void> {
    await this.until(() => undefined, ms, 0);
  }

  /**
   * What `check` answers, as soon as it is not undefined: within `ms`, on a virtual clock those. What comes from outside of the
   * runtime, such as a file or another thread, knows no virtual time; it is given `graceMs` besides.
   */
  async until<Value>(
    check: () => Value | undefined,
    ms: number,
    graceMs: number,
  ): Promise<Value | undefined> {
    await this.#settle();
    const found =
      check() ?? (this.#clock === undefined ? undefined : await this.#pass(this.#clock, check, ms));
    if (found !== undefined) return found;
    const untilMs = systemClock.nowMs() + graceMs;
    while (systemClock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => systemClock.setTimer(POLL_MS, resolve));
      await this.#settle();
      const late = check();
      if (late !== undefined) return late;
    }
    return undefined;
  }

  /** Waits for what the runtime does, by letting it. Throws when it has got stuck. */
  async done<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    let outcome: { readonly value: Value } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    const settled =
      (await this.until(() => outcome, SOON_MS, SOON_GRACE_MS)) ??
      (await this.until(() => outcome, STUCK_MS, STUCK_MS));
    if (settled === undefined)
      throw new AssertionError({
        message: `Expected the ${what} to end within ${STUCK_MS} ms, got no end of it`,
      });
    if ("error" in settled) throw settled.error;
    return settled.value;
  }

  async #pass<Value>(
    clock: VirtualClock,
    check: () => Value | undefined,
    ms: number,
  ): Promise<Value | undefined> {
    const endMs = clock.nowMs() + ms;
    for (let nextMs = clock.nextTimerMs() ?? endMs; nextMs < endMs; nextMs = clock.nextTimerMs() ?? endMs) {
      clock.advance(Math.max(0, nextMs - clock.nowMs()));
      await this.#settle();
      const found = check();
      if (found !== undefined) return found;
    }
    clock.advance(Math.max(0, endMs - clock.nowMs()));
    await this.#settle();
    return check();
  }
}
