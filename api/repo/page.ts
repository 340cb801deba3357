import {
  AliasNode,
  type Kysely,
  type OperationNode,
  type QueryExecutorProvider,
  type RawBuilder,
  ReferenceNode,
  SelectAllNode,
  type SelectQueryBuilder,
  type SelectQueryNode,
  sql,
  SqliteAdapter,
  type SqlBool,
} from "kysely";
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
import { placeholders, QueryTemplate } from "./prepared.ts";

/** Rows of a page at most, and unless the client asks for another number. */
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 50;
const NO_CURSOR = "is not a cursor of this list";
/** SQLSTATE: a value out of range, no point in time or none of a known zone, not to be represented, or no value of its type. */
const NO_VALUE_STATES: ReadonlySet<unknown> = new Set([
  "22003",
  "22007",
  "22008",
  "22009",
  "22015",
  "22021",
  "22023",
  "22P02",
]);

/** What a client asks for, as it came: checked here. */
export interface PageParams {
  readonly limit?: unknown;
  readonly after?: unknown;
  readonly before?: unknown;
}

/** In which order pages go, and how. */
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

/** What `page` resolves with: the page, or what is wrong with the params. */
export type PageResult<Row> =
  | { readonly ok: true; readonly value: Page<Row> }
  | { readonly ok: false; readonly error: Changeset<PageParams> };

/**
 * One page of a query: at most `limit` rows (1 to 100, 50 without it) that come behind the cursor `after`, or, if
 * pages go both ways, those right in front of the cursor `before`. Pages never overlap and leave nothing out: a row that
 * is there during the whole walk is met exactly once, whatever is inserted meanwhile; one that is changed in a column of the order
 * may be met at its old place, its new one, both or none, but never twice in a page. With an index on the columns of
 * the order, the last page costs what the second one does, however many rows are equal in the first columns: what is behind a cursor may
 * take a query for each column. A `limit` or a cursor that is not valid is a result, a
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
  return pageBy(params, options, (asked) => inParts(asked, (equal) => cutOut(query, asked, equal).execute()));
}

/** Reads a page: on `repo.db`, or on that of a transaction. */
export type PreparedPage<DB, Params extends object, Row> = (
  db: Kysely<DB>,
  params: Params,
  pageParams: PageParams,
) => Promise<PageResult<Row>>;

/**
 * As `page`, of a query that is built and compiled once, as by `prepared`: for lists that are read thousands of times a second.
 *
 * ```ts
 * const ordersOf = preparedPage(
 *   (db: Kysely<Database>, { userId }: { userId: number }) =>
 *     db.selectFrom("orders").selectAll().where("user_id", "=", userId),
 *   { orderBy: [{ column: "id", type: "number", direction: "desc" }] },
 * );
 * const result = await ordersOf(repo.db, { userId: 3 }, request.query);
 * ```
 */
export function preparedPage<DB, Tables extends keyof DB, Params extends object, Row>(
  build: (db: Kysely<DB>, params: Params) => SelectQueryBuilder<DB, Tables, Row>,
  options: PageOptions<NoInfer<Row>>,
): PreparedPage<DB, Params, Row> {
  // By limit, direction and part of the list. SQLite makes its plan anew for each value that is bound to a LIMIT, which costs more than
  // reading the page.
  const templates = new Map<string, QueryTemplate<Row>>();
  const templateOf = (asked: Asked, equal: number): QueryTemplate<Row> => {
    const { values, limit, isBackward } = asked;
    const key = values === undefined ? `${limit}` : `${limit} ${isBackward} ${equal}`;
    let template = templates.get(key);
    if (template === undefined) {
      template = new QueryTemplate<Row>((db) => {
        const query = build(db as Kysely<DB>, placeholders as Params);
        const gaps = placeholders as Readonly<Record<string, never>>;
        const gapped = { ...asked, values: values?.map((_, index) => gaps[gapName(index)]!) };
        const isMerged = equal === ALL_AT_ONCE && values !== undefined && isOfSqlite(db);
        return isMerged ? allParts(query, gapped) : cutOut(query, gapped, equal, isOfSqlite(db));
      });
      templates.set(key, template);
    }
    return template;
  };
  let isMergeable: boolean | undefined;
  return (db, params, pageParams) =>
    pageBy(pageParams, options, (asked) => {
      const given = { ...params } as Record<string, unknown>;
      asked.values?.forEach((value, index) => (given[gapName(index)] = value));
      const executor = db.getExecutor();
      const read = async (equal: number): Promise<Row[]> => {
        const { rows } = await executor.executeQuery(templateOf(asked, equal).with(db, given));
        return rows;
      };
      isMergeable ??= canMerge(build(db, placeholders as Params).toOperationNode(), options.orderBy);
      const isOneQuery = isOfSqlite(db) ? isMergeable : goesOneWay(asked.walked);
      return isOneQuery ? read(ALL_AT_ONCE) : inParts(asked, read);
    });
}

function isOfSqlite(db: QueryExecutorProvider): boolean {
  return db.getExecutor().adapter instanceof SqliteAdapter;
}

/** Of a value of a cursor: no parameter of a user's query has a space in its name. */
function gapName(index: number): string {
  return `cursor ${index}`;
}

/** What rows a page asks for: of those in the order `walked`, the first `limit` behind `values`. */
interface Asked {
  readonly walked: readonly OrderBy[];
  readonly values: readonly OrderValue[] | undefined;
  readonly limit: number;
  /** Whether it is the order of the list, reversed. */
  readonly isBackward: boolean;
}

/** `read` answers the rows that are asked for, and one more if there is one. */
async function pageBy<Row>(
  params: PageParams,
  options: PageOptions<Row>,
  read: (asked: Asked) => Promise<Row[]>,
): Promise<PageResult<Row>> {
  const { orderBy: order, cursor: codec = base64url, bothWays = false } = options;
  const last = order.at(-1);
  if (last === undefined || keyOf(last.column) !== "id") {
    throw repoError("ROOKERY_PAGE_ORDER", ["end with the id", order.map(({ column }) => column)]);
  }
  const limit = limitOf(params.limit);
  const { after } = params;
  const before = bothWays ? params.before : undefined;
  const cursorField = before === undefined ? "after" : "before";
  let error = change<PageParams>({});
  if (limit === undefined)
    error = addError(error, "limit", "must be a whole number from 1 to %{max}", { max: LIMIT_MAX });
  const decoded = (field: "after" | "before", cursor: unknown): OrderValue[] | undefined => {
    const values = cursor === undefined ? undefined : decodeCursor(order, cursor, codec);
    if (cursor !== undefined && values === undefined) error = addError(error, field, NO_CURSOR);
    return values;
  };
  const afterValues = decoded("after", after);
  const beforeValues = decoded("before", before);
  if (after !== undefined && before !== undefined) error = addError(error, "before", "excludes after");
  if (limit === undefined || !error.valid) return { ok: false, error };

  const isBackward = beforeValues !== undefined;
  const walked = isBackward ? order.map(reversed) : order;
  const values = beforeValues ?? afterValues;
  let rows: Row[];
  try {
    rows = await read({ walked, values, limit, isBackward });
  } catch (thrown) {
    if (values === undefined || !isOfNoColumn(thrown)) throw thrown;
    return { ok: false, error: addError(error, cursorField, NO_CURSOR) };
  }
  const hasMore = rows.length > limit;
  const data = isBackward ? rows.slice(0, limit).toReversed() : rows.slice(0, limit);
  const cursorOf = (row: Row | undefined, isThere: boolean): string | null =>
    isThere && row !== undefined ? encodeCursor(order, row as object, codec) : null;
  const next = cursorOf(data.at(-1), isBackward || hasMore);
  if (!bothWays) return { ok: true, value: { data, meta: { next } } };
  const previous = cursorOf(data[0], isBackward ? hasMore : afterValues !== undefined);
  return { ok: true, value: { data, meta: { next, previous } } };
}

/**
 * Whether PostgreSQL says of a value that no such column can hold it: a number with a fraction for whole ones, what is no point in
 * time, U+0000. Only who made the cursor up gets there.
 */
function isOfNoColumn(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_VALUE_STATES.has(error.code);
}

/** In place of a number of columns that are equal: all that is behind the cursor, by one query. */
const ALL_AT_ONCE = -1;

/**
 * Reads what is behind the cursor part by part, the nearest first, until the page is full: rows that are `equal` to it in so many columns,
 * and come behind it by the next. Each part is one stretch of an index. Of a comparison with all columns, SQLite looks up the first one
 * only, if the last is the id by which it keeps its rows, and then walks through all rows that are equal to it.
 */
async function inParts<Row>(
  { values, limit }: Asked,
  read: (equal: number) => Promise<Row[]>,
): Promise<Row[]> {
  let equal = values === undefined ? 0 : values.length - 1;
  let rows = await read(equal);
  while (rows.length <= limit && equal > 0) {
    equal -= 1;
    const before = new Set(rows.map(idOf));
    const further = await read(equal);
    // A row that was changed between the two would be in both.
    rows = rows.concat(before.size === 0 ? further : further.filter((row) => !before.has(idOf(row))));
  }
  return rows;
}

/** The row itself where it was read without its id. */
function idOf(row: unknown): unknown {
  return (row as { readonly id?: unknown }).id ?? row;
}

/** Of the rows of `query`, those that are asked for, in the part of those that are `equal` to the cursor in so many columns. */
function cutOut<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  { walked, values, limit }: Asked,
  equal: number,
  isSqlite = false,
): SelectQueryBuilder<DB, Tables, Row> {
  let rows = query.clearOrderBy();
  if (values !== undefined)
    rows = rows.where(
      equal === ALL_AT_ONCE ? behindAtOnce(walked, values) : behind(walked, values, equal, isSqlite),
    );
  for (const { column, direction = "asc" } of walked) rows = rows.orderBy(sql.ref(column), direction);
  // One more than asked for tells whether there is another page in this direction.
  return rows.limit(limit + 1);
}

/**
 * The same as `inParts` by one query: SQLite merges parts that are in order, and goes no further in each than the page does. PostgreSQL would
 * sort all that is behind the cursor where the query is more than a table.
 */
function allParts<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  { walked, values = [], limit }: Asked,
): SelectQueryBuilder<DB, Tables, Row> {
  const [nearest, ...others] = walked.map((_, equal) =>
    query.clearOrderBy().where(behind(walked, values, equal, true)),
  );
  let rows = nearest!;
  for (const part of others) rows = rows.unionAll(part);
  for (const { column, direction = "asc" } of walked) rows = rows.orderBy(sql.ref(column), direction);
  return rows.limit(limit + 1);
}

/** Whether SQLite can merge parts of a query: what a UNION ALL brings together is ordered by columns that the query selects as they are. */
function canMerge(query: SelectQueryNode, order: readonly OrderBy[]): boolean {
  const { with: named, setOperations, limit, offset, selections = [] } = query;
  const isWhole = [named, setOperations, limit, offset].some((clause) => clause !== undefined);
  return (
    !isWhole && order.every(({ column }) => selections.some(({ selection }) => selects(selection, column)))
  );
}

function selects(selection: OperationNode, path: string): boolean {
  const [name, table] = path.split(".").toReversed();
  const node = AliasNode.is(selection) ? selection.node : selection;
  if (SelectAllNode.is(node)) return true;
  if (!ReferenceNode.is(node)) return false;
  const from = node.table?.table.identifier.name;
  const isOfTable = from === undefined || table === undefined || from === table;
  return isOfTable && (SelectAllNode.is(node.column) || node.column.column.name === name);
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

/** Rows that have the same as `values` in the first `equal` columns, and come after them by the next. */
function behind(
  order: readonly OrderBy[],
  values: readonly OrderValue[],
  equal: number,
  isSqlite: boolean,
): RawBuilder<SqlBool> {
  const compared = order.slice(0, equal + 1).map((by, index) => {
    // With a bare parameter here and an ORDER BY, SQLite makes its plan anew for each value.
    const same = isSqlite ? "= +" : "=";
    const operator = index < equal ? same : operatorOf(by);
    return sql`${sql.ref(by.column)} ${sql.raw(operator)} ${values[index]}`;
  });
  return sql`${sql.join(compared, sql` and `)}`;
}

/** Rows that come after `values` in an order whose columns all go one way: PostgreSQL finds their beginning in an index. */
function behindAtOnce(order: readonly OrderBy[], values: readonly OrderValue[]): RawBuilder<SqlBool> {
  const columns = sql.join(order.map(({ column }) => sql.ref(column)));
  return sql`(${columns}) ${sql.raw(operatorOf(order[0]!))} (${sql.join(values)})`;
}

function operatorOf({ direction = "asc" }: OrderBy): string {
  return direction === "asc" ? ">" : "<";
}

function goesOneWay(order: readonly OrderBy[]): boolean {
  return order.every((by) => operatorOf(by) === operatorOf(order[0]!));
}
