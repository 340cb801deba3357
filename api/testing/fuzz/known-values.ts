import { isRecord } from "./document-schemas.ts";

/** So many of a kind are remembered: the first ones, and then the newest in place of the last. */
const VALUES_MAX = 32;

type Known = string | number;

/**
 * What the server has answered so far, by key: ids that exist, cursors that continue. With them requests go beyond "not found". What
 * they are of is kept, too, as paths and keys have it: the id of `/users/{id}` is one that was answered by `/users`, or under `user`.
 */
export class KnownValues {
  readonly #byKey = new Map<string, Known[]>();
  readonly #records: Record<string, Known>[] = [];

  /** Takes in all that is in `value`, which is about `what`: `users`, `order`. */
  learn(value: unknown, what: string = ""): void {
    this.#learn(value, "", [what]);
  }

  /** What is known under `key`: for `product_id` and `productId`, the ids of products. */
  of(key: string, what: string = ""): readonly Known[] {
    const own = this.#byKey.get(nameOf(what, key)) ?? this.#byKey.get(nameOf("", key)) ?? [];
    const [, foreign] = /^(\w+?)(?:_id|Id)$/.exec(key) ?? [];
    return foreign === undefined ? own : [...own, ...(this.#byKey.get(nameOf(foreign, "id")) ?? [])];
  }

  /** What belonged together and has all these keys: an address with its password. */
  records(keys: readonly string[]): readonly Readonly<Record<string, Known>>[] {
    return this.#records.filter((record) => keys.every((key) => Object.hasOwn(record, key)));
  }

  all(): readonly Known[] {
    return [...new Set([...this.#byKey.values()].flat())];
  }

  #learn(value: unknown, key: string, about: readonly string[]): void {
    if (Array.isArray(value)) for (const item of value) this.#learn(item, key, about);
    else if (isRecord(value)) {
      // In an envelope, `{ data: { user: { id: 1 } } }`, the next key inwards may be the one that tells.
      const inner = key === "" ? about : [...about.slice(0, 1), key];
      for (const [name, item] of Object.entries(value)) this.#learn(item, name, inner);
      const scalars = Object.entries(value).filter((entry): entry is [string, Known] => isKnown(entry[1]));
      if (scalars.length > 1) keep(this.#records, Object.fromEntries(scalars));
    } else if (isKnown(value)) {
      for (const what of new Set(["", ...about])) this.#add(nameOf(what, key), value);
    }
  }

  #add(name: string, value: Known): void {
    const values = this.#byKey.get(name) ?? [];
    if (!values.includes(value)) keep(values, value);
    this.#byKey.set(name, values);
  }
}

function isKnown(value: unknown): value is Known {
  return typeof value === "string" || typeof value === "number";
}

function keep<Item>(items: Item[], item: Item): void {
  if (items.length === VALUES_MAX) items.pop();
  items.push(item);
}

/** The same for one and for many: `user.id` of `user` and `users`. */
function nameOf(what: string, key: string): string {
  return `${what.toLowerCase().replace(/s$/, "")}.${key}`;
}
