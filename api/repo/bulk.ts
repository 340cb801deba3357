import type { Expression, SqlBool } from "kysely";
import { sql } from "kysely";
import type { AnyDb, AnyRow } from "./read-queries.ts";
import { type UpsertOptions, withConflict } from "./upsert.ts";

/** SQLite takes 32,766 values in a query, PostgreSQL 65,535. */
const VALUES_MAX = 32_766;

/** How many rows a write has changed, and which, if they were asked for. */
export interface BulkResult<Row> {
  readonly count: number;
  readonly rows: Row[];
}

export interface BulkOptions {
  /** Whether the rows are answered as the database has them now. Default: false. */
  readonly returning?: boolean;
}

type Where = (row: never) => Expression<SqlBool>;

/**
 * Inserts the rows with as many queries as their values need, and one for each change of columns: SQLite can't say in a query of many
 * rows that some of them have the default of a column.
 */
export async function insertRows(
  db: AnyDb,
  table: string,
  rows: readonly AnyRow[],
  { returning = false, ...upsert }: BulkOptions & Partial<UpsertOptions<AnyRow>>,
): Promise<BulkResult<AnyRow>> {
  let count = 0;
  const inserted: AnyRow[][] = [];
  let first = 0;
  while (first < rows.length) {
    const columns = columnsOf(rows[first]!);
    // Of those that set nothing, a query takes one.
    const atOnce = columns.length === 0 ? 1 : Math.max(1, Math.floor(VALUES_MAX / columns.length));
    let end = first + 1;
    while (end < rows.length && end - first < atOnce && hasColumns(rows[end]!, columns)) end += 1;
    const insert = db.insertInto(table);
    let query = columns.length === 0 ? insert.defaultValues() : insert.values(rows.slice(first, end));
    first = end;
    const { onConflict, conflictTarget } = upsert;
    if (onConflict !== undefined)
      query = withConflict(query, columns, {
        onConflict,
        ...(conflictTarget === undefined ? {} : { conflictTarget }),
      });
    if (returning) inserted.push(await query.returningAll().execute());
    else for (const result of await query.execute()) count += Number(result.numInsertedOrUpdatedRows ?? 0);
  }
  const answered = inserted.flat();
  return { count: returning ? answered.length : count, rows: answered };
}

/** Those that have a value: what is undefined is left out. */
export function columnsOf(row: AnyRow): string[] {
  return Object.keys(row).filter((column) => row[column] !== undefined);
}

function hasColumns(row: AnyRow, columns: readonly string[]): boolean {
  const own = columnsOf(row);
  return own.length === columns.length && own.every((column) => columns.includes(column));
}

export async function updateRows(
  db: AnyDb,
  table: string,
  changes: AnyRow,
  where: Where | undefined,
  { returning = false }: BulkOptions,
): Promise<BulkResult<AnyRow>> {
  const query = db
    .updateTable(table)
    .set(changes)
    .where((row) => (where === undefined ? sql<boolean>`1 = 1` : where(row as never)));
  if (returning) return all(await query.returningAll().execute());
  const { numUpdatedRows } = await query.executeTakeFirstOrThrow();
  return { count: Number(numUpdatedRows), rows: [] };
}

export async function deleteRows(
  db: AnyDb,
  table: string,
  where: Where | undefined,
  { returning = false }: BulkOptions,
): Promise<BulkResult<AnyRow>> {
  const query = db
    .deleteFrom(table)
    .where((row) => (where === undefined ? sql<boolean>`1 = 1` : where(row as never)));
  if (returning) return all(await query.returningAll().execute());
  const { numDeletedRows } = await query.executeTakeFirstOrThrow();
  return { count: Number(numDeletedRows), rows: [] };
}

function all(rows: AnyRow[]): BulkResult<AnyRow> {
  return { count: rows.length, rows };
}
