import { isPlain } from "./freeze.ts";
import { Pid } from "./pid.ts";

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * What stands for a term as the key of a Map, so that equal terms are one key, as on the BEAM: two arrays or plain objects with
 * equal contents are equal. Pids, references, functions and instances of other classes are equal to themselves only.
 */
export function termKey(term: unknown): unknown {
  // Most keys are strings. One that begins as the texts of structures do is marked.
  if (typeof term === "string") return term.startsWith("\0") ? `\0"${term}` : term;
  if (typeof term !== "object" || term === null || !isStructure(term)) return term;
  return `\0${textOf(term, identityOf)}`;
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
  return shared && typeof term !== "symbol" ? text : undefined;
}

function isStructure(term: object): boolean {
  return Array.isArray(term) || term instanceof Date || isPlain(term);
}

function textOf(term: unknown, identity: (term: object) => string): string {
  if (typeof term === "string") return JSON.stringify(term);
  if (typeof term === "bigint") return `${term}n`;
  if (typeof term === "function") return identity(term);
  if (typeof term !== "object" || term === null) return String(term);
  if (Array.isArray(term)) return `[${term.map((item) => textOf(item, identity)).join(",")}]`;
  if (term instanceof Date) return `date ${term.getTime()}`;
  if (!isPlain(term)) return identity(term);
  const pairs = Object.entries(term).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${textOf(value, identity)}`).join(",")}}`;
}

function identityOf(term: object): string {
  let identity = identities.get(term);
  if (identity === undefined) {
    identity = lastIdentity += 1;
    identities.set(term, identity);
  }
  return `#${identity}`;
}
