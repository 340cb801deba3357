import { isUtf8 } from "node:buffer";
import { channelsError } from "../errors.ts";
import { TERM_DEPTH_MAX, TERM_VERSION, TermTag } from "./term-tag.ts";
import { Tuple } from "./tuple.ts";

/**
 * Reads what `encodeTerm` or Erlang wrote, in the same shapes. A binary is a string if it is UTF-8 and bytes if not; a map whose
 * keys are all strings is an object, without a prototype, else a Map; whole numbers beyond 2 ** 53 are bigints.
 * Throws ROOKERY_TERM for anything that is not plain data: functions above all, but pids, references and ports, too.
 */
export function decodeTerm(bytes: Uint8Array): unknown {
  const reader = new TermReader(bytes);
  const term = reader.version() === TERM_VERSION ? reader.term(0) : reader.refuse();
  return reader.atEnd() ? term : reader.refuse();
}

class TermReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  version(): number {
    return this.#uint(1);
  }

  refuse(): never {
    throw channelsError("ROOKERY_TERM", "plain data in the external term format", `byte ${this.#at}`);
  }

  term(depth: number): unknown {
    if (depth > TERM_DEPTH_MAX) this.refuse();
    const tag = this.#uint(1);
    switch (tag) {
      case TermTag.SmallInteger:
        return this.#uint(1);
      case TermTag.Integer:
        return this.#take(4).readInt32BE();
      case TermTag.SmallBig:
        return this.#big(this.#uint(1));
      case TermTag.LargeBig:
        return this.#big(this.#uint(4));
      case TermTag.NewFloat:
        return this.#take(8).readDoubleBE();
      case TermTag.Float:
        return this.#textFloat();
      case TermTag.Atom:
        return atomValue(this.#take(this.#uint(2)).toString("latin1"));
      case TermTag.SmallAtom:
        return atomValue(this.#take(this.#uint(1)).toString("latin1"));
      case TermTag.AtomUtf8:
        return atomValue(this.#take(this.#uint(2)).toString());
      case TermTag.SmallAtomUtf8:
        return atomValue(this.#take(this.#uint(1)).toString());
      case TermTag.Binary:
        return binaryValue(this.#take(this.#uint(4)));
      case TermTag.SmallTuple:
        return new Tuple(this.#terms(this.#uint(1), depth));
      case TermTag.LargeTuple:
        return new Tuple(this.#terms(this.#uint(4), depth));
      case TermTag.Nil:
        return [];
      case TermTag.String:
        return [...this.#take(this.#uint(2))];
      case TermTag.List:
        return this.#list(depth);
      case TermTag.Map:
        return this.#map(depth);
      default:
        return this.refuse();
    }
  }

  #take(size: number): Buffer {
    const end = this.#at + size;
    if (end > this.#bytes.length) this.refuse();
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #uint(size: 1 | 2 | 4): number {
    return this.#take(size).readUIntBE(0, size);
  }

  #big(size: number): number | bigint {
    const sign = this.#uint(1);
    const hex = Buffer.from(this.#take(size)).reverse().toString("hex");
    const magnitude = BigInt(`0x${hex === "" ? "0" : hex}`);
    const value = sign === 0 ? magnitude : -magnitude;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** 31 characters, as OTP wrote floats long ago. */
  #textFloat(): number {
    const value = Number(this.#take(31).toString("latin1").replaceAll("\0", ""));
    return Number.isFinite(value) ? value : this.refuse();
  }

  #terms(count: number, depth: number): unknown[] {
    // Each term takes at least a byte: a count that promises more is not worth the array.
    if (count > this.#bytes.length - this.#at) this.refuse();
    return Array.from({ length: count }, () => this.term(depth + 1));
  }

  #list(depth: number): unknown[] {
    const items = this.#terms(this.#uint(4), depth);
    return this.#uint(1) === TermTag.Nil ? items : this.refuse();
  }

  #map(depth: number): unknown {
    const count = this.#uint(4);
    const flat = this.#terms(count * 2, depth);
    const entries = Array.from({ length: count }, (_, i): [unknown, unknown] => [
      flat[i * 2],
      flat[i * 2 + 1],
    ]);
    if (!entries.every(([key]) => typeof key === "string")) return new Map(entries);
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, value] of entries) object[key as string] = value;
    return object;
  }
}

function atomValue(name: string): unknown {
  if (name === "nil") return null;
  if (name === "true") return true;
  if (name === "false") return false;
  return Symbol.for(name);
}

function binaryValue(bytes: Buffer): string | Uint8Array {
  return isUtf8(bytes) ? bytes.toString() : new Uint8Array(bytes);
}
