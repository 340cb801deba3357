import { isPlain } from "./freeze.ts";

/**
 * A copy of plain data all the way down: objects, arrays, maps, sets and dates. Instances of other classes, pids and functions
 * among them, are passed on as they are, as in a message. What was one object in the original is one in the copy.
 */
export function plainCopy<Value>(value: Value): Value {
  return new Copying().all(value) as Value;
}

/** Empty copies are made first and filled one after the other, so that no depth is too much for the stack. */
class Copying {
  readonly #copies = new Map<object, unknown>();
  readonly #toFill: (() => void)[] = [];

  all(value: unknown): unknown {
    const copy = this.#copyOf(value);
    for (let fill = this.#toFill.pop(); fill !== undefined; fill = this.#toFill.pop()) fill();
    return copy;
  }

  #copyOf(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Date) return new Date(value);
    return this.#copies.get(value) ?? this.#newCopy(value);
  }

  #newCopy(value: object): unknown {
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      return this.#fillLater(value, items, () => {
        for (const item of value) items.push(this.#copyOf(item));
      });
    }
    if (value instanceof Map) {
      const map = new Map<unknown, unknown>();
      return this.#fillLater(value, map, () => {
        for (const [key, item] of value) map.set(this.#copyOf(key), this.#copyOf(item));
      });
    }
    if (value instanceof Set) {
      const set = new Set<unknown>();
      return this.#fillLater(value, set, () => {
        for (const item of value) set.add(this.#copyOf(item));
      });
    }
    if (!isPlain(value)) return value;
    const plain = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
    return this.#fillLater(value, plain, () => {
      for (const [key, item] of Object.entries(value)) plain[key] = this.#copyOf(item);
    });
  }

  #fillLater(value: object, copy: object, fill: () => void): object {
    this.#copies.set(value, copy);
    this.#toFill.push(fill);
    return copy;
  }
}
