import type { Fault } from "./fault.ts";

interface Count {
  due: number;
  inflicted: number;
  readonly needs: string;
}

/** How often each fault was due, and how often it was inflicted: the same, unless nobody was there whom it could strike. */
export class FaultTally {
  readonly #counts = new Map<string, Count>();

  /** A fault was due; undefined if a script names one that is not there. */
  due(name: string, fault: Fault | undefined): void {
    const needs =
      fault === undefined ? "a fault of that name" : (fault.needs ?? "a process that is a target");
    const count = this.#counts.get(name) ?? { due: 0, inflicted: 0, needs };
    count.due += 1;
    this.#counts.set(name, count);
  }

  inflicted(name: string): void {
    this.#counts.get(name)!.inflicted += 1;
  }

  /** Not one fault was inflicted, whether any was due or not. */
  get isIdle(): boolean {
    return this.#missed().length === this.#counts.size;
  }

  /** Those that were due and never inflicted. */
  get missed(): readonly string[] {
    return this.#missed().map(([name]) => name);
  }

  /** A line for each of them, that says what it waits for. */
  get lines(): readonly string[] {
    return this.#missed().map(
      ([name, { due, needs }]) =>
        `Chaos: ${name} was due ${due} times and never inflicted: it needs ${needs}`,
    );
  }

  #missed(): [string, Count][] {
    return [...this.#counts].filter(([, { inflicted }]) => inflicted === 0);
  }
}
