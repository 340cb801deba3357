import type { Insertable, Kysely, Selectable, Updateable } from "kysely";
import type { Changeset } from "./changeset.ts";
import { repoError } from "./errors.ts";

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

/** One step, as the repo carries it out. */
export type Step =
  | {
      readonly kind: "insert" | "update";
      readonly name: string;
      readonly table: string;
      readonly changeset: Source<Changeset<object>>;
    }
  | { readonly kind: "delete"; readonly name: string; readonly table: string; readonly row: Source<object> }
  | { readonly kind: "run"; readonly name: string; readonly run: (db: never, values: never) => unknown }
  | { readonly kind: "merge"; readonly multi: (values: never) => { readonly steps: readonly Step[] } };

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
    return this.#with({ kind: "insert", name, table, changeset: changeset as Source<Changeset<object>> });
  }

  /**
   * Updates the row that the changeset's data is: its value is the row as the database has it. Fails as `insert` does.
   */
  update<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    changeset: Given<Values, Changeset<Updateable<DB[Table]>>>,
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "update", name, table, changeset: changeset as Source<Changeset<object>> });
  }

  /** Deletes a row, found by its id: its value is the row that was there. */
  delete<Name extends string, Table extends TableOf<DB>>(
    name: Free<Name, Values>,
    table: Table,
    row: Given<Values, Updateable<DB[Table]>>,
  ): Multi<DB, Values & Record<Name, Selectable<DB[Table]>>> {
    return this.#with({ kind: "delete", name, table, row: row as Source<object> });
  }

  /** Runs `run` in the transaction, with the values of the steps before. */
  run<Name extends string, Value>(
    name: Free<Name, Values>,
    run: (db: Kysely<DB>, values: Values) => StepResult<Value> | Promise<StepResult<Value>>,
  ): Multi<DB, Values & Record<Name, Value>> {
    return this.#with({ kind: "run", name, run });
  }

  /** Adds the steps of another multi, or of the one that the function makes of the values of the steps before. */
  merge<More extends object>(multi: Given<Values, Multi<DB, More>>): Multi<DB, Values & More> {
    if (typeof multi === "function") return this.#with({ kind: "merge", multi });
    return multi.steps.reduce<Multi<DB, Values & More>>(
      (merged, step) => merged.#with(step),
      new Multi<DB, Values & More>(this.steps),
    );
  }

  #with<After extends object>(step: Step): Multi<DB, After> {
    if (step.kind !== "merge") {
      const taken = this.steps.some((other) => other.kind !== "merge" && other.name === step.name);
      if (taken) throw repoError("ROOKERY_MULTI_NAME_TAKEN", [step.name]);
    }
    return new Multi<DB, After>([...this.steps, step]);
  }
}
