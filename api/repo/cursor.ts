import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { repoError } from "./errors.ts";

export type OrderValue = string | number;

/** A column by which a list is ordered. Its values must not be null: SQLite orders nulls, but can't compare them. */
export interface OrderBy {
  /** As the query names it, with its table where needed: "messages.inserted_at". The row has it under the last part. */
  readonly column: string;
  readonly type: "string" | "number";
  readonly direction?: "asc" | "desc";
}

/** How the text of a cursor becomes what clients get, and back: undefined for what `encode` has not made. */
export interface CursorCodec {
  encode(text: string): string;
  decode(cursor: string): string | undefined;
}

const VERSION = 1;
/** So that a signature made for something else with the same key is none of a cursor. */
const SIGNED_AS = "rookery.cursor.1.";
/** Longer than any cursor that we make of short columns; what is longer is not even decoded. */
const CURSOR_LENGTH_MAX = 2_048;

export const base64url: CursorCodec = { encode: encodeBase64url, decode: decodeBase64url };

/** Bytes of a key that nobody can guess. */
const KEY_BYTES_MIN = 32;

/**
 * Cursors that only who has `key`, at least 32 bytes, can make: a client can neither change one nor make one up. What it holds
 * can still be read. A cursor that was signed with another key is none.
 *
 * ```ts
 * const cursor = signedCursors(secretKeyBase);
 * await page(query, request.query, { orderBy, cursor });
 * ```
 */
export function signedCursors(key: string | Uint8Array): CursorCodec {
  if (Buffer.byteLength(key) < KEY_BYTES_MIN)
    throw repoError("ROOKERY_PAGE_KEY", [KEY_BYTES_MIN, Buffer.byteLength(key)]);
  // An object, not bytes: see `derivedKey` of the channels.
  const secret = createSecretKey(Buffer.from(key));
  const sign = (payload: string): string =>
    createHmac("sha256", secret)
      .update(SIGNED_AS + payload)
      .digest("base64url");
  return {
    encode(text) {
      const payload = base64url.encode(text);
      return `${payload}.${sign(payload)}`;
    },
    decode(cursor) {
      const dot = cursor.indexOf(".");
      if (dot === -1) return undefined;
      const payload = cursor.slice(0, dot);
      // As text: the bytes of a signature could be written in several ways.
      const given = Buffer.from(cursor.slice(dot + 1));
      const expected = Buffer.from(sign(payload));
      const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
      return isOurs ? base64url.decode(payload) : undefined;
    },
  };
}

/** Rows of a run that a cursor counts: no more than a page has. */
export const RUN_MAX = 100;

/** Where in a list a cursor points. */
export interface Place {
  /** Those of the row's columns by which the list is ordered. */
  readonly values: readonly OrderValue[];
  /**
   * The how manyth the row was, from 1, of those with its value in the first column; undefined where that was not to be seen. By now it
   * may be another one, and who makes cursors up can put anything from 1 to `RUN_MAX` here.
   */
  readonly run: number | undefined;
}

/**
 * The cursors of the lists with an order. One holds the row's values of these columns and which they are, so that the cursor of another
 * list is recognised.
 */
export class Cursors {
  readonly #order: readonly OrderBy[];
  readonly #keys: readonly string[];
  readonly #codec: CursorCodec;
  /** What the text of each begins with. */
  readonly #head: string;

  constructor(order: readonly OrderBy[], codec: CursorCodec = base64url) {
    this.#order = order;
    this.#keys = order.map(({ column }) => keyOf(column));
    this.#codec = codec;
    const columns = order.map(({ column, direction }) => `${column}:${direction ?? "asc"}`);
    this.#head = `[${VERSION},${JSON.stringify(columns.join())},`;
  }

  /** The cursor that points behind `row`. */
  encode(row: object, run?: number): string {
    let text = this.#head;
    for (let index = 0; index < this.#order.length; index += 1) {
      const { column, type } = this.#order[index]!;
      const value = (row as Record<string, unknown>)[this.#keys[index]!];
      if (!isOfType(type, value))
        throw repoError("ROOKERY_PAGE_ORDER", [`have ${column} in each row as a ${type}`, value]);
      if (index > 0) text += ",";
      text += typeof value === "number" ? value : JSON.stringify(value);
    }
    return this.#codec.encode(run === undefined || run > RUN_MAX ? `${text}]` : `${text},${run}]`);
  }

  /** Where a cursor points; undefined if it is not one of a list with this order. */
  decode(cursor: unknown): Place | undefined {
    if (typeof cursor !== "string" || cursor.length > CURSOR_LENGTH_MAX) return undefined;
    const text = this.#codec.decode(cursor);
    const values =
      text?.startsWith(this.#head) === true ? parse(`[${text.slice(this.#head.length)}`) : undefined;
    if (!Array.isArray(values)) return undefined;
    const order = this.#order;
    const run: unknown = values.length > order.length ? values.pop() : undefined;
    const fits =
      values.length === order.length &&
      order.every(({ type }, index) => isOfType(type, values[index])) &&
      (run === undefined || isRun(run));
    return fits ? { values: values as OrderValue[], run } : undefined;
  }

  /** Whether a cursor points behind `row`, as far as its place in the list is concerned. */
  isAt({ values }: Place, row: object): boolean {
    return values.every((value, index) => (row as Record<string, unknown>)[this.#keys[index]!] === value);
  }
}

/** The key under which a row has `column`. */
export function keyOf(column: string): string {
  return column.slice(column.lastIndexOf(".") + 1);
}

// JSON writes Infinity as null, but reads 1e999 as Infinity.
function isOfType(type: OrderBy["type"], value: unknown): value is OrderValue {
  return typeof value === type && (type === "string" || Number.isFinite(value));
}

function isRun(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= RUN_MAX;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
