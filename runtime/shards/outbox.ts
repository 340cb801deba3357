import { RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from "msgpackr";
import { runtimeError } from "../errors.ts";
import { encodeNumber, FlatEncoder } from "./flat-encoder.ts";
import type { ByteSink } from "./peer-line.ts";
import { enter, leave, newPackr, type Packed, type TermHome } from "./term-types.ts";
import { isDeeper, pathToUncopyable, Uncopyable } from "./uncopyable.ts";

const BYTES_MIN = 65_536;
/** What has become larger for the sake of one message is not kept. */
const BYTES_MAX = 16 * BYTES_MIN;
/** A batch is closed at this size, so that the other side can begin: before it would have begun to sleep. */
const BATCH_BYTES = 1_024;
const HEAD_BYTES = 4;
const NUMBER_BYTES_MAX = 9;

/** The other side decodes on its own stack, which may be smaller. A level takes a byte at least. */
const DEPTH_MAX = 1_000;

/** What it encodes is copied at once, so that it may stand in the same place of the same buffer each time. */
const IN_PLACE = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

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
  readonly #ring: ByteSink;
  #packr = newPackr();
  readonly #flat = new FlatEncoder();
  #bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
  #start = 0;
  /** Where the batch that is being filled begins; as `#end` if there is none. */
  #batch = 0;
  #end = 0;
  #renewed = false;
  #isPacking = false;
  /** Of what is encoded, or was last. */
  #number = 0;
  /** The last message was encoded in a buffer that is larger than it should stay. */
  #swollen = false;

  constructor(home: TermHome, ring: ByteSink) {
    this.#home = home;
    this.#ring = ring;
    this.#flat.follow(this.#packr);
  }

  /** How many bytes have not found room in the ring yet. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /**
   * Adds a signal of any kind, as a list. True if enough has come together: `flush` then. Throws ROOKERY_NOT_COPYABLE, with the path
   * of what can't be copied inside `signal`; then nothing is sent.
   */
  add(signal: readonly unknown[]): boolean {
    const number = this.#nextNumber();
    const packed = this.#pack(signal, signal.at(-1));
    if (number !== this.#number) this.#refuse();
    this.#reserve(HEAD_BYTES + packed.end - packed.start);
    this.#begin();
    return this.#append(packed);
  }

  /**
   * The same for the kinds of which there are many: kind, receiver and, of a call, its number stand as plain integers before the
   * message.
   */
  addMessage(kind: number, id: number, call: number | undefined, message: unknown): boolean {
    const number = this.#nextNumber();
    const packed = this.#flat.encode(message) ?? this.#packUnknown(message, number);
    if (number !== this.#number) this.#refuse();
    this.#reserve(HEAD_BYTES + 3 * NUMBER_BYTES_MAX + packed.end - packed.start);
    this.#begin();
    const bytes = this.#bytes;
    bytes[this.#end] = kind;
    const at = encodeNumber(bytes, this.#end + 1, id);
    this.#end = call === undefined ? at : encodeNumber(bytes, at, call);
    return this.#append(packed);
  }

  #nextNumber(): number {
    this.#number = (this.#number + 1) | 0;
    return this.#number;
  }

  #packUnknown(message: unknown, number: number): Packed {
    // Else the getter would send again.
    if (number !== this.#number) this.#refuse();
    const packed = this.#pack(message, message);
    if (number === this.#number) this.#flat.learn(packed);
    return packed;
  }

  /** A getter of what was to be encoded has sent something by itself, which nothing of it may have named records for. */
  #refuse(): never {
    this.renew();
    throw runtimeError("ROOKERY_NOT_COPYABLE", "message", "one with a getter that sends to that shard, too");
  }

  #pack(value: unknown, message: unknown): Packed {
    // Another one is not done: this is sent by a getter of that, or it was terminated. The records it has named stay unknown there.
    if (this.#isPacking) this.renew();
    this.#isPacking = true;
    const before = enter(this.#home);
    try {
      // Not within another encoding, whose buffer it would be.
      if (this.#swollen && before === undefined) this.#shrink();
      const packed = this.#packr.pack(value, IN_PLACE) as Packed;
      if (packed.end - packed.start > DEPTH_MAX && isDeeper(message, DEPTH_MAX))
        throw new Uncopyable(`nested more than ${DEPTH_MAX} levels deep`);
      return packed;
    } catch (error) {
      this.renew();
      throw runtimeError("ROOKERY_NOT_COPYABLE", ...pathToUncopyable(message, error));
    } finally {
      this.#isPacking = false;
      leave(before);
    }
  }

  /** The buffer of msgpackr, which all its encoders on this thread share and which never becomes smaller. */
  #shrink(): void {
    this.#packr.useBuffer(Buffer.allocUnsafeSlow(BYTES_MIN));
    this.#swollen = false;
  }

  #append(packed: Packed): boolean {
    const { start, end } = packed;
    const bytes = this.#bytes;
    let at = this.#end;
    // A copy of a few bytes costs less than the call of one that is made for many.
    if (end - start < 48) for (let from = start; from < end; from += 1) bytes[at++] = packed[from]!;
    else at += packed.copy(bytes, at, start, end);
    this.#end = at;
    if (packed.length > BYTES_MAX) this.#swollen = true;
    if (at - this.#batch < BATCH_BYTES) return false;
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
      if (this.#bytes.length > BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
    }
    return written > 0;
  }

  #begin(): void {
    if (this.#batch === this.#end) this.#end += HEAD_BYTES;
  }

  #close(): void {
    const length = this.#end - this.#batch - HEAD_BYTES;
    this.#bytes.writeUInt32LE((length | (this.#renewed ? RENEWED : 0)) >>> 0, this.#batch);
    this.#renewed = false;
    this.#batch = this.#end;
  }

  /**
   * From here on the other side needs to know nothing of what came before. What failed halfway may have defined records of which it will
   * never hear.
   */
  renew(): void {
    if (this.#batch < this.#end) this.#close();
    this.#packr = newPackr();
    this.#flat.follow(this.#packr);
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
