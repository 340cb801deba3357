import { Ref } from "./ref.ts";

const BITS = 5;
const SLOTS = 1 << BITS;
/** 11 levels of 5 bits hold every integer number of milliseconds that a double can hold. */
const LEVELS = 11;
const SPANS: readonly number[] = Array.from({ length: LEVELS + 1 }, (_, level) => 2 ** (BITS * level));
const IDLE = -1;

/** Something that is due at a millisecond. Also its own reference, and its own link in the wheel's lists. */
export abstract class Timer extends Ref {
  dueMs = 0;
  /** @internal Which list of the wheel holds it; IDLE when none does. */
  slot: number = IDLE;
  /** @internal */
  next: Timer | undefined = undefined;
  /** @internal */
  previous: Timer | undefined = undefined;

  get active(): boolean {
    return this.slot !== IDLE;
  }

  /** Called once, when the time has come, unless the timer was removed before. */
  abstract fire(): void;
}

/**
 * Timers by the millisecond at which they are due. Adding and removing cost the same however many there are, and timers
 * due in the same millisecond fire in the order in which they were added.
 *
 * ```text
 *   level 0   32 slots of      1 ms   [ . | . | T T | . ... ]   <- within the current 32 ms
 *   level 1   32 slots of     32 ms   [ . | T | .   | . ... ]   <- within the current 1,024 ms
 *   level 2   32 slots of  1,024 ms   [ . | . | . T | . ... ]   ...
 * ```
 *
 * A timer stands on the lowest level whose current round holds its millisecond. When time reaches a slot of a higher
 * level, its timers move down, in order. Because a slot below is filled from above before anything can be added to
 * it directly, the order of adding survives.
 */
export class TimerWheel {
  #nowMs: number;
  readonly #first: (Timer | undefined)[] = Array.from({ length: LEVELS * SLOTS });
  readonly #last: (Timer | undefined)[] = Array.from({ length: LEVELS * SLOTS });
  /** One bit a slot, one number a level: which slots hold timers. */
  readonly #occupied: number[] = Array.from({ length: LEVELS }, () => 0);
  length = 0;

  constructor(nowMs: number) {
    this.#nowMs = Math.floor(nowMs);
  }

  /** Adds a timer; one that is already due fires with the next millisecond. */
  add(timer: Timer, dueMs: number): void {
    timer.dueMs = Math.max(Math.ceil(dueMs), this.#nowMs + 1);
    this.#place(timer);
    this.length += 1;
  }

  /** Removes a timer; false if it has fired or was removed before. */
  remove(timer: Timer): boolean {
    if (timer.slot === IDLE) return false;
    this.#unlink(timer);
    this.length -= 1;
    return true;
  }

  /** A time at which `advance` has something to do: never later than the first timer, possibly earlier. */
  nextMs(): number | undefined {
    for (let level = 0; level < LEVELS; level += 1) {
      const bits = this.#occupied[level]!;
      if (bits === 0) continue;
      const slot = 31 - Math.clz32(bits & -bits);
      const round = SPANS[level + 1]!;
      return Math.floor(this.#nowMs / round) * round + slot * SPANS[level]!;
    }
    return undefined;
  }

  /** Lets time pass up to `toMs` and fires what has become due, in order. */
  advance(toMs: number): void {
    for (let next = this.nextMs(); next !== undefined && next <= toMs; next = this.nextMs()) {
      if (next > this.#nowMs) this.#nowMs = next;
      this.#moveDown();
      const due = this.#nowMs % SLOTS;
      for (let timer = this.#first[due]; timer !== undefined; timer = this.#first[due]) {
        this.#unlink(timer);
        this.length -= 1;
        timer.fire();
      }
    }
    this.#nowMs = Math.max(this.#nowMs, Math.floor(toMs));
  }

  /** Empties the slots that time has just reached on the higher levels, highest first, into the levels below. */
  #moveDown(): void {
    for (let level = LEVELS - 1; level > 0; level -= 1) {
      const slot = Math.floor(this.#nowMs / SPANS[level]!) % SLOTS;
      if ((this.#occupied[level]! & (1 << slot)) === 0) continue;
      const index = level * SLOTS + slot;
      for (let timer = this.#first[index]; timer !== undefined; timer = this.#first[index]) {
        this.#unlink(timer);
        this.#place(timer);
      }
    }
  }

  #place(timer: Timer): void {
    let level = 0;
    while (Math.floor(timer.dueMs / SPANS[level + 1]!) !== Math.floor(this.#nowMs / SPANS[level + 1]!))
      level += 1;
    const slot = Math.floor(timer.dueMs / SPANS[level]!) % SLOTS;
    const index = level * SLOTS + slot;
    const last = this.#last[index];
    timer.slot = index;
    timer.previous = last;
    if (last === undefined) this.#first[index] = timer;
    else last.next = timer;
    this.#last[index] = timer;
    this.#occupied[level]! |= 1 << slot;
  }

  #unlink(timer: Timer): void {
    const index = timer.slot;
    if (timer.previous === undefined) this.#first[index] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next === undefined) this.#last[index] = timer.previous;
    else timer.next.previous = timer.previous;
    if (this.#first[index] === undefined) this.#occupied[index >> BITS]! &= ~(1 << (index & (SLOTS - 1)));
    timer.next = undefined;
    timer.previous = undefined;
    timer.slot = IDLE;
  }
}
