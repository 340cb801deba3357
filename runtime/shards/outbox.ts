import { REUSE_BUFFER_MODE } from "msgpackr";
import { runtimeError } from "../errors.ts";
import type { ByteRing } from "./byte-ring.ts";
import { enter, leave, newPackr, type TermHome } from "./term-types.ts";
import { pathToUncopyable } from "./uncopyable.ts";

const BYTES_MIN = 65_536;
/** A batch is closed at this size, so that the other side can begin. */
const BATCH_BYTES = 16_384;
const HEAD_BYTES = 4;
/** In the head of a batch: what it is written with begins anew, its records too. */
export const RENEWED: number = 0x8000_0000;

/**
 * Encodes the signals to one other shard, at the moment they are sent, and hands them over in batches. What has no room in the
 * ring stays here, in order.
 *
 * ```text
 *   bytes:  [ length | signal signal signal ] [ length | signal ... ]
 *           ^ #start                          ^ #batch             ^ #end
 * ```
 */
export class Outbox {
  readonly #home: TermHome;
  readonly #ring: ByteRing;
  #packr = newPackr();
  #bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
  #start = 0;
  /** Where the batch that is being filled begins; as `#end` if there is none. */
  #batch = 0;
  #end = 0;
  #renewed = false;

  constructor(home: TermHome, ring: ByteRing) {
    this.#home = home;
    this.#ring = ring;
  }

  /** How many bytes have not found room in the ring yet. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /**
   * True if enough has come together: `flush` then. Throws ROOKERY_NOT_COPYABLE, with the path of what can't be copied inside
   * `signal`; then nothing is sent.
   */
  add(signal: readonly unknown[]): boolean {
    let packed: Buffer & { start?: number; end?: number };
    enter(this.#home);
    try {
      packed = this.#packr.pack(signal, REUSE_BUFFER_MODE);
    } catch (error) {
      this.#renew();
      throw runtimeError("ROOKERY_NOT_COPYABLE", ...pathToUncopyable(signal, error));
    } finally {
      leave();
    }
    const start = packed.start!;
    const size = packed.end! - start;
    if (this.#batch === this.#end) this.#begin(size);
    else this.#reserve(size);
    const bytes = this.#bytes;
    let at = this.#end;
    // A copy of a few bytes costs less than the call of one that is made for many.
    if (size < 48) for (let from = start; from < start + size; from += 1) bytes[at++] = packed[from]!;
    else packed.copy(bytes, at, start, start + size);
    this.#end += size;
    if (this.#end - this.#batch < BATCH_BYTES) return false;
    this.#close();
    return true;
  }

  /** Whether `flush` would bring something to the other side. */
  get canFlush(): boolean {
    return this.waiting > 0 && this.#ring.hasRoom;
  }

  /** Puts what is here into the ring, as far as there is room. True if the other side has something new to read. */
  flush(): boolean {
    if (this.#batch < this.#end) this.#close();
    if (this.#start === this.#end) return false;
    const written = this.#ring.write(this.#bytes, this.#start, this.#end);
    this.#start += written;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#batch = 0;
      this.#end = 0;
      if (this.#bytes.length > 16 * BYTES_MIN) this.#bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
    }
    return written > 0;
  }

  #begin(size: number): void {
    this.#reserve(HEAD_BYTES + size);
    this.#end += HEAD_BYTES;
  }

  #close(): void {
    const length = this.#end - this.#batch - HEAD_BYTES;
    this.#bytes.writeUInt32LE((length | (this.#renewed ? RENEWED : 0)) >>> 0, this.#batch);
    this.#renewed = false;
    this.#batch = this.#end;
  }

  /** What failed halfway may have defined records that the other side will never hear of. */
  #renew(): void {
    if (this.#batch < this.#end) this.#close();
    this.#packr = newPackr();
    this.#renewed = true;
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const used = this.#end - this.#start;
    let length = this.#bytes.length;
    while (length < used + size) length *= 2;
    const bytes = length === this.#bytes.length ? this.#bytes : Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(bytes, 0, this.#start, this.#end);
    this.#bytes = bytes;
    this.#batch -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
