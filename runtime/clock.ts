/** A timer of the host. `ref` and `unref` say whether it keeps Node running. */
export interface HostTimer {
  cancel(): void;
  ref(): void;
  unref(): void;
}

/** Time as the runtime sees it. Everything that needs time is handed a clock, so that a test can hand in another. */
export interface Clock {
  /** Monotonic milliseconds, with a fraction: for measuring and for timers. */
  nowMs(): number;
  /** Milliseconds since 1970: for what people and other machines read. */
  systemTimeMs(): number;
  setTimer(afterMs: number, fire: () => void): HostTimer;
}

/** Node counts timers in 31 bits of milliseconds; a longer one fires at once. */
const HOST_TIMER_MS_MAX = 0x7fff_ffff;

class NodeTimer implements HostTimer {
  readonly #timeout: NodeJS.Timeout;

  constructor(afterMs: number, fire: () => void) {
    this.#timeout = setTimeout(fire, Math.min(afterMs, HOST_TIMER_MS_MAX));
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  ref(): void {
    this.#timeout.ref();
  }

  unref(): void {
    this.#timeout.unref();
  }
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  systemTimeMs: () => Date.now(),
  setTimer: (afterMs, fire) => new NodeTimer(afterMs, fire),
};
