import { type Kysely, sql } from "kysely";
import type { Changeset, Constraint } from "./changeset.ts";

type Row = Readonly<Record<string, unknown>>;
type Db = Kysely<Record<string, Record<string, unknown>>>;

/** A column of a foreign key; the columns of one have its number. */
interface KeyColumn {
  readonly id: number;
  readonly table: string;
  readonly from: string;
  /** Null stands for the primary key. */
  readonly to: string | null;
}

/**
 * Which of the foreign keys that `changeset` declares is broken by `row`: SQLite says only that one is. The statement is
 * undone by then, but its transaction is not, so that one can look.
 */
export async function brokenForeignKey(
  db: Db,
  table: string,
  row: Row,
  { constraints }: Changeset<object>,
  action: "insert" | "update" | "delete",
): Promise<Constraint | undefined> {
  const declared = constraints.filter(({ kind }) => kind === "foreign_key").toReversed();
  if (declared.length === 0) return undefined;
  const keys = action === "delete" ? [] : await keysOf(db, table);
  for (const constraint of declared) {
    const isBroken =
      constraint.referrer === undefined
        ? await isAnyMissing(db, keys, constraint, row)
        : await isReferredTo(db, constraint, constraint.referrer, row);
    if (isBroken) return constraint;
  }
  return undefined;
}

async function keysOf(db: Db, table: string): Promise<KeyColumn[][]> {
  const query = sql<KeyColumn>`SELECT "id", "table", "from", "to" FROM pragma_foreign_key_list(${table})`;
  const { rows } = await query.execute(db);
  return [...Map.groupBy(rows, ({ id }) => id).values()];
}

async function isAnyMissing(
  db: Db,
  keys: readonly (readonly KeyColumn[])[],
  { columns }: Constraint,
  row: Row,
): Promise<boolean> {
  for (const key of keys) {
    if (key.some(({ from }) => columns.includes(from)) && (await isMissing(db, key, row))) return true;
  }
  return false;
}

async function isMissing(db: Db, key: readonly KeyColumn[], row: Row): Promise<boolean> {
  const table = (key[0] as KeyColumn).table;
  let query = db.selectFrom(table).select(sql<number>`1`.as("there"));
  for (const { from, to } of key) {
    const value = row[from];
    // A foreign key with a null in it is never broken.
    if (value === null || value === undefined) return false;
    query = query.where(to ?? (await primaryKeyOf(db, table)), "=", value);
  }
  return (await query.limit(1).execute()).length === 0;
}

async function primaryKeyOf(db: Db, table: string): Promise<string> {
  const { rows } = await sql<{
    name: string;
  }>`SELECT name FROM pragma_table_info(${table}) WHERE pk = 1`.execute(db);
  return rows[0]?.name ?? "rowid";
}

async function isReferredTo(
  db: Db,
  { columns }: Constraint,
  { table, ownerKey }: NonNullable<Constraint["referrer"]>,
  row: Row,
): Promise<boolean> {
  const [column] = columns;
  const value = row[ownerKey];
  if (column === undefined || value === null || value === undefined) return false;
  const query = db
    .selectFrom(table)
    .select(sql<number>`1`.as("there"))
    .where(column, "=", value);
  return (await query.limit(1).execute()).length > 0;
}
