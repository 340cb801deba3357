/**
 * Things of which there is mostly one, each once, in the order in which they came: that one itself; a set from the second on, until all are
 * gone. Most processes have one link, one timer and one exit hook, and a set of one takes 200 bytes. The things are no sets themselves.
 */
export type Few<Item extends object> = Item | Set<Item> | undefined;

export function withItem<Item extends object>(few: Few<Item>, item: Item): Few<Item> {
  if (few === undefined || few === item) return item;
  return few instanceof Set ? few.add(item) : new Set([few, item]);
}

export function withoutItem<Item extends object>(few: Few<Item>, item: Item): Few<Item> {
  if (!(few instanceof Set)) return few === item ? undefined : few;
  few.delete(item);
  return few.size === 0 ? undefined : few;
}

export function hasItem<Item extends object>(few: Few<Item>, item: Item): boolean {
  return few instanceof Set ? few.has(item) : few === item;
}

/** What is taken away while they are gone through, and has not been met yet, is left out, unless it was the only one. */
export function itemsOf<Item extends object>(few: Few<Item>): Iterable<Item> {
  if (few === undefined) return NONE;
  return few instanceof Set ? few : [few];
}

export function countOf(few: Few<object>): number {
  if (few === undefined) return 0;
  return few instanceof Set ? few.size : 1;
}

const NONE: readonly never[] = [];
