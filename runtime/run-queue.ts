import type { Process } from "./process.ts";

const SLOTS_MIN = 64;

/** The runnable processes of one priority. */
export interface RunQueue {
  readonly length: number;
  push(process: Process): void;
  /** Takes the process whose turn it is, if there is one. */
  shift(): Process | undefined;
}

/** The runnable processes of one priority, first come first served: a ring that grows, cleared slot by slot as it is read. */
export class FifoRunQueue implements RunQueue {
  #ring: (Process | undefined)[] = Array.from({ length: SLOTS_MIN });
  #mask = SLOTS_MIN - 1;
  #head = 0;
  length = 0;

  push(process: Process): void {
    if (this.length > this.#mask) this.#grow();
    this.#ring[(this.#head + this.length) & this.#mask] = process;
    this.length += 1;
  }

  shift(): Process | undefined {
    const process = this.#ring[this.#head];
    if (process === undefined) return undefined;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.length -= 1;
    return process;
  }

  #grow(): void {
    this.#ring = [...this.#ring.slice(this.#head), ...this.#ring.slice(0, this.#head)];
    this.#head = 0;
    this.#mask = this.#mask * 2 + 1;
    this.#ring.length = this.#mask + 1;
  }
}
