/** Places of the counters in the head of a ring: each on a cache line of its own, for two threads write them all the time. */
const WRITTEN = 0;
const READ = 16;
/** Set by the writer when it waits for room. */
const WANTED = 24;
const HEAD_BYTES = 128;

/**
 * A stream of bytes from one thread to another through shared memory, without locks: one side only writes, the other only
 * reads. Both counters go on for ever, modulo 2³²; their difference is what is on its way.
 */
export class ByteRing {
  readonly memory: SharedArrayBuffer;
  readonly #counters: Int32Array;
  // A Buffer for its `copy`: `set` copies shared memory byte by byte where the two sides are not aligned alike, which takes ten times as long.
  readonly #bytes: Buffer;
  readonly #mask: number;

  /** A new ring for `capacity` bytes, a power of two, or the other side of one that exists. */
  constructor(of: number | SharedArrayBuffer) {
    this.memory = typeof of === "number" ? new SharedArrayBuffer(HEAD_BYTES + of) : of;
    this.#counters = new Int32Array(this.memory, 0, HEAD_BYTES / 4);
    this.#bytes = Buffer.from(this.memory, HEAD_BYTES);
    this.#mask = this.#bytes.length - 1;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#counters, WRITTEN) === Atomics.load(this.#counters, READ);
  }

  /** Asked by the writer. */
  get hasRoom(): boolean {
    return (this.#counters[WRITTEN]! - Atomics.load(this.#counters, READ)) >>> 0 < this.#bytes.length;
  }

  /** Writes as much of `from[start..end)` as there is room for, and answers how many bytes that were. */
  write(from: Buffer, start: number, end: number): number {
    const written = this.#counters[WRITTEN]!;
    const used = (written - Atomics.load(this.#counters, READ)) >>> 0;
    const size = Math.min(end - start, this.#bytes.length - used);
    if (size === 0) return 0;
    const at = written & this.#mask;
    const first = Math.min(size, this.#bytes.length - at);
    from.copy(this.#bytes, at, start, start + first);
    if (first < size) from.copy(this.#bytes, 0, start + first, start + size);
    // The bytes are visible to the other side before the counter that announces them.
    Atomics.store(this.#counters, WRITTEN, (written + size) | 0);
    return size;
  }

  /** The writer waits for room. Look for it once more after this: the reader may have been quicker. */
  wantRoom(): void {
    Atomics.store(this.#counters, WANTED, 1);
  }

  /** Whether the writer waits for room; asked by the reader after it has read. True once. */
  takeWanted(): boolean {
    return Atomics.load(this.#counters, WANTED) === 1 && Atomics.exchange(this.#counters, WANTED, 0) === 1;
  }

  /** How many bytes wait to be read. */
  get available(): number {
    return (Atomics.load(this.#counters, WRITTEN) - this.#counters[READ]!) >>> 0;
  }

  /** Moves the next `size` bytes, which must be available, to `into` at `at`. */
  read(into: Buffer, at: number, size: number): void {
    const read = this.#counters[READ]!;
    const from = read & this.#mask;
    const first = Math.min(size, this.#bytes.length - from);
    this.#bytes.copy(into, at, from, from + first);
    if (first < size) this.#bytes.copy(into, at + first, 0, size - first);
    Atomics.store(this.#counters, READ, (read + size) | 0);
  }
}
