import type { Packr } from "msgpackr";
import type { Packed } from "./term-types.ts";

const KEYS_MAX = 16;
/** In characters. */
const TEXT_MAX = 63;
const BYTES_MAX = 1 + KEYS_MAX * (2 + TEXT_MAX);

/** The bytes from here on stand for the keys of a record that has been named. */
const NAME_MIN = 0x40;
const NAMES_MAX = 64;

const NOT_FLAT = -1;

type Keys = readonly string[] | undefined;

/**
 * Encodes the small messages of which there are many as msgpackr would, in a part of its time: numbers, texts, and records of nothing
 * but these. A record it can encode once msgpackr has named its keys.
 */
export class FlatEncoder {
  readonly #bytes = Object.assign(Buffer.allocUnsafeSlow(BYTES_MAX), { start: 0, end: 0 });
  /** By name, as msgpackr has them now: it gives a name again when it has none left. */
  #named: readonly Keys[] = [];
  /** By name, too. */
  #learnt: Shape[] = [];
  #count = 0;
  #root = new Shape();

  /** From now on its names are those of `packr`, which has encoded nothing yet. */
  follow(packr: Packr): void {
    this.#named = (packr as unknown as { structures: Keys[] }).structures;
    this.#forget();
  }

  #forget(): void {
    if (this.#count === 0) return;
    this.#learnt = [];
    this.#count = 0;
    this.#root = new Shape();
  }

  /** The message as bytes, until the next call; undefined if it is not flat, or of a shape that has not been learnt. */
  encode(message: unknown): Packed | undefined {
    const bytes = this.#bytes;
    // As with `isCopyableRecord`, what has a key of that name is none.
    const isRecord =
      typeof message === "object" &&
      (message as { __proto__?: unknown } | null)?.__proto__ === Object.prototype;
    const end = isRecord ? this.#record(message as Record<string, unknown>) : plain(bytes, 0, message);
    if (end === NOT_FLAT) return undefined;
    bytes.end = end;
    return bytes;
  }

  #record(record: Record<string, unknown>): number {
    const bytes = this.#bytes;
    let at = 1;
    let shape: Shape | undefined = this.#root;
    for (const key in record) {
      if (!hasOwn.call(record, key)) return NOT_FLAT;
      shape = shape.with(key);
      if (shape === undefined) return NOT_FLAT;
      at = plain(bytes, at, record[key]);
      if (at === NOT_FLAT) return NOT_FLAT;
    }
    const { name, keys } = shape;
    if (keys === undefined || this.#named[name - NAME_MIN] !== keys) return NOT_FLAT;
    bytes[0] = name;
    return at;
  }

  /** What msgpackr has made of a message that could not be encoded here. */
  learn(packed: Packed): void {
    const name = packed[packed.start]!;
    if (name < NAME_MIN || name >= NAME_MIN + NAMES_MAX) return;
    const keys = this.#named[name - NAME_MIN]!;
    const learnt = this.#learnt[name - NAME_MIN];
    if (keys.length > KEYS_MAX || (learnt?.keys === keys && learnt.name === name)) return;
    if (this.#count === NAMES_MAX) this.#forget();
    let shape = this.#root;
    for (const key of keys) shape = shape.add(key);
    shape.name = name;
    shape.keys = keys;
    this.#learnt[name - NAME_MIN] = shape;
    this.#count += 1;
  }
}

/** Where the keys of a record lead, one after another. */
class Shape {
  name = 0;
  keys: Keys;
  readonly #next = new Map<string, Shape>();
  #lastKey: string | undefined;
  #last: Shape | undefined;

  with(key: string): Shape | undefined {
    return key === this.#lastKey ? this.#last : this.#next.get(key);
  }

  add(key: string): Shape {
    let shape = this.#next.get(key);
    if (shape === undefined) this.#next.set(key, (shape = new Shape()));
    this.#lastKey = key;
    this.#last = shape;
    return shape;
  }
}

const { hasOwnProperty: hasOwn } = Object.prototype;

function plain(bytes: Buffer, at: number, value: unknown): number {
  if (typeof value === "number") return encodeNumber(bytes, at, value);
  if (typeof value === "string") return text(bytes, at, value);
  if (value === null) bytes[at] = 0xc0;
  else if (value === false) bytes[at] = 0xc2;
  else if (value === true) bytes[at] = 0xc3;
  else return NOT_FLAT;
  return at + 1;
}

function text(bytes: Buffer, at: number, value: string): number {
  const { length } = value;
  if (length > TEXT_MAX) return NOT_FLAT;
  if (length < 0x20) bytes[at++] = 0xa0 | length;
  else {
    bytes[at++] = 0xd9;
    bytes[at++] = length;
  }
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    if (code >= 0x80) return NOT_FLAT;
    bytes[at++] = code;
  }
  return at;
}

/** As msgpack has numbers. Answers where it ends. */
export function encodeNumber(bytes: Buffer, at: number, value: number): number {
  if (value >>> 0 !== value) return encodeDouble(bytes, at, value);
  if (value < 0x40) {
    bytes[at] = value;
    return at + 1;
  }
  bytes[at] = 0xce;
  bytes[at + 1] = value >>> 24;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 8;
  bytes[at + 4] = value;
  return at + 5;
}

function encodeDouble(bytes: Buffer, at: number, value: number): number {
  bytes[at] = 0xcb;
  return bytes.writeDoubleBE(value, at + 1);
}
