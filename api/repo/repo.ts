import type { Insertable, Kysely, Selectable, Updateable } from "kysely";
import type { Pid, Runtime, Self, StartResult } from "../../runtime/index.ts";
import { startChildServer } from "../../runtime/internal.ts";
import { type ChildSpec, type IntensityOptions, Supervisor } from "../../supervisors/index.ts";
import { type Changeset, replace } from "./changeset.ts";
import { repoError } from "./errors.ts";
import { KyselyConnection, type QueryOrigin, readingKysely, transactionKysely } from "./kysely-connection.ts";
import { rollback } from "./migrator.ts";
import { Multi, type MultiResult, type TableOf } from "./multi.ts";
import { invalidStep, runSteps } from "./multi-run.ts";
import { ReadQueries, TransactionQueries, type WriteResult } from "./queries.ts";
import { Reader } from "./reader.ts";
import { completeOptions, type CompleteRepoOptions, type RepoOptions } from "./repo-options.ts";
import type { SqliteConnection } from "./sqlite.ts";
import { TransactionRequest } from "./transaction-request.ts";
import { Writer } from "./writer.ts";

/**
 * So often may a repo's processes crash within 5 seconds before its supervisor gives up: a restart costs milliseconds.
 */
const RESTARTS_MAX = 10;

/** What a function of a transaction is given: the transaction's Kysely, and the repo's own functions on it. */
export type TransactionFunction<DB, Value> = (
  db: Kysely<DB>,
  transaction: TransactionQueries<DB>,
) => Value | Promise<Value>;

/** What there is of a repo while it runs. */
class Running {
  runtime: Runtime | undefined = undefined;
  writer: Pid<Writer> | undefined = undefined;
  reader: SqliteConnection | undefined = undefined;
}

/**
 * A database in a SQLite file, for contexts to keep their rows in (`Ecto.Repo`). It runs as part of a supervision tree,
 * by its child spec: a process that writes, and one that holds the connection for reading. Make one for each file, and with
 * several shards one on each: their writers take turns.
 *
 * Reading (`db`, `all`, `one`, `get`) happens in the caller and sees what has been committed. Writing happens in
 * transactions, which the writer runs one after the other and commits many at a time. Whoever is answered is on the
 * disk; if the writer dies first, its callers get an ExitError and nothing of what they wanted is written.
 *
 * ```ts
 * const repo = new Repo<Database>({ path: "./data/shop.db", migrations });
 * await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
 * const user = await repo.insert("users", registration(params));
 * ```
 */
export class Repo<DB> extends ReadQueries<DB> {
  /** The name that it was given, else its path. */
  readonly name: string;
  readonly #options: CompleteRepoOptions;
  readonly #origin: QueryOrigin;
  readonly #running: Running;

  /** Opens nothing yet. Throws `ROOKERY_REPO_OPTION` or `ROOKERY_REPO_MIGRATION_LIST`. */
  constructor(options: RepoOptions) {
    const complete = completeOptions(options);
    const name = complete.name ?? complete.path;
    const running = new Running();
    const origin: QueryOrigin = { repo: name, nowMs: () => running.runtime?.clock.nowMs() ?? 0 };
    const reader = (): SqliteConnection => {
      if (running.reader === undefined) throw repoError("ROOKERY_REPO_NOT_RUNNING", [name]);
      return running.reader;
    };
    super(readingKysely<DB>(new KyselyConnection(origin, reader)));
    this.name = name;
    this.#options = complete;
    this.#origin = origin;
    this.#running = running;
  }

  /**
   * How a supervisor starts this repo: a supervisor of its own with the writer, which opens the database and migrates
   * it, and the reader. The start fails with one error, `ROOKERY_REPO_OPEN` or `ROOKERY_REPO_MIGRATION`, if a database
   * can't be opened or migrated. `options` say how often its processes may crash before it gives up.
   */
  childSpec({ intensity = RESTARTS_MAX, periodMs }: IntensityOptions = {}): ChildSpec {
    const children: ChildSpec[] = [
      { id: "writer", start: (supervisor) => this.#startWriter(supervisor) },
      { id: "reader", start: (supervisor) => this.#startReader(supervisor) },
    ];
    const options = {
      strategy: "one_for_one",
      intensity,
      ...(periodMs === undefined ? {} : { periodMs }),
      children,
    };
    return { id: this.name, start: [Supervisor, options] };
  }

  /**
   * Runs `work` in a transaction, by the writer, and resolves to what it returns once that is committed. It is rolled
   * back if `work` throws, and rejects with that, or returns an object with `ok: false`, and resolves to that.
   *
   * `work` may run more than once before one run counts: it should do nothing but query, and only by the `db` that it
   * is given. Another transaction of the same repo, asked for inside, would wait for this one. It may wait for
   * something else, but not for long: then it is rolled back, so that others are committed, and run again alone. While
   * other shards want to write, a run of it may take a second at most. After
   * `transactionTimeoutMs` it is rolled back for good (`ROOKERY_REPO_TRANSACTION_TIMEOUT`). Once it is asked for, it is
   * run, also if the process that asked has died meanwhile.
   *
   * Rejects with an ExitError if the writer is not there or dies, and with `ROOKERY_REPO_QUEUE_FULL` and
   * `ROOKERY_REPO_COMMIT_FAILED`. In all these cases nothing is written.
   */
  transaction<Value>(work: TransactionFunction<DB, Value>): Promise<Value>;
  /** Carries out a multi: all its steps, or none. */
  transaction<Values extends object>(multi: Multi<DB, Values>): Promise<MultiResult<Values>>;
  transaction(work: TransactionFunction<DB, unknown> | Multi<DB, object>): Promise<unknown> {
    if (!(work instanceof Multi)) return this.#transaction(work);
    const { steps } = work;
    const invalid = invalidStep(steps);
    return invalid !== undefined
      ? Promise.resolve(invalid)
      : this.#transaction((_db, transaction) => runSteps(steps, transaction));
  }

  /** Inserts a row in a transaction of its own (`Repo.insert`). An invalid changeset never reaches the database. */
  async insert<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Insertable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Insertable<DB[Table]>>> {
    if (!changeset.valid) return { ok: false, error: replace(changeset, { action: "insert" }) };
    return this.#transaction((_db, transaction) => transaction.insert(table, changeset));
  }

  /** Updates a row in a transaction of its own (`Repo.update`). An invalid changeset never reaches the database. */
  async update<Table extends TableOf<DB>>(
    table: Table,
    changeset: Changeset<Updateable<DB[Table]>>,
  ): Promise<WriteResult<Selectable<DB[Table]>, Updateable<DB[Table]>>> {
    if (!changeset.valid) return { ok: false, error: replace(changeset, { action: "update" }) };
    return this.#transaction((_db, transaction) => transaction.update(table, changeset));
  }

  /** Deletes a row, found by its id, in a transaction of its own (`Repo.delete`). */
  delete<Table extends TableOf<DB>>(
    table: Table,
    row: Updateable<DB[Table]>,
  ): Promise<{ readonly ok: true; readonly value: Selectable<DB[Table]> }> {
    return this.#transaction((_db, transaction) => transaction.delete(table, row));
  }

  /** Undoes the newest `steps` migrations, all in one transaction, and resolves to their versions. */
  rollbackMigrations(steps: number = 1): Promise<number[]> {
    return this.#transaction((db) => rollback(db as Kysely<unknown>, this.#options.migrations, steps));
  }

  async #transaction<Value>(work: TransactionFunction<DB, Value>): Promise<Value> {
    const { runtime, writer } = this.#running;
    if (runtime === undefined || writer === undefined)
      throw repoError("ROOKERY_REPO_NOT_RUNNING", [this.name]);
    const { transactionTimeoutMs } = this.#options;
    const request = new TransactionRequest(
      runtime.clock.nowMs(),
      transactionTimeoutMs,
      async (connection) => {
        const db = transactionKysely<DB>(connection);
        return work(db, new TransactionQueries<DB>(db));
      },
    );
    await runtime.call(writer, request, Number.POSITIVE_INFINITY);
    return request.result() as Value;
  }

  async #startWriter(parent: Self): Promise<StartResult> {
    const { path, migrations, queueLengthMax } = this.#options;
    this.#running.runtime = parent.runtime;
    const options = { path, migrations, queueLengthMax, origin: this.#origin };
    const result = await startChildServer(parent, Writer, options, {
      linked: true,
      ...this.#nameOf("writer"),
    });
    if (result.ok) this.#running.writer = result.pid as Pid<Writer>;
    return result;
  }

  #startReader(parent: Self): Promise<StartResult> {
    const attach = (reader: SqliteConnection | undefined): void => {
      this.#running.reader = reader;
    };
    const options = { path: this.#options.path, attach };
    return startChildServer(parent, Reader, options, { linked: true, ...this.#nameOf("reader") });
  }

  #nameOf(part: string): { readonly name: string; readonly nameScope: "shard" } | undefined {
    const { name } = this.#options;
    return name === undefined ? undefined : { name: `${name}.${part}`, nameScope: "shard" };
  }
}
