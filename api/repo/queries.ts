import type {
  Expression,
  ExpressionBuilder,
  Insertable,
  Kysely,
  Selectable,
  SqlBool,
  Updateable,
} from "kysely";
import { type BulkOptions, type BulkResult, columnsOf, deleteRows, insertRows, updateRows } from "./bulk.ts";
import { change, type Changeset } from "./changeset.ts";
import { type RowResult, type RowWrite, type WriteOptions, writeRow, writesMore } from "./changeset-write.ts";
import type { Violation } from "./constraint.ts";
import { Multi, type MultiResult, type TableOf } from "./multi.ts";
import { invalidStep, runSteps } from "./multi-run.ts";
import type { NestedWriter } from "./nested-write.ts";
import { type AnyDb, type AnyRow, firstOf, ReadQueries, untyped } from "./read-queries.ts";
import { deleteRow, insertRow, SOUGHT_ID, updateRow } from "./row-queries.ts";
import { type Control, Savepoints } from "./savepoint.ts";
import { type UpsertOptions, withConflict } from "./upsert.ts";

/** What a write comes to: the row as the database has it, or the changeset with what speaks against it. */
export type WriteResult<Row, Draft extends object> =
  | { readonly ok: true; readonly value: Row }
  | { readonly ok: false; readonly error: Changeset<Draft> };

/** A row, and the rows that belong to it, where its changeset had them. */
export type WithNested<Row, Draft> = Row & Partial<Omit<Draft, keyof Row>>;

/** Which rows of a table: `(row) => row("stock", ">", 0)`. */
export type Condition<DB, Table extends TableOf<DB>> = (
  row: ExpressionBuilder<DB, Table>,
) => Expression<SqlBool>;

/** What a function of a transaction is given: the transaction's Kysely, and the repo's own functions on it. */
export type TransactionFunction<DB, Value> = (
  db: Kysely<DB>,
  transaction: TransactionQueries<DB>,
) => Value | Promise<Value>;

/** How the database that is written to differs from others. */
export interface WriteRules<DB> {
  /** By which the writes go whose failure is a result. */
  readonly writing: Kysely<DB>;
  readonly violationOf: (error: unknown) => Violation | undefined;
  /** How savepoints are set. */
  readonly control: Control;
}

/**
 * Reading and writing in a transaction. What can be expected to fail is a result: an invalid changeset, which never
 * reaches the database, and a broken constraint that the changeset declares. One that it does not declare throws
 * `ROOKERY_REPO_CONSTRAINT`.
 */
export class TransactionQueries<DB> extends ReadQueries<DB> {
  readonly #rules: WriteRules<DB>;
  #savepoints: Savepoints | undefined;

  constructor(db: Kysely<DB>, rules: WriteRules<DB>, savepoints?: Savepoints) {
    super(db);
    this.#rules = rules;
    this.#savepoints = savepoints;
  }

  /**
   * Runs `work` as a part of this transaction that is undone alone: if it throws, and this rejects with that, or returns an
   * object with `ok: false`, and this resolves to that. What it did is committed with the whole, or not at all. Others
   * that were asked for on the same transaction wait for it, so inside ask the one that `work` is given, never this one; queries do
   * not, and are undone with it if they come in between.
   */
  transaction<Value>(work: TransactionFunction<DB, Value>): Promise<Value>;
  /** Carries out a multi as such a part: all its steps, or none. */
  transaction<Values extends object>(multi: Multi<DB, Values>): Promise<MultiResult<Values>>;
  transaction(work: TransactionFunction<DB, unknown> | Multi<DB, object>): Promise<unknown> {
    if (work instanceof Multi) {
      const { steps } = work;
      const invalid = invalidStep(steps);
      if (invalid !== undefined) return Promise.resolve(invalid);
      return this.transaction((_db, inner) => runSteps(steps, inner));
    }
    const savepoints = (this.#savepoints ??= new Savepoints(this.#rules.control));
    const { within } = savepoints;
    return savepoints.run(() => work(this.db, new TransactionQueries(this.db, this.#rules, within)));
  }

  /**
   * Inserts the changeset's data with its changes, and the rows that belong to it (`Repo.insert`): all of them, or none. The
   * value has those rows, too, under the names of their associations.
   */
  insert<Table extends TableOf<DB>, Draft extends object>(
    table: Table,
    changeset: Changeset<Draft> & Changeset<Insertable<DB[Table]>>,
  ): Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Insertable<DB[Table]>>> {
    const result = this.#write("insert", table, changeset, {});
    return result as Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Insertable<DB[Table]>>>;
  }

  /**
   * Writes the changes into the row that the changeset's data is, found by its `id`, and those of the rows that belong to
   * it: all of them, or none; without changes, no query is made (`Repo.update`). Throws a StaleEntryError,
   * `ROOKERY_REPO_STALE`, if the row is gone or not as `optimisticLock` wants it; `options` may say otherwise.
   */
  update<Table extends TableOf<DB>, Draft extends object>(
    table: Table,
    changeset: Changeset<Draft> & Changeset<Updateable<DB[Table]>>,
    options: WriteOptions = {},
  ): Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Updateable<DB[Table]>>> {
    const result = this.#write("update", table, changeset, options);
    return result as Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Updateable<DB[Table]>>>;
  }

  /**
   * Deletes the row of that `id`, or that the changeset's data is, and resolves to what it was (`Repo.delete`). Throws a
   * StaleEntryError, `ROOKERY_REPO_STALE`, if it is gone, or not as `optimisticLock` wants it; `options` may say otherwise.
   * Constraints that a changeset declares become errors of it.
   */
  delete<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Updateable<DB[Table]>>,
    options?: WriteOptions,
  ): Promise<WriteResult<Selectable<DB[Table]>, Updateable<DB[Table]>>>;
  delete<Table extends TableOf<DB>>(
    table: Table,
    row: Updateable<DB[Table]>,
    options?: WriteOptions,
  ): Promise<{ readonly ok: true; readonly value: Selectable<DB[Table]> }>;
  delete(table: TableOf<DB>, row: object, options: WriteOptions = {}): Promise<unknown> {
    return this.#write("delete", table, change<object>(row), options);
  }

  /** Updates if the changeset's data has an id, as a row that was read has, and inserts if not (`Repo.insert_or_update`). */
  insertOrUpdate<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]> & Updateable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Insertable<DB[Table]> & Updateable<DB[Table]>>> {
    const { id } = changeset.data as AnyRow;
    const isNew = id === undefined || id === null;
    const result = isNew
      ? this.insert(table, changeset as unknown as Changeset<Insertable<DB[Table]>>)
      : this.update(table, changeset as unknown as Changeset<Updateable<DB[Table]>>);
    return result as Promise<
      WriteResult<Selectable<DB[Table]>, Insertable<DB[Table]> & Updateable<DB[Table]>>
    >;
  }

  /**
   * Inserts the changeset's data with its changes, or does what `onConflict` says if there is such a row already
   * (`Repo.insert` with `:on_conflict`). Its value is the row as it is now; undefined if nothing was written.
   */
  upsert<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]>>,
    options: UpsertOptions<Insertable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]> | undefined, Insertable<DB[Table]>>> {
    const result = this.#write("insert", table, changeset, {}, async (row) => {
      const insert = untyped(this.#rules.writing).insertInto(table as string);
      const columns = columnsOf(row);
      const query = columns.length === 0 ? insert.defaultValues() : insert.values(row);
      const [written] = await withConflict(query, columns, options).returningAll().execute();
      return written;
    });
    return result as Promise<WriteResult<Selectable<DB[Table]> | undefined, Insertable<DB[Table]>>>;
  }

  /**
   * Inserts all these rows, without changesets (`Repo.insert_all`). A broken constraint throws what the database says. `count`
   * is that of the rows that were written.
   */
  async insertAll<Table extends TableOf<DB>>(
    table: Table,
    rows: readonly Insertable<DB[Table]>[],
    options: BulkOptions & Partial<UpsertOptions<Insertable<DB[Table]>>> = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    const result = await insertRows(untyped(this.db), table, rows as readonly AnyRow[], options as object);
    return result as BulkResult<Selectable<DB[Table]>>;
  }

  /** Sets the same in all rows of the table, or in those that `where` finds (`Repo.update_all`). */
  async updateAll<Table extends TableOf<DB>>(
    table: Table,
    changes: Updateable<DB[Table]>,
    where?: Condition<DB, Table>,
    options: BulkOptions = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    const result = await updateRows(untyped(this.db), table, changes as AnyRow, where, options);
    return result as BulkResult<Selectable<DB[Table]>>;
  }

  /** Deletes all rows of the table, or those that `where` finds (`Repo.delete_all`). */
  async deleteAll<Table extends TableOf<DB>>(
    table: Table,
    where?: Condition<DB, Table>,
    options: BulkOptions = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    const result = await deleteRows(untyped(this.db), table, where, options);
    return result as BulkResult<Selectable<DB[Table]>>;
  }

  #write(
    action: RowWrite["action"],
    table: string,
    changeset: Changeset<object>,
    options: WriteOptions,
    query?: RowWrite["query"],
  ): Promise<RowResult> {
    // Undone as a whole if a part of it fails, whatever else the transaction does.
    return changeset.valid && writesMore(changeset)
      ? this.transaction((_db, inner) => inner.#writeRow(action, table, changeset, options, query))
      : this.#writeRow(action, table, changeset, options, query);
  }

  #writeRow(
    action: RowWrite["action"],
    table: string,
    changeset: Changeset<object>,
    options: WriteOptions,
    own: RowWrite["query"] | undefined,
  ): Promise<RowResult> {
    const { writing, violationOf } = this.#rules;
    const writer: NestedWriter = {
      write: (of, other, nested, allowStale) => this.#write(of, other, nested, { allowStale }),
    };
    // A deletion whose failure is no result need not be guarded.
    const isGuarded = action !== "delete" || changeset.constraints.length > 0;
    const query = own ?? this.#queryOf(action, table, isGuarded);
    return writeRow({ action, table, options, writing, violationOf, writer, query }, changeset);
  }

  #queryOf(action: RowWrite["action"], table: string, isGuarded: boolean): RowWrite["query"] {
    const writing = isGuarded ? this.#rules.writing : this.db;
    return (columns, { id, ...filters }) => {
      if (action === "insert") return firstOf(writing, insertRow.on(writing, table, columns));
      if (Object.keys(filters).length > 0)
        return filteredRow(untyped(writing), table, columns, { id, ...filters });
      return action === "update"
        ? firstOf(writing, updateRow.on(writing, table, { ...columns, [SOUGHT_ID]: id }))
        : firstOf(writing, deleteRow.on(writing, table, { id }));
    };
  }
}

/** Updates the row that has all these values, or deletes it if there is nothing to set. */
function filteredRow(
  db: AnyDb,
  table: string,
  columns: AnyRow,
  filters: AnyRow,
): Promise<AnyRow | undefined> {
  const isWanted = (row: ExpressionBuilder<Record<string, AnyRow>, string>): Expression<SqlBool> =>
    row.and(Object.entries(filters).map(([column, value]) => row(column, "=", value)));
  return Object.keys(columns).length > 0
    ? db.updateTable(table).set(columns).where(isWanted).returningAll().executeTakeFirst()
    : db.deleteFrom(table).where(isWanted).returningAll().executeTakeFirst();
}
