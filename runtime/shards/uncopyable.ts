import { DownMessage } from "../down-message.ts";
import { brief, runtimeError } from "../errors.ts";
import { ExitMessage } from "../exit-message.ts";
import { isPlain } from "../freeze.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import { VIEWS } from "./binary-views.ts";

/** Why something can't be encoded. Whoever sends it is told so in another error, with its place. */
export class Uncopyable extends Error {}

/** Where in a message that could not be encoded the first value stands that can't be copied, and what it is. */
export function pathToUncopyable(message: unknown, error: unknown): [path: string, value: string] {
  const path = pathToFirst(message);
  return path ?? ["message", error instanceof Error ? error.message : brief(error)];
}

/** Throws ROOKERY_NOT_COPYABLE for a message that could not be sent to another shard. */
export function expectCopyable(message: unknown): void {
  const path = pathToFirst(message);
  if (path !== undefined) throw runtimeError("ROOKERY_NOT_COPYABLE", ...path);
}

/** Whether `value` could be part of a message to another shard, at no more than so many levels. */
export function isCopyable(value: unknown, levels: number): boolean {
  return !isDeeper(value, levels) && pathToFirst(value) === undefined;
}

/** Whether there is anything inside of `value` at more than so many levels. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  // They cross as numbers, whatever they lead to here.
  if (value instanceof Pid || value instanceof Ref) return false;
  if (levels === 0) return true;
  const below = levels - 1;
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, below));
  if (value instanceof Set) return [...value].some((item) => isDeeper(item, below));
  if (value instanceof Map) return [...value].flat().some((item) => isDeeper(item, below));
  if (value instanceof Error && isDeeper(value.cause, below)) return true;
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], below)) return true;
  return false;
}

/** Whether an object may be written as a record. The key `__proto__` would come out as another one. */
export function isCopyableRecord(value: { readonly __proto__?: unknown }): boolean {
  // One look at what V8 knows without a call answers both: a key of that name hides the prototype. Should it hold the very same
  // object, then that is refused, for it has such a key.
  if (value.__proto__ === Object.prototype) return true;
  return isPlain(value) && !Object.hasOwn(value, "__proto__");
}

function pathToFirst(message: unknown): [string, string] | undefined {
  try {
    return pathIn(message, "message", new Set());
  } catch (error) {
    if (error instanceof RangeError) return ["message", "too deep for the stack"];
    throw error;
  }
}

function pathIn(value: unknown, path: string, above: Set<object>): [string, string] | undefined {
  if (typeof value === "function")
    return [path, `the function ${value.name === "" ? "(anonymous)" : value.name}`];
  if (typeof value === "symbol") return [path, String(value)];
  if (typeof value !== "object" || value === null) return undefined;
  if (above.has(value)) return [path, "a reference to what contains it"];
  above.add(value);
  try {
    return pathInside(value, path, above);
  } finally {
    above.delete(value);
  }
}

function pathInside(value: object, path: string, above: Set<object>): [string, string] | undefined {
  if (isPlain(value) && !isCopyableRecord(value)) return [`${path}.__proto__`, "a key of that name"];
  if (isOfOwnClass(value)) return [path, `an instance of ${value.constructor?.name ?? "a class"}`];
  if (isDetached(value)) return [path, "binary data that was moved to another thread"];
  if (value instanceof Map) {
    for (const [key, item] of value) {
      const found = pathIn(key, `${path}.key`, above) ?? pathIn(item, `${path}.get(${brief(key)})`, above);
      if (found !== undefined) return found;
    }
  } else if (value instanceof Set) {
    for (const item of value) {
      const found = pathIn(item, `${path}.member`, above);
      if (found !== undefined) return found;
    }
  } else if (isPlain(value) || Array.isArray(value) || value instanceof Error) {
    for (const [key, item] of Object.entries(value)) {
      const found = pathIn(item, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, above);
      if (found !== undefined) return found;
    }
    if (value instanceof AggregateError) {
      const found = pathIn(value.errors, `${path}.errors`, above);
      if (found !== undefined) return found;
    }
    if (value instanceof Error) return pathIn(value.cause, `${path}.cause`, above);
  }
  return undefined;
}

/** What is derived from a class that crosses arrives as one of that class, but for maps and views, which msgpackr knows by their own only. */
function isOfOwnClass(value: object): boolean {
  if (isPlain(value) || Array.isArray(value)) return false;
  if (value instanceof Map) return value.constructor !== Map;
  if (ArrayBuffer.isView(value)) return !VIEWS.includes(value.constructor as never);
  return !COPIED.some((Class) => value instanceof Class);
}

function isDetached(value: object): boolean {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  return buffer instanceof ArrayBuffer && buffer.detached;
}

const COPIED = [Set, Error, Date, RegExp, ArrayBuffer, Pid, Ref, ExitMessage, DownMessage];
