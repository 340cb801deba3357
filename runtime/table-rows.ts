import { isDeepStrictEqual } from "node:util";
import { SortedRows } from "./sorted-rows.ts";
import { termKey } from "./term-key.ts";

/** A row of a table; its first element is its key. */
export type TableRow = readonly [key: unknown, ...values: unknown[]];

export const TABLE_TYPES = ["set", "ordered_set", "bag", "duplicate_bag"] as const;

/** How many rows a key may have, and whether keys are in order: `t::ets.table_type/0`. */
export type TableType = (typeof TABLE_TYPES)[number];

/** The rows of a table, by one of ETS's four ways to keep them. */
export interface TableRows {
  readonly size: number;
  /** The rows under `key`, in the order in which they came: its own list, not a copy. */
  get(key: unknown): readonly TableRow[];
  insert(row: TableRow): void;
  /** Removes the rows under `key` and answers them. */
  take(key: unknown): readonly TableRow[];
  deleteObject(row: TableRow): void;
  clear(): void;
  /** All rows. Goes on when rows come and go meanwhile; those that stay are seen once. */
  [Symbol.iterator](): Iterator<TableRow>;
}

export function newTableRows(type: TableType): TableRows {
  if (type === "set") return new SetRows();
  if (type === "ordered_set") return new SortedRows();
  return new BagRows(type === "duplicate_bag");
}

const NONE: readonly TableRow[] = [];

/** One row a key. */
class SetRows implements TableRows {
  readonly #rows = new Map<unknown, TableRow>();

  get size(): number {
    return this.#rows.size;
  }

  get(key: unknown): readonly TableRow[] {
    const row = this.#rows.get(termKey(key));
    return row === undefined ? NONE : [row];
  }

  insert(row: TableRow): void {
    this.#rows.set(termKey(row[0]), row);
  }

  take(key: unknown): readonly TableRow[] {
    const rows = this.get(key);
    this.#rows.delete(termKey(key));
    return rows;
  }

  deleteObject(row: TableRow): void {
    if (this.get(row[0]).some((own) => isDeepStrictEqual(own, row))) this.#rows.delete(termKey(row[0]));
  }

  clear(): void {
    this.#rows.clear();
  }

  [Symbol.iterator](): Iterator<TableRow> {
    return this.#rows.values();
  }
}

/** Many rows a key, in the order in which they came; equal ones only once, unless it is a duplicate bag. */
class BagRows implements TableRows {
  readonly #rows = new Map<unknown, TableRow[]>();
  readonly #duplicates: boolean;
  size = 0;

  constructor(duplicates: boolean) {
    this.#duplicates = duplicates;
  }

  get(key: unknown): readonly TableRow[] {
    return this.#rows.get(termKey(key)) ?? NONE;
  }

  insert(row: TableRow): void {
    const key = termKey(row[0]);
    const rows = this.#rows.get(key);
    if (!this.#duplicates && rows?.some((own) => isDeepStrictEqual(own, row))) return;
    if (rows === undefined) this.#rows.set(key, [row]);
    else rows.push(row);
    this.size += 1;
  }

  take(key: unknown): readonly TableRow[] {
    const rows = this.get(key);
    this.#rows.delete(termKey(key));
    this.size -= rows.length;
    return rows;
  }

  deleteObject(row: TableRow): void {
    const rows = this.get(row[0]);
    const left = rows.filter((own) => !isDeepStrictEqual(own, row));
    // Set, not taken and put back: an iteration that stands at this key would come to it again.
    if (left.length === 0) this.#rows.delete(termKey(row[0]));
    else this.#rows.set(termKey(row[0]), left);
    this.size -= rows.length - left.length;
  }

  clear(): void {
    this.#rows.clear();
    this.size = 0;
  }

  *[Symbol.iterator](): Iterator<TableRow> {
    for (const rows of this.#rows.values()) yield* rows.slice();
  }
}
