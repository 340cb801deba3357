import { isDeepStrictEqual } from "node:util";

/** A matcher as vitest and Jest have them: `expect.any(String)`. */
export interface AsymmetricMatcher {
  asymmetricMatch(value: unknown): boolean;
}

/**
 * What a value is to look like. Of an object only the keys that are named count, at every depth; a list is compared to its end. In
 * any place may stand an asymmetric matcher, or a function that says whether it likes what is there.
 */
export type Pattern<T> = unknown extends T
  ? AnyPattern
  : T | AsymmetricMatcher | ((value: T) => unknown) | Parts<T>;

/** For a value of which nothing is known. */
type AnyPattern =
  | object
  | string
  | number
  | boolean
  | null
  | ((value: Readonly<Record<string, unknown>>) => unknown);

type Parts<T> = T extends readonly (infer Element)[]
  ? readonly Pattern<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Pattern<T[Key]> }
    : never;

export function matches(pattern: unknown, value: unknown): boolean {
  if (typeof pattern === "function") return Boolean((pattern as (value: unknown) => unknown)(value));
  if (isMatcher(pattern)) return pattern.asymmetricMatch(value);
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value) || value.length !== pattern.length) return false;
    return pattern.every((part, index) => matches(part, (value as unknown[])[index]));
  }
  if (isPlain(pattern)) {
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(pattern).every(([key, part]) =>
      matches(part, (value as Record<string, unknown>)[key]),
    );
  }
  return isDeepStrictEqual(pattern, value);
}

function isMatcher(pattern: unknown): pattern is AsymmetricMatcher {
  return (
    typeof pattern === "object" &&
    pattern !== null &&
    typeof (pattern as Partial<AsymmetricMatcher>).asymmetricMatch === "function"
  );
}

function isPlain(pattern: unknown): pattern is object {
  if (typeof pattern !== "object" || pattern === null) return false;
  const prototype: unknown = Object.getPrototypeOf(pattern);
  return prototype === Object.prototype || prototype === null;
}
