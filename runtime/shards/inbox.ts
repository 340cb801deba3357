import { RENEWED } from "./outbox.ts";
import type { ByteSource } from "./peer-line.ts";
import { enter, leave, newUnpackr, type TermHome } from "./term-types.ts";

const BYTES_MIN = 65_536;
/** What has become larger for the sake of one batch is not kept. */
const BYTES_MAX = 16 * BYTES_MIN;
const HEAD_BYTES = 4;

/** Reads the signals that another shard has put into the ring, a batch at a time. */
export class Inbox {
  readonly #home: TermHome;
  readonly #ring: ByteSource;
  #unpackr = newUnpackr();
  #bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
  #end = 0;
  /** Used again and again: whoever takes a value leaves undefined in its place. */
  readonly values: unknown[] = [];
  #count = 0;
  readonly #keep = (value: unknown): void => {
    this.values[this.#count] = value;
    this.#count += 1;
  };

  constructor(home: TermHome, ring: ByteSource) {
    this.#home = home;
    this.#ring = ring;
  }

  /**
   * Reads the next batch into `values`, in the order in which it was sent, and answers how many that are; 0 if no batch is there as a
   * whole.
   */
  next(): number {
    const size = this.#batchBytes();
    if (size === undefined) return 0;
    const before = enter(this.#home);
    this.#count = 0;
    try {
      // What is decoded keeps nothing of these bytes: they are used again.
      this.#unpackr.unpackMultiple(this.#bytes.subarray(HEAD_BYTES, HEAD_BYTES + size), this.#keep);
      return this.#count;
    } finally {
      leave(before);
      this.#bytes.copyWithin(0, HEAD_BYTES + size, this.#end);
      this.#end -= HEAD_BYTES + size;
      if (this.#end === 0 && this.#bytes.length > BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
    }
  }

  get isEmpty(): boolean {
    return this.#ring.isEmpty;
  }

  #batchBytes(): number | undefined {
    if (!this.#fill(HEAD_BYTES)) return undefined;
    const head = this.#bytes.readUInt32LE(0);
    const size = (head & ~RENEWED) >>> 0;
    if (!this.#fill(HEAD_BYTES + size)) return undefined;
    if ((head & RENEWED) !== 0) this.#unpackr = newUnpackr();
    return size;
  }

  /** Moves up to `wanted` bytes out of the ring; false while they are not all there. */
  #fill(wanted: number): boolean {
    const size = Math.min(wanted - this.#end, this.#ring.available);
    if (size > 0) {
      if (wanted > this.#bytes.length) {
        const bytes = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(wanted)));
        this.#bytes.copy(bytes, 0, 0, this.#end);
        this.#bytes = bytes;
      }
      this.#ring.read(this.#bytes, this.#end, size);
      this.#end += size;
    }
    return this.#end >= wanted;
  }
}
