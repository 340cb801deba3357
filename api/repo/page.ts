import { type Kysely, type QueryExecutorProvider, type SelectQueryBuilder, SqliteAdapter } from "kysely";
import { addError, change, type Changeset } from "./changeset.ts";
import { type CursorCodec, Cursors, keyOf, type OrderBy, type OrderValue, type Place } from "./cursor.ts";
import { repoError } from "./errors.ts";
import {
  ALL_AT_ONCE,
  allParts,
  cutOut,
  fromItself,
  goesOneWay,
  type Keyset,
  reversed,
  selectsOrder,
} from "./keyset.ts";
import { NumberedPlaceholder, placeholders, QueryTemplate } from "./prepared.ts";

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
 * the order, the last page costs what the second one does, however many rows are equal in the first columns: a cursor says the how manyth
 * of these its row was, and the page is read from there. Where that is not known, or not so any more, what is behind the cursor may
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
  const list = new List(options);
  const hasOrder = selectsOrder(query.toOperationNode(), options.orderBy);
  return list.page(params, async (asked) => {
    const { place, skipped } = asked;
    if (place !== undefined && skipped !== undefined && hasOrder) {
      const rows = behindItself(list.cursors, place, await fromItself(query, asked, skipped).execute());
      if (rows !== undefined) return rows;
    }
    return inParts(asked, (equal) => cutOut(query, asked, equal).execute());
  });
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
  const templates = new Map<number, QueryTemplate<Row>>();
  const templateOf = (asked: Asked, part: number): QueryTemplate<Row> => {
    const { values, limit, isBackward } = asked;
    const kind = values === undefined ? 0 : 2 * (part - FROM_ITSELF) + (isBackward ? 2 : 1);
    const key = kind * (LIMIT_MAX + 1) + limit;
    let template = templates.get(key);
    if (template === undefined) {
      template = new QueryTemplate<Row>((db) => {
        const query = build(db as Kysely<DB>, placeholders as Params);
        const gapped = { ...asked, values: values?.map((_, index) => gap<OrderValue>(index)) };
        const isSqlite = isOfSqlite(db);
        if (part === FROM_ITSELF) return fromItself(query, gapped, gap<number>(values!.length), isSqlite);
        const isMerged = part === ALL_AT_ONCE && values !== undefined && isSqlite;
        return isMerged ? allParts(query, gapped) : cutOut(query, gapped, part, isSqlite);
      });
      templates.set(key, template);
    }
    return template;
  };
  let list: List<Row> | undefined;
  let hasOrder: boolean | undefined;
  return (db, params, pageParams) => {
    list ??= new List(options);
    hasOrder ??= selectsOrder(build(db, placeholders as Params).toOperationNode(), options.orderBy);
    const { cursors } = list;
    const executor = db.getExecutor();
    const isSqlite = isOfSqlite(db);
    return list.page(pageParams, async (asked) => {
      const { place, skipped, values } = asked;
      const given = params as Readonly<Record<string, unknown>>;
      const isOneQuery = isSqlite ? hasOrder! : goesOneWay(asked.walked);
      if (place !== undefined && skipped !== undefined && hasOrder! && (isSqlite || !isOneQuery)) {
        const query = templateOf(asked, FROM_ITSELF).with(db, given, [...place.values, skipped]);
        const { rows } = await executor.executeQuery(query);
        const others = behindItself(cursors, place, rows);
        if (others !== undefined) return others;
      }
      const read = async (part: number): Promise<Row[]> => {
        const { rows } = await executor.executeQuery(templateOf(asked, part).with(db, given, values));
        return rows;
      };
      return isOneQuery ? read(ALL_AT_ONCE) : inParts(asked, read);
    });
  };
}

function isOfSqlite(db: QueryExecutorProvider): boolean {
  return db.getExecutor().adapter instanceof SqliteAdapter;
}

/** Stands for the value of a cursor with this number. */
function gap<Value extends OrderValue>(index: number): Value {
  return new NumberedPlaceholder(index) as unknown as Value;
}

/** What rows a page asks for, and whence. */
interface Asked extends Keyset {
  readonly place: Place | undefined;
  /** How many rows there are in front of the cursor's from where its first column begins to have that value, if that is known. */
  readonly skipped: number | undefined;
  /** Whether it is the order of the list, reversed. */
  readonly isBackward: boolean;
}

/** What is the same for all pages of a list. */
class List<Row> {
  readonly cursors: Cursors;
  readonly #order: readonly OrderBy[];
  readonly #reversed: readonly OrderBy[];
  readonly #bothWays: boolean;
  /** By which runs are told apart; undefined if there are none, for each row has an id of its own. */
  readonly #runKey: string | undefined;

  constructor({ orderBy: order, cursor, bothWays = false }: PageOptions<Row>) {
    const last = order.at(-1);
    if (last === undefined || keyOf(last.column) !== "id") {
      throw repoError("ROOKERY_PAGE_ORDER", ["end with the id", order.map(({ column }) => column)]);
    }
    this.cursors = new Cursors(order, cursor);
    this.#order = order;
    this.#reversed = order.map(reversed);
    this.#bothWays = bothWays;
    this.#runKey = order.length > 1 ? keyOf(order[0]!.column) : undefined;
  }

  /** `read` answers the rows that are asked for, and one more if there is one. */
  async page(params: PageParams, read: (asked: Asked) => Promise<Row[]>): Promise<PageResult<Row>> {
    const limit = limitOf(params.limit);
    const { after } = params;
    const before = this.#bothWays ? params.before : undefined;
    const afterPlace = after === undefined ? undefined : this.cursors.decode(after);
    const beforePlace = before === undefined ? undefined : this.cursors.decode(before);
    const isAfterWrong = after !== undefined && afterPlace === undefined;
    const isBeforeWrong = before !== undefined && beforePlace === undefined;
    if (
      limit === undefined ||
      isAfterWrong ||
      isBeforeWrong ||
      (after !== undefined && before !== undefined)
    ) {
      let error = change<PageParams>({});
      if (limit === undefined)
        error = addError(error, "limit", "must be a whole number from 1 to %{max}", { max: LIMIT_MAX });
      if (isAfterWrong) error = addError(error, "after", NO_CURSOR);
      if (isBeforeWrong) error = addError(error, "before", NO_CURSOR);
      if (after !== undefined && before !== undefined) error = addError(error, "before", "excludes after");
      return { ok: false, error };
    }

    const isBackward = beforePlace !== undefined;
    const place = beforePlace ?? afterPlace;
    const values = place?.values;
    const skipped = place?.run === undefined ? undefined : place.run - 1;
    const walked = isBackward ? this.#reversed : this.#order;
    let rows: Row[];
    try {
      rows = await read({ walked, values, limit, place, skipped, isBackward });
    } catch (thrown) {
      if (place === undefined || !isOfNoColumn(thrown)) throw thrown;
      return {
        ok: false,
        error: addError(change<PageParams>({}), isBackward ? "before" : "after", NO_CURSOR),
      };
    }
    const hasMore = rows.length > limit;
    const data = isBackward ? rows.slice(0, limit).toReversed() : rows.slice(0, limit);
    const isFirst = isBackward ? !hasMore : place === undefined;
    const isLast = !isBackward && !hasMore;
    const next = isLast || data.length === 0 ? null : this.#next(data, isFirst);
    if (!this.#bothWays) return { ok: true, value: { data, meta: { next } } };
    const previous = isFirst || data.length === 0 ? null : this.#previous(data, isLast);
    return { ok: true, value: { data, meta: { next, previous } } };
  }

  /** The cursor behind the last row. Where the page `isFirst` no run can have begun before it. */
  #next(data: readonly Row[], isFirst: boolean): string {
    const last = data.length - 1;
    let first = last;
    while (first > 0 && this.#isOneRun(data[first - 1]!, data[last]!)) first -= 1;
    const isWhole = first > 0 || isFirst;
    return this.cursors.encode(data[last] as object, this.#run(last - first + 1, isWhole));
  }

  /** The cursor in front of the first row, from which the list goes backwards. */
  #previous(data: readonly Row[], isLast: boolean): string {
    let last = 0;
    while (last < data.length - 1 && this.#isOneRun(data[0]!, data[last + 1]!)) last += 1;
    const isWhole = last < data.length - 1 || isLast;
    return this.cursors.encode(data[0] as object, this.#run(last + 1, isWhole));
  }

  #isOneRun(one: Row, other: Row): boolean {
    const key = this.#runKey;
    return (
      key !== undefined && (one as Record<string, unknown>)[key] === (other as Record<string, unknown>)[key]
    );
  }

  #run(length: number, isWhole: boolean): number | undefined {
    return isWhole && this.#runKey !== undefined ? length : undefined;
  }
}

/**
 * Whether PostgreSQL says of a value that no such column can hold it: a number with a fraction for whole ones, what is no point in
 * time, U+0000. Only who made the cursor up gets there.
 */
function isOfNoColumn(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_VALUE_STATES.has(error.code);
}

/** In the same place: what is behind the cursor, beginning with the cursor's own row. */
const FROM_ITSELF = -2;

/** What comes behind the cursor's own row; undefined if it is not there, or not where it was. */
function behindItself<Row>(cursors: Cursors, place: Place, rows: readonly Row[]): Row[] | undefined {
  const [own, next] = rows as readonly object[];
  const isThere = own !== undefined && cursors.isAt(place, own);
  // There more than once, it is no place between two rows.
  return isThere && (next === undefined || !cursors.isAt(place, next)) ? rows.slice(1) : undefined;
}

/**
 * Reads what is behind the cursor part by part, the nearest first, until the page is full: rows that are `equal` to it in so many columns,
 * and come behind it by the next. Each part is one stretch of an index. Of a comparison with all columns, SQLite looks up the first one
 * only, if the last is the id by which it keeps its rows, and then walks through all rows that are equal to it.
 */
async function inParts<Row>(
  { values, limit }: Keyset,
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

/** A number, or its digits as a query string has them. */
function limitOf(limit: unknown): number | undefined {
  if (limit === undefined) return LIMIT_DEFAULT;
  const number = typeof limit === "string" && /^\d{1,3}$/.test(limit) ? Number(limit) : limit;
  const isValid = Number.isInteger(number) && (number as number) >= 1 && (number as number) <= LIMIT_MAX;
  return isValid ? (number as number) : undefined;
}
