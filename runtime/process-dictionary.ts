import { termKey } from "./term-key.ts";

/** What a process keeps by key: the process dictionary. Equal keys are one, also when they are arrays or plain objects. */
export class ProcessDictionary {
  readonly #entries = new Map<unknown, readonly [key: unknown, value: unknown]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: unknown): unknown {
    return this.#entries.get(termKey(key))?.[1];
  }

  /** Answers the old value. */
  put(key: unknown, value: unknown): unknown {
    const old = this.get(key);
    this.#entries.set(termKey(key), [key, value]);
    return old;
  }

  erase(key: unknown): unknown {
    const old = this.get(key);
    this.#entries.delete(termKey(key));
    return old;
  }

  /** The keys whose value is equal to `value`. */
  keysOf(value: unknown): unknown[] {
    const wanted = termKey(value);
    return Array.from(this.#entries.values()).flatMap(([key, own]) => (termKey(own) === wanted ? [key] : []));
  }

  toMap(): Map<unknown, unknown> {
    return new Map(this.#entries.values());
  }
}
