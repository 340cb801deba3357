import type { Insertable, Kysely, Selectable, Updateable } from "kysely";
import { type ChildSpec, type IntensityOptions, Supervisor } from "../../supervisors/index.ts";
import type { Adapter } from "./adapter.ts";
import { type Changeset, replace } from "./changeset.ts";
import type { WriteOptions } from "./changeset-write.ts";
import { repoError } from "./errors.ts";
import { type Migration, rollback } from "./migrator.ts";
import { Multi, type MultiResult, type TableOf } from "./multi.ts";
import { invalidStep, runSteps } from "./multi-run.ts";
import type { BulkOptions, BulkResult } from "./bulk.ts";
import {
  type Condition,
  type TransactionFunction,
  TransactionQueries,
  type WithNested,
  type WriteResult,
} from "./queries.ts";
import { ReadQueries } from "./read-queries.ts";
import { controlBy } from "./savepoint.ts";
import { runSeeds, type Seed } from "./seeds.ts";
import type { UpsertOptions } from "./upsert.ts";
import { PostgresAdapter } from "./postgres/postgres-adapter.ts";
import { completeOptions, type RepoOptions } from "./repo-options.ts";
import { SqliteAdapter } from "./sqlite-adapter.ts";

/**
 * So often may a repo's processes crash within 5 seconds before its supervisor gives up: a restart costs milliseconds.
 */
const RESTARTS_MAX = 10;

/**
 * A database for contexts to keep their rows in (`Ecto.Repo`): a SQLite file, or a PostgreSQL. It runs as part of a
 * supervision tree, by its child spec. Make one for each database, and with several shards one on each.
 *
 * Reading (`db`, `all`, `one`, `get`) sees what has been committed. Writing happens in transactions. Whoever is answered is
 * on the disk.
 *
 * In a SQLite file, a process writes: it runs transactions one after the other and commits many at a time; the writers of
 * several shards take turns. If it dies before it has answered, its callers get an ExitError and nothing of what they
 * wanted is written.
 *
 * In a PostgreSQL, transactions run side by side, each on a connection of a pool. A connection that is lost, or a server that
 * starts anew, costs what was running on it (`ROOKERY_REPO_UNAVAILABLE`); the next query opens another one.
 *
 * ```ts
 * const repo = new Repo<Database>({ path: "./data/shop.db", migrations });
 * const other = new Repo<Database>({ url: "postgres://shop@localhost/shop", migrations });
 * await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
 * const user = await repo.insert("users", registration(params));
 * ```
 */
export class Repo<DB> extends ReadQueries<DB> {
  /** The name that it was given, else the path of its file, or the address of its server. */
  readonly name: string;
  readonly #adapter: Adapter<DB>;
  readonly #migrations: readonly Migration[];

  /** Opens nothing yet. Throws `ROOKERY_REPO_OPTION` or `ROOKERY_REPO_MIGRATION_LIST`. */
  constructor(options: RepoOptions) {
    const complete = completeOptions(options);
    const adapter: Adapter<DB> =
      "url" in complete ? new PostgresAdapter<DB>(complete) : new SqliteAdapter<DB>(complete);
    super(adapter.db);
    this.name = complete.name ?? adapter.address;
    this.#adapter = adapter;
    this.#migrations = complete.migrations;
  }

  /**
   * How a supervisor starts this repo: a supervisor of its own with a process that opens the database and migrates it,
   * the writer of a file or the pool of a server, and, for a file, the reader. The start fails with one error,
   * `ROOKERY_REPO_OPEN` or `ROOKERY_REPO_MIGRATION`, if a database can't be opened or migrated. `options` say how often
   * its processes may crash before it gives up.
   */
  childSpec({ intensity = RESTARTS_MAX, periodMs }: IntensityOptions = {}): ChildSpec {
    const options = {
      strategy: "one_for_one",
      intensity,
      ...(periodMs === undefined ? {} : { periodMs }),
      children: this.#adapter.children,
    };
    return { id: this.name, start: [Supervisor, options] };
  }

  /**
   * Runs `work` in a transaction, and resolves to what it returns once that is committed. It is rolled
   * back if `work` throws, and rejects with that, or returns an object with `ok: false`, and resolves to that.
   *
   * `work` may run more than once before one run counts: it should do nothing but query, and only by the `db` that it
   * is given. Another transaction of the same repo, asked for inside, would wait for this one; a part that is
   * to be undone alone is a `transaction.transaction(…)`, by the second argument. After
   * `transactionTimeoutMs` it is rolled back for good (`ROOKERY_REPO_TRANSACTION_TIMEOUT`). Once it is asked for, it is
   * run, also if the process that asked has died meanwhile.
   *
   * SQLite runs one transaction at a time: `work` may wait for something else, but not for long; then it is rolled
   * back, so that others are committed, and run again alone. While other shards want to write, a run of it may take a
   * second at most. PostgreSQL runs many, and each sees at once what others have committed, unless the repo's
   * `isolationLevel` says otherwise: decide by what a write has found, not by what was read before. One that gets in
   * the way of another (a deadlock, a serialization failure) is run again, up to five times (`ROOKERY_REPO_CONFLICT`). There,
   * a query that fails is the end of its transaction, except for the functions of `transaction`, whose failures are results.
   *
   * Rejects with an ExitError or `ROOKERY_REPO_UNAVAILABLE` if what writes is not there or is lost, and with
   * `ROOKERY_REPO_QUEUE_FULL`, `ROOKERY_REPO_QUEUE_TIMEOUT` and `ROOKERY_REPO_COMMIT_FAILED`. In all these cases
   * nothing is written. If the connection is lost during the commit, nobody knows (`ROOKERY_REPO_COMMIT_UNKNOWN`).
   */
  transaction<Value>(work: TransactionFunction<DB, Value>): Promise<Value>;
  /** Carries out a multi: all its steps, or none. */
  transaction<Values extends object>(multi: Multi<DB, Values>): Promise<MultiResult<Values>>;
  transaction(work: TransactionFunction<DB, unknown> | Multi<DB, object>): Promise<unknown> {
    if (!(work instanceof Multi)) return this.#transaction(work, { guards: true });
    const { steps } = work;
    const invalid = invalidStep(steps);
    return invalid !== undefined
      ? Promise.resolve(invalid)
      : this.#transaction((_db, transaction) => runSteps(steps, transaction));
  }

  /** Inserts a row in a transaction of its own (`Repo.insert`). An invalid changeset never reaches the database. */
  async insert<Table extends TableOf<DB>, Draft extends object>(
    table: Table,
    changeset: Changeset<Draft> & Changeset<Insertable<DB[Table]>>,
  ): Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Insertable<DB[Table]>>> {
    if (!changeset.valid) return { ok: false, error: replace(changeset, { action: "insert" }) };
    return this.#transaction((_db, transaction) => transaction.insert(table, changeset));
  }

  /** Updates a row in a transaction of its own (`Repo.update`). An invalid changeset never reaches the database. */
  async update<Table extends TableOf<DB>, Draft extends object>(
    table: Table,
    changeset: Changeset<Draft> & Changeset<Updateable<DB[Table]>>,
    options: WriteOptions = {},
  ): Promise<WriteResult<WithNested<Selectable<DB[Table]>, Draft>, Updateable<DB[Table]>>> {
    if (!changeset.valid) return { ok: false, error: replace(changeset, { action: "update" }) };
    return this.#transaction((_db, transaction) => transaction.update(table, changeset, options));
  }

  /** Deletes a row, found by its id, or that of a changeset, in a transaction of its own (`Repo.delete`). */
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
  delete<Table extends TableOf<DB>>(
    table: Table,
    row: object,
    options: WriteOptions = {},
  ): Promise<{ readonly ok: true; readonly value: Selectable<DB[Table]> }> {
    return this.#transaction((_db, transaction) =>
      transaction.delete(table, row as Updateable<DB[Table]>, options),
    );
  }

  /** Updates if the changeset's data has an id, and inserts if not, in a transaction of its own (`Repo.insert_or_update`). */
  async insertOrUpdate<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]> & Updateable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Insertable<DB[Table]> & Updateable<DB[Table]>>> {
    return this.#transaction((_db, transaction) => transaction.insertOrUpdate(table, changeset));
  }

  /** Inserts a row or does what `onConflict` says, in a transaction of its own (`Repo.insert` with `:on_conflict`). */
  upsert<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]>>,
    options: UpsertOptions<Insertable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]> | undefined, Insertable<DB[Table]>>> {
    return this.#transaction((_db, transaction) => transaction.upsert(table, changeset, options));
  }

  /** Inserts all these rows or none, in a transaction of its own (`Repo.insert_all`). */
  insertAll<Table extends TableOf<DB>>(
    table: Table,
    rows: readonly Insertable<DB[Table]>[],
    options: BulkOptions & Partial<UpsertOptions<Insertable<DB[Table]>>> = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    return this.#transaction((_db, transaction) => transaction.insertAll(table, rows, options));
  }

  /** Sets the same in all rows of the table, or in those that `where` finds (`Repo.update_all`). */
  updateAll<Table extends TableOf<DB>>(
    table: Table,
    changes: Updateable<DB[Table]>,
    where?: Condition<DB, Table>,
    options: BulkOptions = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    return this.#transaction((_db, transaction) => transaction.updateAll(table, changes, where, options));
  }

  /** Deletes all rows of the table, or those that `where` finds (`Repo.delete_all`). */
  deleteAll<Table extends TableOf<DB>>(
    table: Table,
    where?: Condition<DB, Table>,
    options: BulkOptions = {},
  ): Promise<BulkResult<Selectable<DB[Table]>>> {
    return this.#transaction((_db, transaction) => transaction.deleteAll(table, where, options));
  }

  /**
   * Gives the database what the seeds insert that it has not had yet, all in one transaction, and resolves to their names. It
   * remembers them by name: whoever calls this at each start plants each seed once, from however many programs.
   */
  seed(seeds: readonly Seed<DB>[]): Promise<string[]> {
    return this.#transaction(async (db) => {
      await this.#adapter.lockMigrations(db);
      return runSeeds(db, seeds);
    });
  }

  /**
   * Copies the database, as it is at this moment, to the file at `path`, while it is read and written. There is a file of this
   * name only when the copy is complete and on the disk. Throws `ROOKERY_REPO_BACKUP`. For SQLite: a PostgreSQL
   * has `pg_dump`.
   */
  async backup(path: string): Promise<void> {
    if (this.#adapter.backup === undefined)
      throw repoError("ROOKERY_REPO_BACKUP", [path, "only a SQLite file can be copied; use pg_dump"]);
    await this.#adapter.backup(path);
  }

  /** Undoes the newest `steps` migrations, all in one transaction, and resolves to their versions. */
  rollbackMigrations(steps: number = 1): Promise<number[]> {
    return this.#transaction(async (db) => {
      await this.#adapter.lockMigrations(db);
      return rollback(db as Kysely<unknown>, this.#migrations, steps);
    });
  }

  /** Where a write that fails is the end of the transaction, `guards` are not needed. */
  #transaction<Value>(
    work: TransactionFunction<DB, Value>,
    { guards }: { readonly guards: boolean } = { guards: false },
  ): Promise<Value> {
    const { violationOf } = this.#adapter;
    return this.#adapter.transaction(({ db, guarded, control = controlBy(db) }) => {
      const writing = guards ? guarded : db;
      return work(db, new TransactionQueries<DB>(db, { writing, violationOf, control }));
    });
  }
}
