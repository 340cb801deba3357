import { isDeepStrictEqual } from "node:util";
import type { TableRow, TableRows } from "./table-rows.ts";
import { compareTerms } from "./term-order.ts";

/** A chunk that has grown to so many rows is split. */
const CHUNK_ROWS_MAX = 512;

/**
 * One row a key, in the order of the keys.
 *
 * ```text
 *   #chunks  [ [a b d] [f g] [h k l m] ]
 * ```
 *
 * Chunks are sorted, each in itself and one after the other, and none is empty: a row is found by two binary searches, and
 * only its own chunk is moved to make room.
 */
export class SortedRows implements TableRows {
  #chunks: TableRow[][] = [];
  size = 0;

  get(key: unknown): readonly TableRow[] {
    const chunk = this.#chunks[this.#chunkOf(key)];
    const row = chunk?.[lowerBound(chunk, key)];
    return row !== undefined && compareTerms(row[0], key) === 0 ? [row] : [];
  }

  insert(row: TableRow): void {
    const key = row[0];
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([row]);
      this.size = 1;
      return;
    }
    const index = lowerBound(chunk, key);
    const there = chunk[index];
    if (there !== undefined && compareTerms(there[0], key) === 0) {
      chunk[index] = row;
      return;
    }
    chunk.splice(index, 0, row);
    this.size += 1;
    if (chunk.length >= CHUNK_ROWS_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_ROWS_MAX >> 1));
  }

  take(key: unknown): readonly TableRow[] {
    const rows = this.get(key);
    if (rows.length === 0) return rows;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at]!;
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.size -= 1;
    return rows;
  }

  deleteObject(row: TableRow): void {
    if (this.get(row[0]).some((own) => isDeepStrictEqual(own, row))) this.take(row[0]);
  }

  clear(): void {
    this.#chunks = [];
    this.size = 0;
  }

  *[Symbol.iterator](): Iterator<TableRow> {
    // By key, not by place: rows may come and go before the next one is asked for.
    for (let row = this.#chunks[0]?.[0]; row !== undefined; row = this.#after(row[0])) yield row;
  }

  #after(key: unknown): TableRow | undefined {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    let index = lowerBound(chunk, key);
    const there = chunk[index];
    if (there !== undefined && compareTerms(there[0], key) === 0) index += 1;
    return chunk[index] ?? this.#chunks[at + 1]?.[0];
  }

  /** The chunk in which `key` is, or would be: the last one that begins at or before it, or the first. */
  #chunkOf(key: unknown): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareTerms(this.#chunks[middle]![0]![0], key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Where the first row is whose key is not less than `key`. */
function lowerBound(rows: readonly TableRow[], key: unknown): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareTerms(rows[middle]![0], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
