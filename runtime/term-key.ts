import { inspect } from "node:util";
import { isPlain } from "./freeze.ts";
import { Pid } from "./pid.ts";

const identities = new WeakMap<object | symbol, number>();
let lastIdentity = 0;

/** What stands for a term that is equal to itself only. */
type Identity = (term: object | symbol) => string;

/** What is nested deeper has no text; nor has what is nested within itself. */
const DEPTH_MAX = 1_000;
const PRINTED_DEPTH = 8;
const TOO_DEEP = Symbol("too deep");

/**
 * What stands for a term as the key of a Map, so that equal terms are one key, as on the BEAM: two arrays or plain objects with
 * equal contents are equal. Pids, references, functions and instances of other classes are equal to themselves only, and so is
 * what is nested more than 1,000 levels deep, or within itself.
 */
export function termKey(term: unknown): unknown {
  // Most keys are strings. One that begins as the texts of structures do is marked.
  if (typeof term === "string") return term.startsWith("\0") ? `\0"${term}` : term;
  if (typeof term !== "object" || term === null || !isStructure(term)) return term;
  const text = textOf(term, identityOf);
  return text === undefined ? term : `\0${text}`;
}

/**
 * The same text for equal terms on every shard, for a name that all of them know it by. Undefined for what is, or holds, something
 * that is equal to itself only, other than a pid.
 */
export function sharedText(term: unknown): string | undefined {
  let shared = true;
  const text = textOf(term, (own) => {
    shared &&= own instanceof Pid;
    return String(own);
  });
  return shared ? text : undefined;
}

/** A text that equal terms have on every shard. Others may have the same: what is equal to itself only is there as it prints. */
export function commonText(term: unknown): string {
  return textOf(term, String) ?? "too deep";
}

/** Whether two terms are equal, also where one of them is a copy from another shard: then what is no structure is another object. */
export function isCopy(one: unknown, other: unknown): boolean {
  if (termKey(one) === termKey(other)) return true;
  try {
    const text = textOf(one, printed);
    return text !== undefined && text === textOf(other, printed);
  } catch {
    // What is printed by code of its own may throw.
    return false;
  }
}

/** An error of a class of one's own is copied as an Error, with its stack. */
function printed(term: object | symbol): string {
  return term instanceof Error ? `error ${term.name} ${term.stack}` : inspect(term, { depth: PRINTED_DEPTH });
}

function isStructure(term: object): boolean {
  return Array.isArray(term) || term instanceof Date || isPlain(term);
}

/** Undefined for what is nested too deep. */
function textOf(term: unknown, identity: Identity): string | undefined {
  try {
    return textWithin(term, identity, 0);
  } catch (thrown) {
    if (thrown === TOO_DEEP) return undefined;
    throw thrown;
  }
}

function textWithin(term: unknown, identity: Identity, depth: number): string {
  if (typeof term === "string") return JSON.stringify(term);
  if (typeof term === "bigint") return `${term}n`;
  if (typeof term === "function" || typeof term === "symbol") return identity(term);
  if (typeof term !== "object" || term === null) return String(term);
  if (depth > DEPTH_MAX) throw TOO_DEEP;
  if (Array.isArray(term)) return `[${term.map((item) => textWithin(item, identity, depth + 1)).join(",")}]`;
  if (term instanceof Date) return `date ${term.getTime()}`;
  if (!isPlain(term)) return identity(term);
  const pairs = Object.entries(term).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = pairs.map(
    ([name, value]) => `${JSON.stringify(name)}:${textWithin(value, identity, depth + 1)}`,
  );
  return `{${texts.join(",")}}`;
}

function identityOf(term: object | symbol): string {
  // No map holds weakly what anybody can ask for by its name.
  const name = typeof term === "symbol" ? Symbol.keyFor(term) : undefined;
  if (name !== undefined) return `symbol ${JSON.stringify(name)}`;
  let identity = identities.get(term);
  if (identity === undefined) {
    identity = lastIdentity += 1;
    identities.set(term, identity);
  }
  return `#${identity}`;
}
