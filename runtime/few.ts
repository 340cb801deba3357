/** Two things, which many processes have: a set of two takes five times as much. */
class Pair<Item extends object> {
  readonly older: Item;
  readonly newer: Item;

  constructor(older: Item, newer: Item) {
    this.older = older;
    this.newer = newer;
  }
}

/**
 * Things of which there is mostly one, each once, in the order in which they came: that one itself; a pair; a set from the third on, until all
 * are gone. Most processes have one link, one timer and one or two exit hooks, and a set takes 230 bytes. The things are no sets themselves.
 */
export type Few<Item extends object> = Item | Pair<Item> | Set<Item> | undefined;

export function withItem<Item extends object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === undefined || few === item) return item;
  if (few instanceof Set) return few.add(item);
  if (!(few instanceof Pair)) return new Pair(few, item);
  return few.older === item || few.newer === item ? few : new Set([few.older, few.newer, item]);
}

export function withoutItem<Item extends object>(few: Few<Item>, item: Item): Few<Item> {
  if (few instanceof Pair) {
    if (few.older === item) return few.newer;
    return few.newer === item ? few.older : few;
  }
  if (!(few instanceof Set)) return few === item ? undefined : few;
  few.delete(item);
  return few.size === 0 ? undefined : few;
}

export function hasItem<Item extends object>(few: Few<Item>, item: Item): boolean {
  if (few instanceof Pair) return few.older === item || few.newer === item;
  return few instanceof Set ? few.has(item) : few === item;
}

export function findItem<Item extends object, Wanted extends Item>(
  few: Few<Item>,
  isWanted: (item: Item) => item is Wanted,
): Wanted | undefined {
  if (few === undefined) return undefined;
  if (few instanceof Pair) {
    if (isWanted(few.older)) return few.older;
    return isWanted(few.newer) ? few.newer : undefined;
  }
  if (!(few instanceof Set)) return isWanted(few) ? few : undefined;
  for (const item of few) if (isWanted(item)) return item;
  return undefined;
}

/** What is taken away while they are gone through may still come. */
export function itemsOf<Item extends object>(few: Few<Item>): Iterable<Item> {
  if (few === undefined) return NONE;
  if (few instanceof Pair) return [few.older, few.newer];
  return few instanceof Set ? few : [few];
}

export function countOf(few: Few<object>): number {
  if (few === undefined) return 0;
  if (few instanceof Pair) return 2;
  return few instanceof Set ? few.size : 1;
}

const NONE: readonly never[] = [];
