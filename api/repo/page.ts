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
}

export interface PageOptions<Row> {
  /** Ends with the id, in whose absence rows with equal values could be left out between two pages. */
  readonly orderBy: readonly OrderColumn<Row>[];
  /** How cursors look to clients. Default: base64url, unsigned. */
  readonly cursor?: CursorCodec;
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

/** `next` is the `after` of the next page, or null on the last one. */
export interface Page<Row> {
  readonly data: Row[];
  readonly meta: { readonly next: string | null };
}

export type PageResult<Row> =
  | { readonly ok: true; readonly value: Page<Row> }
  | { readonly ok: false; readonly error: Changeset<PageParams> };

/**
 * One page of a query: at most `limit` rows (1 to 100, 50 without it) that come behind the cursor `after`. Pages never
 * overlap and leave nothing out: a row that is there during the whole walk is met exactly once, whatever is inserted
 * meanwhile. A `limit` or `after` that is not valid is a result, a changeset with the error; the database is not asked.
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
  const { orderBy: order, cursor: codec = base64url } = options;
  const last = order.at(-1);
  if (last === undefined || keyOf(last.column) !== "id") {
    throw repoError("ROOKERY_PAGE_ORDER", ["end with the id", order.map(({ column }) => column)]);
  }
  const limit = limitOf(params.limit);
  const values = params.after === undefined ? undefined : decodeCursor(order, params.after, codec);
  let error = change<PageParams>({});
  if (limit === undefined)
    error = addError(error, "limit", "must be a whole number from 1 to %{max}", { max: LIMIT_MAX });
  if (params.after !== undefined && values === undefined)
    error = addError(error, "after", "is not a cursor of this list");
  if (limit === undefined || !error.valid) return { ok: false, error };

  let pageQuery = query.clearOrderBy();
  if (values !== undefined) pageQuery = pageQuery.where(behind(order, values));
  for (const { column, direction = "asc" } of order)
    pageQuery = pageQuery.orderBy(sql.ref(column), direction);
  // One more than asked for tells whether there is a next page.
  const rows = await pageQuery.limit(limit + 1).execute();
  const data = rows.slice(0, limit);
  const next = rows.length > limit ? encodeCursor(order, data.at(-1) as object, codec) : null;
  return { ok: true, value: { data, meta: { next } } };
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
