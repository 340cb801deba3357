/**
 * Rows by a key of theirs, those of one key in the order in which they came. Adding and deleting cost the same however many there are;
 * a key with one row, as nearly all have, costs no list.
 */
export class RowIndex<Row extends object> {
  readonly #rows = new Map<unknown, Row | Set<Row>>();

  get(key: unknown): Row[] {
    const rows = this.#rows.get(key);
    if (rows === undefined) return [];
    return rows instanceof Set ? [...rows] : [rows];
  }

  first(key: unknown): Row | undefined {
    const rows = this.#rows.get(key);
    return rows instanceof Set ? rows.values().next().value : rows;
  }

  has(key: unknown): boolean {
    return this.#rows.has(key);
  }

  add(key: unknown, row: Row): void {
    const rows = this.#rows.get(key);
    if (rows === undefined) this.#rows.set(key, row);
    else if (rows instanceof Set) rows.add(row);
    else this.#rows.set(key, new Set([rows, row]));
  }

  delete(key: unknown, row: Row): void {
    const rows = this.#rows.get(key);
    if (rows instanceof Set) rows.delete(row);
    if (rows === row || (rows instanceof Set && rows.size === 0)) this.#rows.delete(key);
  }

  /** All rows, those of a key together. */
  *all(): Generator<Row> {
    for (const rows of this.#rows.values()) {
      if (rows instanceof Set) yield* rows;
      else yield rows;
    }
  }
}
