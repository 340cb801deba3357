import { isRecord } from "./changeset.ts";

type Params = Readonly<Record<string, unknown>>;

/** An integer of so few digits is the place of an item in a list; more would be worth no parsing. */
const PLACE_DIGITS_MAX = 31;

/**
 * What the params have for a relation; undefined if they don't name it. Forms send lists as objects whose keys are the
 * places of the items: these become lists, in the order of `sortParam`, if there is one, then of their keys. A key
 * there that there is no item for stands for a new one, and those of `dropParam` are left out.
 */
export function listedParams(
  params: Params,
  name: string,
  isMany: boolean,
  { sortParam, dropParam }: { readonly sortParam?: string; readonly dropParam?: string },
): { readonly value: unknown } | undefined {
  const value = own(params, name);
  const sort = sortParam === undefined ? undefined : listOf(own(params, sortParam));
  const drop = dropParam === undefined ? undefined : listOf(own(params, dropParam));
  if (!isMany) return Object.hasOwn(params, name) ? { value } : undefined;
  if (!Object.hasOwn(params, name) && sort === undefined && drop === undefined) return undefined;
  const keyed = value === undefined || (value === null && (sort ?? drop) !== undefined) ? {} : value;
  return { value: isRecord(keyed) ? ordered(keyed, sort ?? [], drop ?? []) : value };
}

function ordered(items: Params, sort: readonly string[], drop: readonly string[]): unknown[] {
  const open = new Map(Object.entries(items));
  const dropped = new Set(drop);
  for (const key of dropped) open.delete(key);
  const sorted = sort
    .filter((key) => !dropped.has(key))
    .map((key) => {
      const item = open.get(key) ?? {};
      open.delete(key);
      return item;
    });
  return [...sorted, ...[...open].toSorted(byPlace).map(([, item]) => item)];
}

/** Places in the order of their numbers, then other keys. */
function byPlace([left]: [string, unknown], [right]: [string, unknown]): number {
  const places = [placeOf(left), placeOf(right)] as const;
  if (places[0] === undefined || places[1] === undefined) {
    if (places[0] !== places[1]) return places[0] === undefined ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return places[0] < places[1] ? -1 : places[0] > places[1] ? 1 : 0;
}

function placeOf(key: string): bigint | undefined {
  return key.length <= PLACE_DIGITS_MAX && /^-?\d+$/.test(key) ? BigInt(key) : undefined;
}

function own(params: Params, name: string): unknown {
  return Object.hasOwn(params, name) ? params[name] : undefined;
}

/** Keys of items are strings or numbers: nothing else from a client counts. */
function listOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((key) => typeof key === "string" || typeof key === "number").map(String);
}
