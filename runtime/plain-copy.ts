import { isPlain } from "./freeze.ts";

/**
 * A copy of plain data all the way down: objects, arrays, maps, sets and dates. Instances of other classes, pids and functions
 * among them, are passed on as they are, as in a message. What was one object in the original is one in the copy.
 */
export function plainCopy<Value>(value: Value): Value {
  return copy(value, new Map()) as Value;
}

function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    copies.set(value, items);
    for (const item of value) items.push(copy(item, copies));
    return items;
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    copies.set(value, map);
    for (const [key, item] of value) map.set(copy(key, copies), copy(item, copies));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set<unknown>();
    copies.set(value, set);
    for (const item of value) set.add(copy(item, copies));
    return set;
  }
  if (value instanceof Date) return new Date(value);
  if (!isPlain(value)) return value;
  const plain = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  copies.set(value, plain);
  for (const [key, item] of Object.entries(value)) plain[key] = copy(item, copies);
  return plain;
}
