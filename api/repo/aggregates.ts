import { type Kysely, type OperationNodeSource, sql } from "kysely";

/** A query of Kysely that selects. */
export interface Selection<Row = unknown> extends OperationNodeSource {
  limit(rows: number): { execute(): Promise<Row[]> };
}

export type Aggregate = "count" | "sum" | "avg" | "min" | "max";

/**
 * One value of a table, or of all rows that a query finds, with its limit and what else it says (`Repo.aggregate`).
 * Undefined for none: without rows, or all null.
 */
export async function aggregate(
  db: Kysely<Record<string, Record<string, unknown>>>,
  source: string | Selection,
  kind: Aggregate,
  column?: string,
): Promise<unknown> {
  const from =
    typeof source === "string" ? sql.table(source) : sql`(${source as never}) as ${sql.ref("counted")}`;
  const of = column === undefined ? sql`*` : sql.ref(column);
  const { rows } = await sql<{
    value: unknown;
  }>`select ${sql.raw(kind)}(${of}) as value from ${from}`.execute(db);
  return rows[0]?.value ?? undefined;
}

/** A sum or a count, which PostgreSQL answers as text where it might be beyond what a number can be. */
export function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}
