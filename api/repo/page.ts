import { type RawBuilder, type SelectQueryBuilder, sql, type SqlBool } from "kysely";
import { addError, change, type Changeset } from "./changeset.ts";
import {
  base64url,
  type CursorCodec,
  decodeCursor,
  encodeCursor,
  keyOf,
  type OrderBy,
  type OrderValue,
} from "./cursor.ts";
import { repoError } from "./errors.ts";

/** Rows of a page at most, and unless the client asks for another number. */
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 50;

/** What a client asks for, as it came: checked here. */
export interface PageParams {
  readonly limit?: unknown;
  readonly after?: unknown;
  readonly before?: unknown;
}

export interface PageOptions<Row> {
  /** Ends with the id, in whose absence rows with equal values could be left out between two pages. */
  readonly orderBy: readonly OrderColumn<Row>[];
  /** How cursors look to clients: `signedCursors(key)`, or, by default, base64url, unsigned. */
  readonly cursor?: CursorCodec;
  /** Whether clients can go back, too: `before` is looked at, and each page has a `previous`. Default: false. */
  readonly bothWays?: boolean;
}

/** An order by a column of `Row` that is a string or a number, and never null. */
export type OrderColumn<Row> = OrderBy &
  {
    [Key in keyof Row & string]: Row[Key] extends string
      ? { readonly column: Key | `${string}.${Key}`; readonly type: "string" }
      : Row[Key] extends number
        ? { readonly column: Key | `${string}.${Key}`; readonly type: "number" }
        : never;
  }[keyof Row & string];

/**
 * `next` is the `after` of the next page, or null on the last one; `previous`, if the page goes both ways, the `before` of
 * the one before.
 */
export interface Page<Row> {
  readonly data: Row[];
  readonly meta: { readonly next: string | null; readonly previous?: string | null };
}

export type PageResult<Row> =
  | { readonly ok: true; readonly value: Page<Row> }
  | { readonly ok: false; readonly error: Changeset<PageParams> };

/**
 * One page of a query: at most `limit` rows (1 to 100, 50 without it) that come behind the cursor `after`, or, if
 * pages go both ways, those right in front of the cursor `before`. Pages never overlap and leave nothing out: a row that
 * is there during the whole walk is met exactly once, whatever is inserted meanwhile. With an index on the columns of
 * the order, the last page costs what the first one does. A `limit` or a cursor that is not valid is a result, a
 * changeset with the error; the database is not asked.
 *
 * ```ts
 * const query = repo.db.selectFrom("orders").selectAll().where("user_id", "=", userId);
 * const result = await page(query, request.query, { orderBy: [{ column: "id", type: "number", direction: "desc" }] });
 * ```
 */
export async function page<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  params: PageParams,
  options: PageOptions<NoInfer<Row>>,
): Promise<PageResult<Row>> {
  const { orderBy: order, cursor: codec = base64url, bothWays = false } = options;
  const last = order.at(-1);
  if (last === undefined || keyOf(last.column) !== "id") {
    throw repoError("ROOKERY_PAGE_ORDER", ["end with the id", order.map(({ column }) => column)]);
  }
  const limit = limitOf(params.limit);
  const { after } = params;
  const before = bothWays ? params.before : undefined;
  let error = change<PageParams>({});
  if (limit === undefined)
    error = addError(error, "limit", "must be a whole number from 1 to %{max}", { max: LIMIT_MAX });
  const decoded = (field: "after" | "before", cursor: unknown): OrderValue[] | undefined => {
    const values = cursor === undefined ? undefined : decodeCursor(order, cursor, codec);
    if (cursor !== undefined && values === undefined)
      error = addError(error, field, "is not a cursor of this list");
    return values;
  };
  const afterValues = decoded("after", after);
  const beforeValues = decoded("before", before);
  if (after !== undefined && before !== undefined) error = addError(error, "before", "excludes after");
  if (limit === undefined || !error.valid) return { ok: false, error };

  const isBackward = beforeValues !== undefined;
  const walked = isBackward ? order.map(reversed) : order;
  const values = beforeValues ?? afterValues;
  let pageQuery = query.clearOrderBy();
  if (values !== undefined) pageQuery = pageQuery.where(behind(walked, values));
  for (const { column, direction = "asc" } of walked)
    pageQuery = pageQuery.orderBy(sql.ref(column), direction);
  // One more than asked for tells whether there is another page in this direction.
  const rows = await pageQuery.limit(limit + 1).execute();
  const hasMore = rows.length > limit;
  const data = isBackward ? rows.slice(0, limit).toReversed() : rows.slice(0, limit);
  const cursorOf = (row: Row | undefined, isThere: boolean): string | null =>
    isThere && row !== undefined ? encodeCursor(order, row as object, codec) : null;
  const next = cursorOf(data.at(-1), isBackward || hasMore);
  if (!bothWays) return { ok: true, value: { data, meta: { next } } };
  const previous = cursorOf(data[0], isBackward ? hasMore : afterValues !== undefined);
  return { ok: true, value: { data, meta: { next, previous } } };
}

function reversed(by: OrderBy): OrderBy {
  return { ...by, direction: by.direction === "desc" ? "asc" : "desc" };
}

/** A number, or its digits as a query string has them. */
function limitOf(limit: unknown): number | undefined {
  if (limit === undefined) return LIMIT_DEFAULT;
  const number = typeof limit === "string" && /^\d{1,3}$/.test(limit) ? Number(limit) : limit;
  const isValid = Number.isInteger(number) && (number as number) >= 1 && (number as number) <= LIMIT_MAX;
  return isValid ? (number as number) : undefined;
}

/**
 * Rows whose values come after `values` in the order: `(a > 1) or (a = 1 and b < 2) or …`. The bound on the first
 * column alone says nothing new, but it is what SQLite can look up in an index.
 */
function behind(order: readonly OrderBy[], values: readonly OrderValue[]): RawBuilder<SqlBool> {
  const compare = (
    index: number,
    operators: { readonly asc: string; readonly desc: string },
  ): RawBuilder<SqlBool> => {
    const { column, direction = "asc" } = order[index] as OrderBy;
    return sql`${sql.ref(column)} ${sql.raw(operators[direction])} ${values[index]}`;
  };
  const equal = { asc: "=", desc: "=" };
  const alternatives = order.map((_, index) => {
    const before = order.slice(0, index).map((_column, earlier) => compare(earlier, equal));
    return sql`(${sql.join([...before, compare(index, { asc: ">", desc: "<" })], sql` and `)})`;
  });
  return sql`${compare(0, { asc: ">=", desc: "<=" })} and (${sql.join(alternatives, sql` or `)})`;
}
