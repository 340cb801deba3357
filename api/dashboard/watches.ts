import type { Self } from "../../runtime/index.ts";

/** So many of what was seen last are kept. */
const SEEN_MAX = 100;
/** Nobody has asked for it for so long: nobody looks any more. */
const LEASE_MS = 15_000;

/** Something seen, and the number of it. */
export interface Seen<Item> {
  readonly n: number;
  readonly atMs: number;
  readonly item: Item;
}

/** What was seen since the last time, as far as it is kept. */
export interface SeenSince<Item> {
  readonly last: number;
  readonly missed: number;
  readonly seen: readonly Seen<Item>[];
}

/** The last things of a kind. */
export class LastSeen<Item> {
  readonly #clock: Self["runtime"]["clock"];
  readonly #seen: Seen<Item>[] = [];
  #last = 0;

  constructor(self: Self) {
    this.#clock = self.runtime.clock;
  }

  add(item: Item): void {
    this.#last += 1;
    this.#seen.push({ n: this.#last, atMs: this.#clock.systemTimeMs(), item });
    if (this.#seen.length > SEEN_MAX) this.#seen.shift();
  }

  since(n: number): SeenSince<Item> {
    // After a restart of whoever keeps them, numbers begin anew.
    const from = n > this.#last ? 0 : n;
    const seen = this.#seen.filter((one) => one.n > from);
    return { last: this.#last, missed: this.#last - from - seen.length, seen };
  }
}

interface Watch {
  readonly value: unknown;
  readonly stop: () => void;
  askedMs: number;
}

/** What is watched because somebody looks at it. Whoever goes on looking asks again; what nobody asks for any more ends. */
export class Watches {
  readonly #self: Self;
  readonly #tick: unknown;
  readonly #watches = new Map<string, Watch>();

  /** `tick` is sent to the process now and then: `ended` is to be called for it. */
  constructor(self: Self, tick: unknown) {
    this.#self = self;
    this.#tick = tick;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** What is watched under `key`, begun by `start` if it is not yet: a value, and what ends it. */
  ask<Value>(key: string, start: () => readonly [value: Value, stop: () => void]): Value {
    const nowMs = this.#self.runtime.clock.nowMs();
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      const [value, stop] = start();
      if (this.#watches.size === 0) this.#self.sendAfter(LEASE_MS, this.#self.pid, this.#tick);
      watch = { value, stop, askedMs: nowMs };
      this.#watches.set(key, watch);
    }
    watch.askedMs = nowMs;
    return watch.value as Value;
  }

  /** What is watched under `key` already, as asked for. */
  renewed<Value>(key: string): Value | undefined {
    const watch = this.#watches.get(key);
    if (watch === undefined) return undefined;
    watch.askedMs = this.#self.runtime.clock.nowMs();
    return watch.value as Value;
  }

  /** Ends it, as nobody looks. */
  end(key: string): void {
    this.#watches.get(key)?.stop();
    this.#watches.delete(key);
  }

  /** Ends what nobody has asked for. */
  expire(): void {
    const nowMs = this.#self.runtime.clock.nowMs();
    for (const [key, { askedMs }] of this.#watches) if (nowMs - askedMs >= LEASE_MS) this.end(key);
    if (this.#watches.size > 0) this.#self.sendAfter(LEASE_MS, this.#self.pid, this.#tick);
  }

  endAll(): void {
    for (const key of this.#watches.keys()) this.end(key);
  }
}
