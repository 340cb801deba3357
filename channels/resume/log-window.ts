export interface WindowLimits {
  /** Of one topic. */
  readonly messagesMax: number;
  /** Of one topic. */
  readonly bytesMax: number;
  readonly ageMs: number;
}

/**
 * Which offsets of a topic are kept: decides, touches no entry.
 *
 * ```text
 *   offset   1  2  3 | 4  5  6  7 |
 *            dropped   ^first   ^last      #kept[offset - first] is its size and time
 * ```
 *
 * There is no entry when `first` is `last + 1`, as in the beginning.
 */
export class LogWindow {
  last: number;
  #bytes = 0;
  #kept: { readonly bytes: number; readonly atMs: number }[];
  /** How many at the front of #kept are dropped already: an array is not moved for each. */
  #dropped = 0;

  constructor(last: number = 0, kept: readonly { readonly bytes: number; readonly atMs: number }[] = []) {
    this.last = last;
    this.#kept = [...kept];
    for (const { bytes } of kept) this.#bytes += bytes;
  }

  get first(): number {
    return this.last - this.length + 1;
  }

  get length(): number {
    return this.#kept.length - this.#dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers the offset of the entry. */
  add(bytes: number, atMs: number): number {
    this.#kept.push({ bytes, atMs });
    this.#bytes += bytes;
    this.last += 1;
    return this.last;
  }

  /** Drops what is too much, too big or too old, oldest first. `overBytes` is what must go for another reason. */
  trim({ messagesMax, bytesMax, ageMs }: WindowLimits, nowMs: number, overBytes: number = 0): void {
    const wanted = Math.min(bytesMax, this.#bytes - overBytes);
    while (this.length > 0) {
      const { bytes, atMs } = this.#kept[this.#dropped]!;
      if (this.length <= messagesMax && this.#bytes <= wanted && nowMs - atMs <= ageMs) break;
      this.#bytes -= bytes;
      this.#dropped += 1;
    }
    if (this.#dropped * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#dropped);
    this.#dropped = 0;
  }

  /** Whether who has everything up to `offset` can be given all that came since. */
  reaches(offset: number): boolean {
    return offset >= this.first - 1 && offset <= this.last;
  }
}
