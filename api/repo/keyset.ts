import {
  AliasNode,
  type OperationNode,
  type RawBuilder,
  ReferenceNode,
  SelectAllNode,
  type SelectQueryBuilder,
  type SelectQueryNode,
  sql,
  type SqlBool,
} from "kysely";
import type { OrderBy, OrderValue } from "./cursor.ts";

/** What rows a page asks for: of those in the order `walked`, the first `limit` behind `values`. */
export interface Keyset {
  readonly walked: readonly OrderBy[];
  readonly values: readonly OrderValue[] | undefined;
  readonly limit: number;
}

/** In place of a number of columns that are equal: all that is behind the cursor, by one query. */
export const ALL_AT_ONCE = -1;

/** Of the rows of `query`, those that are asked for, in the part of those that are `equal` to the cursor in so many columns. */
export function cutOut<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  { walked, values, limit }: Keyset,
  equal: number,
  isSqlite = false,
): SelectQueryBuilder<DB, Tables, Row> {
  let rows = query.clearOrderBy();
  if (values !== undefined)
    rows = rows.where(
      equal === ALL_AT_ONCE ? behindAtOnce(walked, values) : behind(walked, values, equal, isSqlite),
    );
  // One more than asked for tells whether there is another page in this direction.
  return inOrder(rows, walked).limit(limit + 1);
}

/**
 * All parts by one query: SQLite merges parts that are in order, and goes no further in each than the page does. PostgreSQL would
 * sort all that is behind the cursor where the query is more than a table.
 */
export function allParts<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  { walked, values = [], limit }: Keyset,
): SelectQueryBuilder<DB, Tables, Row> {
  const [nearest, ...others] = walked.map((_, equal) =>
    query.clearOrderBy().where(behind(walked, values, equal, true)),
  );
  let rows = nearest!;
  for (const part of others) rows = rows.unionAll(part);
  return inOrder(rows, walked).limit(limit + 1);
}

/**
 * The row of the cursor itself and what is asked for behind it, if that row is the `run`th of those with its value in the first column:
 * nothing is cheaper than to count so far in an index, but the rows of a run come and go. Who reads looks whether it is there.
 */
export function fromItself<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  { walked, values = [], limit }: Keyset,
  skipped: number,
  isSqlite = false,
): SelectQueryBuilder<DB, Tables, Row> {
  const [first] = walked;
  const operator = `${operatorOf(first!)}=`;
  const rows = query
    .clearOrderBy()
    .where(sql<SqlBool>`${sql.ref(first!.column)} ${sql.raw(operator)} ${bound(values[0]!, isSqlite)}`);
  return inOrder(rows, walked)
    .limit(limit + 2)
    .offset(bound<number>(skipped, isSqlite));
}

/** Whether a row has what a query with this one is ordered by: columns that it selects as they are. */
export function selectsOrder(query: SelectQueryNode, order: readonly OrderBy[]): boolean {
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

export function reversed(by: OrderBy): OrderBy {
  return { ...by, direction: by.direction === "desc" ? "asc" : "desc" };
}

export function goesOneWay(order: readonly OrderBy[]): boolean {
  return order.every((by) => operatorOf(by) === operatorOf(order[0]!));
}

function inOrder<DB, Tables extends keyof DB, Row>(
  rows: SelectQueryBuilder<DB, Tables, Row>,
  order: readonly OrderBy[],
): SelectQueryBuilder<DB, Tables, Row> {
  let ordered = rows;
  for (const { column, direction = "asc" } of order) ordered = ordered.orderBy(sql.ref(column), direction);
  return ordered;
}

/** Rows that have the same as `values` in the first `equal` columns, and come after them by the next. */
function behind(
  order: readonly OrderBy[],
  values: readonly OrderValue[],
  equal: number,
  isSqlite: boolean,
): RawBuilder<SqlBool> {
  const compared = order.slice(0, equal + 1).map((by, index) => {
    const operator = index < equal ? "=" : operatorOf(by);
    return sql`${sql.ref(by.column)} ${sql.raw(operator)} ${bound(values[index]!, isSqlite)}`;
  });
  return sql`${sql.join(compared, sql` and `)}`;
}

/** Rows that come after `values` in an order whose columns all go one way: PostgreSQL finds their beginning in an index. */
function behindAtOnce(order: readonly OrderBy[], values: readonly OrderValue[]): RawBuilder<SqlBool> {
  const columns = sql.join(order.map(({ column }) => sql.ref(column)));
  return sql`(${columns}) ${sql.raw(operatorOf(order[0]!))} (${sql.join(values)})`;
}

/**
 * A value of a cursor. With a bare parameter, SQLite makes its plan anew for each value: one that a column is equal to beside an ORDER BY,
 * and, once somebody has run ANALYZE, one that it is greater or less than.
 */
function bound<Value extends OrderValue>(value: Value, isSqlite: boolean): RawBuilder<Value> {
  return isSqlite ? sql`+${value}` : sql`${value}`;
}

function operatorOf({ direction = "asc" }: OrderBy): string {
  return direction === "asc" ? ">" : "<";
}
