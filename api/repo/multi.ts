import type {
  Expression,
  ExpressionBuilder,
  Insertable,
  Kysely,
  Selectable,
  SqlBool,
  Updateable,
} from "kysely";
import type { BulkOptions, BulkResult } from "./bulk.ts";
import type { Changeset } from "./changeset.ts";
import type { WriteOptions } from "./changeset-write.ts";
import { repoError } from "./errors.ts";
import type { TransactionQueries } from "./queries.ts";
import type { Query } from "./read-queries.ts";

/** The tables of a database. */
export type TableOf<DB> = keyof DB & string;

/** What a step of one's own comes to: `ok: false` ends the multi and undoes all of it. */
export type StepResult<Value = unknown, Failure = unknown> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** What a multi comes to: all of it, or the step that failed and what the steps before it had come to, now undone. */
export type MultiResult<Values extends object = Record<string, unknown>> =
  | { readonly ok: true; readonly changes: Values }
  | {
      readonly ok: false;
      readonly step: string;
      readonly value: unknown;
      readonly changesSoFar: Partial<Values>;
    };

/** What a step needs, or the function that makes it of the values of the steps before. */
type Given<Values, Value> = Value | ((values: Values) => Value);
type Source<Value> = Given<never, Value>;

/** Which rows a step is about: `(row, values) => row("stock", ">", values.least)`. */
type ConditionOf<DB, Table extends TableOf<DB>, Values> = (
  row: ExpressionBuilder<DB, Table>,
  values: Values,
) => Expression<SqlBool>;

type QueryStep<DB, Values> = (transaction: TransactionQueries<DB>, values: Values) => Promise<unknown>;

/** One step, as the repo carries it out. */
export type Step =
  | {
      readonly kind: "insert" | "update" | "insertOrUpdate";
      readonly name: string;
      readonly table: string;
      readonly changeset: Source<Changeset<object>>;
      readonly options: WriteOptions;
    }
  | {
      readonly kind: "delete";
      readonly name: string;
      readonly table: string;
      readonly row: Source<object>;
      readonly options: WriteOptions;
    }
  | {
      readonly kind: "insertAll" | "updateAll" | "deleteAll" | "all" | "one";
      readonly name: string;
      readonly query: (transaction: never, values: never) => Promise<unknown>;
    }
  | {
      readonly kind: "run";
      readonly name: string;
      readonly run: (db: never, values: never, transaction: never) => unknown;
    }
  | { readonly kind: "put" | "error"; readonly name: string; readonly value: unknown }
  | { readonly kind: "inspect"; readonly name: "inspect"; readonly look: (values: never) => void }
  | {
      readonly kind: "merge";
      readonly name: "merge";
      readonly multi: (values: never) => { readonly steps: readonly Step[] };
    };

/** @internal The kinds of steps whose names are not their own, and that come to nothing. */
export function isNameless({ kind }: Step): boolean {
  return kind === "merge" || kind === "inspect";
}

/** A name that no step has yet. */
type Free<Name, Values> = Name extends keyof Values ? never : Name;

/**
 * A description of steps that a repo carries out in one transaction, in their order, all or none (`Ecto.Multi`).
 * Describing does nothing. A multi never changes: each method returns a new one. Two steps of one name are refused.
 *
 * ```ts
 * const result = await repo.transaction(
 *   Multi.new<Database>()
 *     .run("stock", (db) => takeStock(db, items))
 *     .insert("order", "orders", ({ stock }) => orderChangeset(stock)),
 * );
 * ```
 *
 * The functions of a multi may run more than once, as those of `repo.transaction` may.
 */
export class Multi<DB, Values extends object = Record<never, never>> {
  /** @internal */
  readonly steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.steps = steps;
  }

  /** A multi without steps, for the tables of `DB`. */
  static new<DB>(): Multi<DB> {
    return new Multi([]);
  }

  /** Inserts a row: its value is the row as the database has it. Fails with the changeset, as `Repo.insert` does. */
  insert<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    changeset: Given<Values, Changeset<Insertable<DB[Table]>>>,
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "insert", name, table, changeset: sourceOf(changeset), options: {} });
  }

  /**
   * Updates the row that the changeset's data is: its value is the row as the database has it. Fails as `insert` does.
   */
  update<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    changeset: Given<Values, Changeset<Updateable<DB[Table]>>>,
    options: WriteOptions = {},
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "update", name, table, changeset: sourceOf(changeset), options });
  }

  /** Updates the row that the changeset's data is if that has an id, and inserts it if not. Fails as `insert` does. */
  insertOrUpdate<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    changeset: Given<Values, Changeset<Insertable<DB[Table]> & Updateable<DB[Table]>>>,
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "insertOrUpdate", name, table, changeset: sourceOf(changeset), options: {} });
  }

  /**
   * Deletes a row, found by its id, or that of a changeset: its value is the row that was there. A changeset fails as with
   * `insert`.
   */
  delete<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    row: Given<Values, Updateable<DB[Table]> | Changeset<Updateable<DB[Table]>>>,
    options: WriteOptions = {},
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "delete", name, table, row: row as Source<object>, options });
  }

  /** Inserts all these rows: its value is their number, and themselves if they are asked for. */
  insertAll<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    rows: Given<Values, readonly Insertable<DB[Table]>[]>,
    options: BulkOptions = {},
  ): Multi<DB, Values & Record<Name, BulkResult<Selectable<DB[Table]>>>> {
    const query: QueryStep<DB, Values> = (transaction, values) =>
      transaction.insertAll(table, typeof rows === "function" ? rows(values) : rows, options);
    return this.#with({ kind: "insertAll", name, query });
  }

  /** Sets the same in all rows of the table, or in those that `where` finds: its value is as that of `insertAll`. */
  updateAll<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    changes: Given<Values, Updateable<DB[Table]>>,
    where?: ConditionOf<DB, Table, Values>,
    options: BulkOptions = {},
  ): Multi<DB, Values & Record<Name, BulkResult<Selectable<DB[Table]>>>> {
    const query: QueryStep<DB, Values> = (transaction, values) => {
      const set =
        typeof changes === "function"
          ? (changes as (values: Values) => Updateable<DB[Table]>)(values)
          : changes;
      return transaction.updateAll(table, set, where && ((row) => where(row, values)), options);
    };
    return this.#with({ kind: "updateAll", name, query });
  }

  /** Deletes all rows of the table, or those that `where` finds: its value is as that of `insertAll`. */
  deleteAll<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    where?: ConditionOf<DB, Table, Values>,
    options: BulkOptions = {},
  ): Multi<DB, Values & Record<Name, BulkResult<Selectable<DB[Table]>>>> {
    const query: QueryStep<DB, Values> = (transaction, values) =>
      transaction.deleteAll(table, where && ((row) => where(row, values)), options);
    return this.#with({ kind: "deleteAll", name, query });
  }

  /** Reads all rows of a query. */
  all<Name extends string, Row>(
    name: Free<Name, Values>,
    query: (db: Kysely<DB>, values: Values) => Query<Row>,
  ): Multi<DB, Values & Record<Name, Row[]>> {
    const read: QueryStep<DB, Values> = ({ db }, values) => query(db, values).execute();
    return this.#with({ kind: "all", name, query: read });
  }

  /** Reads the one row of a query, or undefined. Throws `ROOKERY_REPO_MULTIPLE_RESULTS` for more. */
  one<Name extends string, Row>(
    name: Free<Name, Values>,
    query: (db: Kysely<DB>, values: Values) => Query<Row>,
  ): Multi<DB, Values & Record<Name, Row | undefined>> {
    const read: QueryStep<DB, Values> = (transaction, values) =>
      transaction.one(query(transaction.db, values));
    return this.#with({ kind: "one", name, query: read });
  }

  /** Puts a value among those of the steps: for what is known before, or for `merge`. */
  put<Name extends string, Value>(
    name: Free<Name, Values>,
    value: Value,
  ): Multi<DB, Values & Record<Name, Value>> {
    return this.#with({ kind: "put", name, value });
  }

  /** Fails with this value: the transaction does not even begin. */
  error<Name extends string>(
    name: Free<Name, Values>,
    value: unknown,
  ): Multi<DB, Values & Record<Name, never>> {
    return this.#with({ kind: "error", name, value });
  }

  /** Shows the values so far to `look`, `console.log` for one; they stay as they are. */
  inspect(look: (values: Values) => void): Multi<DB, Values> {
    return this.#with({ kind: "inspect", name: "inspect", look });
  }

  /**
   * Runs `run` in the transaction, with the values of the steps before, and with the functions of the repo: what these
   * answer as a failure is for `run` to return, for in PostgreSQL nothing can be queried after it.
   */
  run<Name extends string, Value>(
    name: Free<Name, Values>,
    run: (
      db: Kysely<DB>,
      values: Values,
      transaction: TransactionQueries<DB>,
    ) => StepResult<Value> | Promise<StepResult<Value>>,
  ): Multi<DB, Values & Record<Name, Value>> {
    return this.#with({ kind: "run", name, run });
  }

  /** Adds the steps of another multi, or of the one that the function makes of the values of the steps before. */
  merge<More extends object>(multi: Given<Values, Multi<DB, More>>): Multi<DB, Values & More> {
    if (typeof multi === "function") return this.#with({ kind: "merge", name: "merge", multi });
    return this.append(multi);
  }

  /** The steps of this multi, then those of the other. */
  append<More extends object>(multi: Multi<DB, More>): Multi<DB, Values & More> {
    return multi.steps.reduce<Multi<DB, Values & More>>(
      (joined, step) => joined.#with(step),
      new Multi<DB, Values & More>(this.steps),
    );
  }

  /** The steps of the other multi, then those of this. */
  prepend<More extends object>(multi: Multi<DB, More>): Multi<DB, More & Values> {
    return multi.append(this);
  }

  /** The steps in their order, for tests: what each is called, and what it does. */
  toList(): readonly Step[] {
    return this.steps;
  }

  #with<After extends object>(step: Step): Multi<DB, After> {
    const isTaken = (other: Step): boolean => other.name === step.name && !isNameless(other);
    if (!isNameless(step) && this.steps.some(isTaken))
      throw repoError("ROOKERY_MULTI_NAME_TAKEN", [step.name]);
    return new Multi<DB, After>([...this.steps, step]);
  }
}

function sourceOf(changeset: unknown): Source<Changeset<object>> {
  return changeset as Source<Changeset<object>>;
}
