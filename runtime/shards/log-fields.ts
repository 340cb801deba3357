import { brief } from "../errors.ts";
import { isPlain } from "../freeze.ts";
import { type ErrorFields, errorFields, errorOf } from "./term-types.ts";

/** What lies deeper is shown as text: no logger writes more, and what contains itself has an end. */
const DEPTH_MAX = 8;

/**
 * The fields of a report, as they can be posted to the thread that writes it. Plain data and errors stay what they are, for its logger to
 * filter and to take apart; all else becomes text, so that nothing that is logged can fail for it.
 */
export function packFields(fields: object): Record<string, unknown> {
  return packed({ ...fields }, 0) as Record<string, unknown>;
}

export function unpackFields(fields: Record<string, unknown>): Record<string, unknown> {
  return unpacked(fields) as Record<string, unknown>;
}

/** An error as a Map, which nothing else is: posted as it is, it would lose its class and its code, and could not have every cause. */
function packed(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") return brief(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth === DEPTH_MAX) return brief(value);
  if (value instanceof Error) return new Map(Object.entries(packed(errorFields(value), depth + 1) as object));
  if (Array.isArray(value)) return value.map((item) => packed(item, depth + 1));
  if (!isPlain(value)) return brief(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, packed(item, depth + 1)]));
}

function unpacked(value: unknown): unknown {
  if (value instanceof Map) {
    const fields = Object.fromEntries([...value].map(([key, item]) => [key, unpacked(item)]));
    return errorOf(fields as ErrorFields);
  }
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]));
}
