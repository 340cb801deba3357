/** What a name contains whose value nobody shall read in a log. Phoenix's `filter_parameters`, and what headers add to it. */
const SECRET_NAME = /password|passwd|token|secret|authorization|cookie|api[-_]?key/i;

const DEPTH_MAX = 8;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * A copy of `value` in which everything under a secret's name is `"[FILTERED]"`, and what lies deeper than 8 objects `"[DEEP]"`.
 * Of bytes it says how many, `"[7 bytes]"`: a log would write them out as numbers, each with its index. Other instances of classes are left as they are: an Error, a pid, a date.
 */
export function filterParameters(value: unknown): unknown {
  return filtered(value, 0);
}

function filtered(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return value;
  if (depth === DEPTH_MAX) return "[DEEP]";
  if (isArray) return value.map((item) => filtered(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) ? "[FILTERED]" : filtered(item, depth + 1),
    ]),
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
