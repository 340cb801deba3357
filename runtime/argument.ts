import { runtimeError } from "./errors.ts";
import { Pid } from "./pid.ts";

/** Throws ROOKERY_BADARG for what is no time that somebody can wait: milliseconds, or Infinity. */
export function expectTimeout(ms: unknown): asserts ms is number {
  if (typeof ms !== "number" || !(ms >= 0))
    throw runtimeError("ROOKERY_BADARG", "a timeout of at least 0 ms, or Infinity", ms);
}

/** Throws ROOKERY_BADARG for what can't pass: a negative or an endless time. */
export function expectDuration(ms: unknown): asserts ms is number {
  if (typeof ms !== "number" || !(ms >= 0 && ms < Number.POSITIVE_INFINITY))
    throw runtimeError("ROOKERY_BADARG", "a time of at least 0 ms", ms);
}

export function expectPid(pid: unknown): asserts pid is Pid {
  if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
}

export function expectFunction(purpose: string, value: unknown): void {
  if (typeof value !== "function") throw runtimeError("ROOKERY_BADARG", `a function ${purpose}`, value);
}

export function expectBoolean(purpose: string, value: unknown): void {
  if (typeof value !== "boolean") throw runtimeError("ROOKERY_BADARG", `true or false ${purpose}`, value);
}

/** Throws ROOKERY_BADARG for what lacks one of `methods`. */
export function expectMethods(kind: string, methods: readonly string[], value: unknown): void {
  for (const method of methods) {
    if (typeof (value as Record<string, unknown> | null)?.[method] !== "function")
      throw runtimeError("ROOKERY_BADARG", `${kind} with ${methods.join(", ")}`, value);
  }
}

/** As `expectOptions`, for options that are all true or false. */
export function expectFlags(owner: string, names: readonly string[], options: object): void {
  expectOptions(owner, names, options);
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) expectBoolean(`as the option ${name} of ${owner}`, value);
}

/** Throws ROOKERY_BADARG for options that are no object, and for a name that none of them has, a misspelled one above all. */
export function expectOptions(owner: string, names: readonly string[], options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw runtimeError("ROOKERY_BADARG", `an object as the options of ${owner}`, options);
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      throw runtimeError("ROOKERY_BADARG", `the options ${names.join(", ")} of ${owner}`, name);
  }
}
