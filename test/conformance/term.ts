import { inspect } from "node:util";
import {
  DownMessage,
  ExitMessage,
  Pid,
  Ref,
  RookeryError,
  type Runtime,
  type Self,
} from "../../runtime/index.ts";
import type { Places } from "./places.ts";

/** Terms as scenarios and traces write them: an atom is a string, a tuple `{"t": [...]}`, a pid `{"p": label}`. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** A crash with a term as its reason: `erlang:error(Term)`. */
export class TermError extends Error {
  readonly term: unknown;

  constructor(term: unknown) {
    super(inspect(term));
    this.term = term;
  }
}

/** Where Erlang has a stack. */
export const STACK = "$stack";

/** `erlang:error(Term)`. */
export function raise(self: Self, term: unknown): never {
  // Erlang's reason is the pair of term and stack, and there is one term with which that pair is an orderly end.
  if (term === "shutdown") self.exit([term, STACK]);
  throw new TermError(term);
}

/**
 * The labels of pids and references, both ways. A label keeps naming the same one after its death. Each shard has its own objects
 * for them, with the same text: kept are those of where they were made.
 */
export class Labels {
  readonly #named: Map<string, Pid | Ref>;
  readonly #labels: Map<string, string>;
  readonly #makers: Map<string, Runtime>;
  readonly #places: Places;
  readonly #viewer: Runtime | undefined;

  constructor(places: Places, of?: Labels, viewer?: Runtime) {
    this.#places = places;
    this.#named = of === undefined ? new Map() : of.#named;
    this.#labels = of === undefined ? new Map() : of.#labels;
    this.#makers = of === undefined ? new Map() : of.#makers;
    this.#viewer = viewer;
  }

  /** The same labels, with pids and references as they are known on the shard of `runtime`. */
  seenFrom(runtime: Runtime): Labels {
    return new Labels(this.#places, this, runtime);
  }

  /** `maker`: on whose shard a reference was made. */
  set(label: string, named: Pid | Ref, maker?: Runtime): void {
    this.#named.set(label, named);
    this.#labels.set(String(named), label);
    if (maker !== undefined) this.#makers.set(label, maker);
  }

  /** Makes `alias` name, from now on, what it is given; what it named before keeps its own label. */
  setLatest(alias: string, named: Pid): void {
    this.#named.set(alias, named);
  }

  has(label: string): boolean {
    return this.#named.has(label);
  }

  pid(label: string): Pid {
    return this.#view(label) as Pid;
  }

  ref(label: string): Ref {
    return this.#view(label) as Ref;
  }

  /** The object itself, of where it was made. */
  own(label: string): Pid | Ref {
    return this.#named.get(label)!;
  }

  of(named: Pid | Ref): string {
    return this.#labels.get(String(named)) ?? "?";
  }

  #view(label: string): Pid | Ref | undefined {
    const named = this.#named.get(label);
    if (named === undefined || this.#viewer === undefined) return named;
    if (named instanceof Pid) return this.#places.pidFor(this.#viewer, named);
    return this.#places.refFor(this.#viewer, named, this.#makers.get(label)!);
  }
}

/** A term of a scenario as our value: a tuple is an array. */
export function toValue(json: Json, labels: Labels): unknown {
  if (typeof json !== "object") return json;
  if (isList(json)) return json.map((item) => toValue(item, labels));
  if ("t" in json) return (json["t"] as readonly Json[]).map((item) => toValue(item, labels));
  if ("p" in json) return labels.pid(json["p"] as string);
  return json;
}

/** One of our values as a term of a trace. */
export function toTerm(value: unknown, labels: Labels): Json {
  if (value instanceof Pid) return { p: labels.of(value) };
  if (value instanceof Ref) return { r: labels.of(value) };
  if (value instanceof Error && "term" in value) return { t: [toTerm(value.term, labels), "$stack"] };
  if (value instanceof RookeryError) return { t: [value.code, "$stack"] };
  if (value instanceof ExitMessage)
    return { t: ["EXIT", toTerm(value.pid, labels), toTerm(value.reason, labels)] };
  if (value instanceof DownMessage) {
    const target =
      value.process instanceof Pid
        ? toTerm(value.process, labels)
        : { t: [String(value.process.name), "node"] };
    const tag = toTerm(value.type, labels);
    return { t: [tag, toTerm(value.ref, labels), "process", target, toTerm(value.reason, labels)] };
  }
  if (isTimeout(value)) return { t: ["timeout", toTerm(value.ref, labels), toTerm(value.message, labels)] };
  if (isCallReason(value)) return "$call";
  if (Array.isArray(value)) {
    const items = value.map((item) => toTerm(item, labels));
    // What nobody caught is wrapped as on the BEAM, where the stack stands beside it.
    return value[0] === "nocatch" && value.length === 2 ? { t: [{ t: items }, "$stack"] } : { t: items };
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return inspect(value);
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function isTimeout(value: unknown): value is { ref: Ref; message: unknown } {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "timeout";
}

function isCallReason(value: unknown): boolean {
  return Array.isArray(value) && value[0] === "GenServer" && Array.isArray(value[2]);
}
