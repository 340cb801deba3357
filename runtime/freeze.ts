import { brief, runtimeError } from "./errors.ts";

function refuse(this: unknown): never {
  throw runtimeError("ROOKERY_FROZEN", this);
}

const GUARDED = { value: refuse, enumerable: false, configurable: false, writable: false };
const WRITERS = { set: GUARDED, add: GUARDED, delete: GUARDED, clear: GUARDED };

/** An object that is nothing but its properties. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Freezes the plain data of a message all the way down, so that a sender that goes on changing it fails loudly where it
 * does so. Plain objects, arrays, maps and sets are frozen; instances of other classes are left alone, and what is
 * frozen already is taken to be frozen inside, too. Throws ROOKERY_MESSAGE, with the path, for what can't be frozen.
 */
export function deepFreeze(value: unknown, root = "message"): void {
  if (typeof value !== "object" || value === null) return;
  try {
    freeze(value);
  } catch {
    freezeByPath(value, root);
  }
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (Array.isArray(value) || isCollection(value)) {
    freezeOnly(value);
    for (const item of value) freeze(item);
  } else if (isPlain(value)) {
    Object.freeze(value);
    for (const key of Object.keys(value)) freeze((value as Record<string, unknown>)[key]);
  }
}

function isCollection(value: object): value is Map<unknown, unknown> | Set<unknown> {
  return value instanceof Map || value instanceof Set;
}

function freezeOnly(value: object): void {
  // A frozen Map can still be written: its content is not made of properties.
  if (isCollection(value)) Object.defineProperties(value, WRITERS);
  Object.freeze(value);
}

/** Once the quick way has failed: because of what can't be frozen, or of a structure that is only too deep for the stack. */
function freezeByPath(root: object, name: string): void {
  const paths = new Map<object, string>([[root, name]]);
  for (const [value, path] of paths) {
    let at = path;
    const add = (item: unknown): void => {
      if (typeof item === "object" && item !== null && !paths.has(item)) paths.set(item, at);
    };
    try {
      if (isCollection(value)) {
        at = `an element of ${path}`;
        for (const item of value) add(item);
      } else if (Array.isArray(value) || isPlain(value)) {
        for (const key of Object.keys(value)) {
          at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
          add((value as Record<string, unknown>)[key]);
        }
      } else {
        continue;
      }
      at = path;
      freezeOnly(value);
    } catch (cause) {
      const error = runtimeError("ROOKERY_MESSAGE", value, at, brief(cause));
      error.cause = cause;
      throw error;
    }
  }
}
