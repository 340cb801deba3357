import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
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

export const base64url: CursorCodec = {
  encode: (text) => Buffer.from(text).toString("base64url"),
  decode(cursor) {
    const text = Buffer.from(cursor, "base64url").toString();
    // Buffer skips what is no base64url, so that many texts would stand for one cursor.
    return this.encode(text) === cursor ? text : undefined;
  },
};

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
  const sign = (payload: string): Buffer =>
    createHmac("sha256", secret).update(SIGNED_AS).update(payload).digest();
  return {
    encode(text) {
      const payload = base64url.encode(text);
      return `${payload}.${sign(payload).toString("base64url")}`;
    },
    decode(cursor) {
      const [payload, signature, ...more] = cursor.split(".");
      if (payload === undefined || signature === undefined || more.length > 0) return undefined;
      const given = Buffer.from(signature, "base64url");
      const expected = sign(payload);
      // Compared as text, too: a signature could be written in several ways.
      const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
      return isOurs && expected.toString("base64url") === signature ? base64url.decode(payload) : undefined;
    },
  };
}

/**
 * The cursor that points behind `row` in a list that is ordered by `order`. It holds the row's values of these columns
 * and which they are, so that the cursor of another list is recognised.
 */
export function encodeCursor(order: readonly OrderBy[], row: object, codec: CursorCodec = base64url): string {
  const values = order.map(({ column, type }) => {
    const value = (row as Record<string, unknown>)[keyOf(column)];
    if (!isOfType(type, value))
      throw repoError("ROOKERY_PAGE_ORDER", [`have ${column} in each row as a ${type}`, value]);
    return value;
  });
  return codec.encode(JSON.stringify([VERSION, signature(order), ...values]));
}

/** The values of a cursor; undefined if it is not one of a list with this order. */
export function decodeCursor(
  order: readonly OrderBy[],
  cursor: unknown,
  codec: CursorCodec = base64url,
): OrderValue[] | undefined {
  if (typeof cursor !== "string" || cursor.length > CURSOR_LENGTH_MAX) return undefined;
  const text = codec.decode(cursor);
  const parts = text === undefined ? undefined : parse(text);
  if (!Array.isArray(parts)) return undefined;
  const [version, signed, ...values] = parts as unknown[];
  const fits =
    version === VERSION &&
    signed === signature(order) &&
    values.length === order.length &&
    order.every(({ type }, index) => isOfType(type, values[index]));
  return fits ? (values as OrderValue[]) : undefined;
}

/** The key under which a row has `column`. */
export function keyOf(column: string): string {
  return column.slice(column.lastIndexOf(".") + 1);
}

function signature(order: readonly OrderBy[]): string {
  return order.map(({ column, direction }) => `${column}:${direction ?? "asc"}`).join();
}

// JSON writes Infinity as null, but reads 1e999 as Infinity.
function isOfType(type: OrderBy["type"], value: unknown): value is OrderValue {
  return typeof value === type && (type === "string" || Number.isFinite(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
