/** How a row is told from others, and where it stands among them: by its key, then by its pid. */
export interface Place {
  readonly key: number | string;
  readonly shard: number;
  readonly id: number;
}

/** Negative if `left` stands before `right`: numbers from the largest on, texts by the alphabet; `reversed` the other way round. */
export function comparePlaces(left: Place, right: Place, reversed: boolean): number {
  if (left.key !== right.key) {
    const textual = typeof left.key === "string";
    const order = left.key < right.key === textual ? -1 : 1;
    return reversed ? -order : order;
  }
  return left.shard - right.shard || left.id - right.id;
}

/** The first `max` of any number of places behind `after`. Holds no more than those, however many are offered. */
export class TopRows<Row extends Place> {
  readonly #max: number;
  readonly #reversed: boolean;
  readonly #after: Place | undefined;
  readonly #rows: Row[] = [];
  /** How many were offered, and how many of them stand behind those that are kept. */
  total = 0;
  rest = 0;

  constructor(max: number, reversed: boolean, after: Place | undefined) {
    this.#max = max;
    this.#reversed = reversed;
    this.#after = after;
  }

  /** In order. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  offer(row: Row): void {
    this.total += 1;
    if (this.#after !== undefined && comparePlaces(row, this.#after, this.#reversed) <= 0) return;
    const last = this.#rows.at(-1);
    if (this.#rows.length === this.#max) {
      this.rest += 1;
      if (comparePlaces(row, last!, this.#reversed) > 0) return;
      this.#rows.pop();
    }
    this.#rows.splice(this.#indexFor(row), 0, row);
  }

  #indexFor(row: Row): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(this.#rows[middle]!, row, this.#reversed) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
