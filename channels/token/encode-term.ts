import { channelsError } from "../errors.ts";
import { TERM_DEPTH_MAX, TERM_VERSION, TermTag } from "./term-tag.ts";
import { Tuple } from "./tuple.ts";

const STRING_LENGTH_MAX = 0xffff;

/**
 * Encodes plain data as `term_to_binary` of OTP 25 does, byte for byte:
 *
 * ```text
 *   whole number, bigint    integer            null, true, false   the atoms nil, true, false
 *   other number            float              Symbol.for("ok")    any other atom
 *   string, Uint8Array      binary             array               list
 *   object with string keys map                tuple(...)          tuple
 *   Map                     map with any keys
 * ```
 *
 * Throws ROOKERY_TERM for anything else. 1.0 is a whole number in JavaScript, so it becomes an integer. Maps of more than 32
 * keys have an order of their own in Erlang; here their keys stay sorted, which reads the same.
 */
export function encodeTerm(term: unknown): Buffer {
  const chunks: Uint8Array[] = [Buffer.of(TERM_VERSION)];
  write(chunks, term, 0);
  return Buffer.concat(chunks);
}

function write(chunks: Uint8Array[], term: unknown, depth: number): void {
  if (depth > TERM_DEPTH_MAX) throw channelsError("ROOKERY_TERM", `at most ${TERM_DEPTH_MAX} deep`, term);
  if (typeof term === "number" && !Number.isInteger(term)) chunks.push(float(term));
  else if (typeof term === "number" || typeof term === "bigint") chunks.push(integer(BigInt(term)));
  else if (typeof term === "string") binary(chunks, Buffer.from(term));
  else if (typeof term === "symbol") chunks.push(atom(Symbol.keyFor(term)));
  else if (term === null) chunks.push(atom("nil"));
  else if (typeof term === "boolean") chunks.push(atom(String(term)));
  else if (term instanceof Uint8Array) binary(chunks, term);
  else if (Array.isArray(term)) list(chunks, term, depth);
  else if (term instanceof Tuple) {
    const { elements } = term;
    chunks.push(
      elements.length < 256
        ? Buffer.of(TermTag.SmallTuple, elements.length)
        : sized(TermTag.LargeTuple, elements.length),
    );
    for (const element of elements) write(chunks, element, depth + 1);
  } else if (term instanceof Map) map(chunks, [...term], depth);
  else if (isPlainObject(term)) map(chunks, Object.entries(term), depth);
  else
    throw channelsError(
      "ROOKERY_TERM",
      "numbers, strings, bytes, null, booleans, arrays, tuples, maps",
      term,
    );
}

function isPlainObject(term: unknown): term is object {
  if (typeof term !== "object" || term === null) return false;
  const prototype: unknown = Object.getPrototypeOf(term);
  return prototype === Object.prototype || prototype === null;
}

/** A tag and a size in 32 bits. */
function sized(tag: number, size: number): Buffer {
  const head = Buffer.allocUnsafe(5);
  head[0] = tag;
  head.writeUInt32BE(size, 1);
  return head;
}

function float(value: number): Buffer {
  if (!Number.isFinite(value)) throw channelsError("ROOKERY_TERM", "finite numbers", value);
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = TermTag.NewFloat;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function integer(value: bigint): Buffer {
  if (value >= 0n && value <= 255n) return Buffer.of(TermTag.SmallInteger, Number(value));
  if (BigInt.asIntN(32, value) === value) {
    const bytes = Buffer.allocUnsafe(5);
    bytes[0] = TermTag.Integer;
    bytes.writeInt32BE(Number(value), 1);
    return bytes;
  }
  const hex = (value < 0n ? -value : value).toString(16);
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").reverse();
  const { length } = magnitude;
  const head = length < 256 ? Buffer.of(TermTag.SmallBig, length) : sized(TermTag.LargeBig, length);
  return Buffer.concat([head, Buffer.of(value < 0n ? 1 : 0), magnitude]);
}

/** ATOM_EXT, as OTP 25 writes it and every OTP reads it, for names that fit into Latin-1. */
function atom(name: string | undefined): Buffer {
  if (name === undefined) throw channelsError("ROOKERY_TERM", "symbols made by Symbol.for", "another symbol");
  const isLatin1 = /^[\u0000-\u00ff]*$/.test(name);
  const bytes = Buffer.from(name, isLatin1 ? "latin1" : "utf8");
  if ([...name].length > 255) throw channelsError("ROOKERY_TERM", "atoms of at most 255 characters", name);
  const head = Buffer.of(isLatin1 ? TermTag.Atom : TermTag.AtomUtf8, bytes.length >> 8, bytes.length & 0xff);
  return Buffer.concat([head, bytes]);
}

function binary(chunks: Uint8Array[], bytes: Uint8Array): void {
  chunks.push(sized(TermTag.Binary, bytes.length), bytes);
}

function list(chunks: Uint8Array[], items: readonly unknown[], depth: number): void {
  if (items.length > 0 && items.length <= STRING_LENGTH_MAX && items.every(isByte)) {
    chunks.push(Buffer.of(TermTag.String, items.length >> 8, items.length & 0xff), Buffer.from(items));
    return;
  }
  if (items.length > 0) {
    chunks.push(sized(TermTag.List, items.length));
    for (const item of items) write(chunks, item, depth + 1);
  }
  chunks.push(Buffer.of(TermTag.Nil));
}

function isByte(item: unknown): item is number {
  return typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= 255;
}

function map(chunks: Uint8Array[], entries: [unknown, unknown][], depth: number): void {
  chunks.push(sized(TermTag.Map, entries.length));
  for (const [key, value] of entries.toSorted(([one], [other]) => compareKeys(one, other))) {
    write(chunks, key, depth + 1);
    write(chunks, value, depth + 1);
  }
}

/** Erlang's order of terms, as far as keys go: numbers, then atoms, then binaries; other keys keep their place at the end. */
function compareKeys(one: unknown, other: unknown): number {
  const rank = rankOf(one) - rankOf(other);
  if (rank !== 0) return rank;
  if (typeof one === "number" || typeof one === "bigint") return one < (other as number | bigint) ? -1 : 1;
  if (rankOf(one) === OTHER_RANK) return 0;
  return Buffer.compare(keyBytes(one), keyBytes(other));
}

const OTHER_RANK = 3;

function rankOf(key: unknown): number {
  if (typeof key === "number" || typeof key === "bigint") return 0;
  if (typeof key === "symbol" || typeof key === "boolean" || key === null) return 1;
  return typeof key === "string" || key instanceof Uint8Array ? 2 : OTHER_RANK;
}

function keyBytes(key: unknown): Uint8Array {
  if (key instanceof Uint8Array) return key;
  return Buffer.from(
    key === null ? "nil" : typeof key === "symbol" ? (Symbol.keyFor(key) ?? "") : String(key),
  );
}
