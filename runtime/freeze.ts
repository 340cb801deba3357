function refuse(): never {
  throw new TypeError(
    "This value was sent in a message and can't be changed any more: send a copy, or change the copy",
  );
}

const GUARDED = { value: refuse, enumerable: false, configurable: false, writable: false };

/** An object that is nothing but its properties. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Freezes the plain data of a message all the way down, so that a sender that goes on changing it fails loudly where it
 * does so. Plain objects, arrays, maps and sets are frozen; instances of other classes are left alone, and what is
 * frozen already is taken to be frozen inside, too.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (Array.isArray(value)) {
    Object.freeze(value);
    for (const item of value) deepFreeze(item);
  } else if (value instanceof Map) {
    // A frozen Map can still be written: its content is not made of properties.
    Object.defineProperties(value, { set: GUARDED, delete: GUARDED, clear: GUARDED });
    Object.freeze(value);
    for (const [key, item] of value) {
      deepFreeze(key);
      deepFreeze(item);
    }
  } else if (value instanceof Set) {
    Object.defineProperties(value, { add: GUARDED, delete: GUARDED, clear: GUARDED });
    Object.freeze(value);
    for (const item of value) deepFreeze(item);
  } else if (isPlain(value)) {
    Object.freeze(value);
    for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
  }
}
