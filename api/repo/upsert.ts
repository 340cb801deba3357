import type { InsertQueryBuilder, InsertResult } from "kysely";

/**
 * What becomes of a row that the table has already (`:on_conflict`): "nothing" leaves the one that is there, "replace" puts
 * all columns of the new one in its place, except its id and the target; `{ replace }` only these, and `{ set }` writes
 * what it says, whatever the new one has.
 */
export type OnConflict<Row> =
  | "nothing"
  | "replace"
  | { readonly replace: readonly (keyof Row & string)[] }
  | { readonly set: Partial<Row> };

/** What becomes of a row that is there already: the options of `c:Ecto.Repo.insert/2` about conflicts. */
export interface UpsertOptions<Row> {
  readonly onConflict: OnConflict<Row>;
  /** The columns of the unique index that may be in the way (`:conflict_target`). Only "nothing" does without: any. */
  readonly conflictTarget?: readonly (keyof Row & string)[];
}

type AnyRow = Record<string, unknown>;
type AnyInsert = InsertQueryBuilder<Record<string, AnyRow>, string, InsertResult>;

/** `query`, of rows that have `columns`, with what it does about rows that are there already. */
export function withConflict<Row>(
  query: AnyInsert,
  columns: readonly string[],
  { onConflict, conflictTarget }: UpsertOptions<Row>,
): AnyInsert {
  // SQLite has no such clause for a row that sets nothing; only its defaults could be in conflict with another row.
  if (columns.length === 0) return query;
  const target: readonly string[] = conflictTarget ?? [];
  return query.onConflict((conflict) => {
    const there = target.length === 0 ? conflict : conflict.columns([...target]);
    if (onConflict === "nothing") return there.doNothing();
    if (typeof onConflict === "object" && "set" in onConflict)
      return there.doUpdateSet(onConflict.set as AnyRow);
    const replaced: readonly string[] =
      onConflict === "replace"
        ? columns.filter((column) => column !== "id" && !target.includes(column))
        : onConflict.replace;
    if (replaced.length === 0) return there.doNothing();
    return there.doUpdateSet((row) =>
      Object.fromEntries(replaced.map((column) => [column, row.ref(`excluded.${column}`)])),
    );
  });
}
