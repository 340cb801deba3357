import type { Insertable, Kysely, Selectable, Updateable } from "kysely";
import { type Changeset, type ChangesetAction, replace } from "./changeset.ts";
import { violationOf, withViolation } from "./constraint.ts";
import { NotFoundError, repoError } from "./errors.ts";
import type { TableOf } from "./multi.ts";

/** A query of Kysely that can be run. */
export interface Query<Row> {
  execute(): Promise<Row[]>;
}

/** The type of a table's `id`. */
export type IdOf<DB, Table extends TableOf<DB>> = Selectable<DB[Table]> extends { id: infer Id } ? Id : never;

/** What a write comes to: the row as the database has it, or the changeset with what speaks against it. */
export type WriteResult<Row, Draft extends object> =
  | { readonly ok: true; readonly value: Row }
  | { readonly ok: false; readonly error: Changeset<Draft> };

// Inside, tables and rows are data: what is known of their types is checked where they come in.
type AnyRow = Record<string, unknown>;
type AnyDb = Kysely<Record<string, AnyRow>>;

/** Reading, by a Kysely of its own or by that of a transaction. */
export class ReadQueries<DB> {
  /** Kysely, for the queries that are not here. */
  readonly db: Kysely<DB>;

  constructor(db: Kysely<DB>) {
    this.db = db;
  }

  /** All rows of a table, or of a query (`Repo.all`). */
  all<Table extends TableOf<DB>>(table: Table): Promise<Selectable<DB[Table]>[]>;
  all<Row>(query: Query<Row>): Promise<Row[]>;
  all(source: string | Query<unknown>): Promise<unknown[]> {
    return typeof source === "string"
      ? untyped(this.db).selectFrom(source).selectAll().execute()
      : source.execute();
  }

  /** The one row of a query, or undefined (`Repo.one`). Throws `ROOKERY_REPO_MULTIPLE_RESULTS` for more. */
  async one<Row>(query: Query<Row>): Promise<Row | undefined> {
    const rows = await query.execute();
    if (rows.length > 1) throw repoError("ROOKERY_REPO_MULTIPLE_RESULTS", [rows.length]);
    return rows[0];
  }

  /** The row of that id, or undefined (`Repo.get`). */
  async get<Table extends TableOf<DB>>(
    table: Table,
    id: IdOf<DB, Table>,
  ): Promise<Selectable<DB[Table]> | undefined> {
    const row = await untyped(this.db)
      .selectFrom(table as string)
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row as Selectable<DB[Table]> | undefined;
  }

  /**
   * The row of that id. Throws a NotFoundError, `ROOKERY_REPO_NOT_FOUND`, which the API answers with 404 (`Repo.get!`).
   */
  async getOrThrow<Table extends TableOf<DB>>(
    table: Table,
    id: IdOf<DB, Table>,
  ): Promise<Selectable<DB[Table]>> {
    const row = await this.get(table, id);
    if (row === undefined) throw new NotFoundError(table, id);
    return row;
  }
}

/**
 * Reading and writing in a transaction. What can be expected to fail is a result: an invalid changeset, which never
 * reaches the database, and a broken constraint that the changeset declares. One that it does not declare throws
 * `ROOKERY_REPO_CONSTRAINT`.
 */
export class TransactionQueries<DB> extends ReadQueries<DB> {
  /** Inserts the changeset's data with its changes (`Repo.insert`). */
  insert<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Insertable<DB[Table]>>> {
    return write("insert", table, changeset, async () => {
      const row = { ...changeset.data, ...changeset.changes };
      const insert = untyped(this.db).insertInto(table as string);
      const query = Object.keys(row).length === 0 ? insert.defaultValues() : insert.values(row);
      return (await query.returningAll().executeTakeFirstOrThrow()) as Selectable<DB[Table]>;
    });
  }

  /**
   * Writes the changes into the row that the changeset's data is, found by its `id`; without changes, no query is made
   * (`Repo.update`). Throws `ROOKERY_REPO_STALE` if the row is gone.
   */
  update<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Updateable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Updateable<DB[Table]>>> {
    return write("update", table, changeset, async () => {
      if (Object.keys(changeset.changes).length === 0) return changeset.data as Selectable<DB[Table]>;
      const { id } = changeset.data as AnyRow;
      const query = untyped(this.db)
        .updateTable(table as string)
        .set(changeset.changes)
        .where("id", "=", id);
      const row = await query.returningAll().executeTakeFirst();
      if (row === undefined) throw repoError("ROOKERY_REPO_STALE", [table, id, "update"]);
      return row as Selectable<DB[Table]>;
    });
  }

  /**
   * Deletes the row of `row.id` and resolves to what it was. Throws `ROOKERY_REPO_STALE` if it is gone (`Repo.delete`).
   */
  async delete<Table extends TableOf<DB>>(
    table: Table,
    row: Updateable<DB[Table]>,
  ): Promise<{ readonly ok: true; readonly value: Selectable<DB[Table]> }> {
    const { id } = row as AnyRow;
    const deleted = await untyped(this.db)
      .deleteFrom(table as string)
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    if (deleted === undefined) throw repoError("ROOKERY_REPO_STALE", [table, id, "delete"]);
    return { ok: true, value: deleted as Selectable<DB[Table]> };
  }
}

async function write<Row, Draft extends object>(
  action: ChangesetAction,
  table: string,
  changeset: Changeset<Draft>,
  run: () => Promise<Row>,
): Promise<WriteResult<Row, Draft>> {
  if (!changeset.valid) return { ok: false, error: replace(changeset, { action }) };
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    const violation = violationOf(error);
    if (violation === undefined) throw error;
    const failed = withViolation(changeset, violation);
    if (failed === undefined)
      throw repoError("ROOKERY_REPO_CONSTRAINT", [table, (error as Error).message], error);
    return { ok: false, error: replace(failed, { action }) };
  }
}

function untyped<DB>(db: Kysely<DB>): AnyDb {
  return db as unknown as AnyDb;
}
