/** How often something was asked for in the window that is running, and in how many milliseconds that ends. */
export interface WindowCount {
  readonly current: number;
  readonly ttl: number;
}

interface OpenWindow {
  current: number;
  readonly endsAtMs: number;
}

/** Counts by key in windows of a fixed length, each of which begins with its first count. Touches no clock. */
export class WindowCounts {
  readonly #windowMs: number;
  readonly #keysMax: number;
  readonly #windows = new Map<string, OpenWindow>();

  constructor(windowMs: number, keysMax: number) {
    this.#windowMs = windowMs;
    this.#keysMax = keysMax;
  }

  hit(key: string, nowMs: number): WindowCount {
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAtMs <= nowMs) {
      // Behind the others: the first in the map is always the one that ends first.
      this.#windows.delete(key);
      this.#forget(nowMs);
      window = { current: 0, endsAtMs: nowMs + this.#windowMs };
      this.#windows.set(key, window);
    }
    window.current += 1;
    return { current: window.current, ttl: window.endsAtMs - nowMs };
  }

  /** How it stands with `key`, without counting. */
  now(key: string, nowMs: number): WindowCount {
    const window = this.#windows.get(key);
    if (window === undefined || window.endsAtMs <= nowMs) return { current: 0, ttl: 0 };
    return { current: window.current, ttl: window.endsAtMs - nowMs };
  }

  /** Drops windows that have ended, a few at a time, and, where there are too many, those that would be the next to end. */
  #forget(nowMs: number): void {
    let left = 2;
    for (const [key, { endsAtMs }] of this.#windows) {
      if (this.#windows.size < this.#keysMax && (endsAtMs > nowMs || left === 0)) return;
      this.#windows.delete(key);
      left -= 1;
    }
  }
}
