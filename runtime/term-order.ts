import { runtimeError } from "./errors.ts";
import { isPlain } from "./freeze.ts";
import { Pid } from "./pid.ts";
import { Ref } from "./ref.ts";

/**
 * The order of Erlang's terms, as far as JavaScript has them: numbers, then what are atoms there (true, undefined and so on),
 * references, pids, arrays (shorter first), plain objects, strings. A number and a bigint of the same value are equal. Throws
 * ROOKERY_BADARG for what has no place in it.
 */
export function compareTerms(a: unknown, b: unknown, depth: number = 0): number {
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  if (rankA !== rankB) return rankA - rankB;
  switch (rankA) {
    case Rank.Number:
    case Rank.String:
      return less(a as number, b as number);
    case Rank.Atom:
      return less(String(a), String(b));
    case Rank.Ref:
    case Rank.Pid:
      return less((a as Pid).id, (b as Pid).id);
    case Rank.Array:
      return compareItems(a as unknown[], b as unknown[], depth);
    default:
      return compareObjects(a as object, b as object, depth);
  }
}

/** What is nested deeper, such as what is nested within itself, has no place. */
const DEPTH_MAX = 1_000;

const Rank = { Number: 0, Atom: 1, Ref: 2, Pid: 3, Array: 4, Object: 5, String: 6 } as const;

function rankOf(term: unknown): number {
  if (typeof term === "string") return Rank.String;
  if (typeof term === "bigint" || (typeof term === "number" && !Number.isNaN(term))) return Rank.Number;
  if (typeof term === "boolean" || term === undefined || term === null) return Rank.Atom;
  if (term instanceof Ref) return Rank.Ref;
  if (term instanceof Pid) return Rank.Pid;
  if (Array.isArray(term)) return Rank.Array;
  if (typeof term === "object" && isPlain(term)) return Rank.Object;
  throw runtimeError("ROOKERY_BADARG", "a term that has an order", term);
}

function less<Term extends number | string>(a: Term, b: Term): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function compareItems(a: readonly unknown[], b: readonly unknown[], depth: number): number {
  if (depth > DEPTH_MAX)
    throw runtimeError("ROOKERY_BADARG", `a term that is nested at most ${DEPTH_MAX} levels deep`, a);
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, item] of a.entries()) {
    const order = compareTerms(item, b[index], depth + 1);
    if (order !== 0) return order;
  }
  return 0;
}

function compareObjects(a: object, b: object, depth: number): number {
  const namesA = Object.keys(a).toSorted();
  const namesB = Object.keys(b).toSorted();
  const names = compareItems(namesA, namesB, depth);
  if (names !== 0) return names;
  const values = (object: object): unknown[] =>
    namesA.map((name) => (object as Record<string, unknown>)[name]);
  return compareItems(values(a), values(b), depth);
}
