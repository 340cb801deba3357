import type { StartResult } from "../start.ts";

/** The starts that another shard was asked for and has not answered. */
export class PendingStarts {
  readonly #settled = new Map<number, (result: StartResult) => void>();
  #last = 0;
  /** What the load there was when none was under way. */
  #loadBefore = 0;

  nextNumber(): number {
    this.#last += 1;
    return this.#last;
  }

  /** One that is on its way; `load` is what that shard has told of itself. */
  add(number: number, load: number, settled: (result: StartResult) => void): void {
    if (this.#settled.size === 0) this.#loadBefore = load;
    this.#settled.set(number, settled);
  }

  end(number: number, result: StartResult): void {
    const settled = this.#settled.get(number);
    this.#settled.delete(number);
    settled?.(result);
  }

  endAll(result: StartResult): void {
    for (const settled of this.#settled.values()) settled(result);
    this.#settled.clear();
  }

  /** The load there, with those that it has not counted yet. */
  loadWith(load: number): number {
    return this.#settled.size === 0 ? load : Math.max(load, this.#loadBefore + this.#settled.size);
  }
}
