import { AssertionError } from "node:assert";
import type { Insertable, Selectable } from "kysely";
import type { SeededRandom } from "../../runtime/testing.ts";
import { change, type Changeset } from "../repo/changeset.ts";
import type { TableOf } from "../repo/multi.ts";
import { traverseErrors } from "../repo/traversal.ts";
import { testingError } from "./errors.ts";

/** What a definition makes a row of. */
export interface FactoryContext {
  /** 1 for the first row of this definition in a test, 2 for the second: for what has to be there once. */
  readonly n: number;
  /** Chance that the test's seed decides. */
  readonly random: SeededRandom;
  /** A row of another definition, inserted just before this one unless the test gives the column a value: this column gets its id. */
  parent<DB, Table extends TableOf<DB>>(
    definition: FactoryDefinition<DB, Table>,
    values?: Partial<Insertable<DB[Table]>>,
  ): ParentRow<Selectable<DB[Table]> extends { readonly id: infer Id } ? Id : never>;
}

/** Stands for the id of a row that is not there yet. */
export class ParentRow<Id> {
  declare readonly id: Id;
  /** @internal */
  readonly definition: AnyDefinition;
  /** @internal */
  readonly values: object;

  /** @internal */
  constructor(definition: AnyDefinition, values: object) {
    this.definition = definition;
    this.values = values;
  }
}

/** The columns of a new row: values, or parents that have them. */
type Draft<Row> = { readonly [Column in keyof Row]: Row[Column] | ParentRow<Row[Column]> };

/** The same as far as it is there without a database. */
type Built<Values> = {
  -readonly [
    Column in keyof Values as Values[Column] extends ParentRow<unknown> ? never : Column
  ]: Values[Column];
};

/** How rows of a table are made for tests. Made by `factoriesOf`. */
export class FactoryDefinition<DB, Table extends TableOf<DB>, Values extends object = object> {
  /** Never set. */
  declare readonly "~of"?: { readonly database: DB; readonly table: Table };
  readonly table: string;
  /** @internal */
  readonly make: (context: FactoryContext) => Values;

  /** @internal */
  constructor(table: Table, make: (context: FactoryContext) => Values) {
    this.table = table;
    this.make = make;
  }
}

// Inside, tables and rows are data: what is known of their types is checked where they come in.
interface AnyDefinition {
  readonly table: string;
  make(context: FactoryContext): object;
}

/** As much of a repo as a factory needs. */
interface InsertingRepo {
  insert(
    table: string,
    changeset: Changeset<object>,
  ): Promise<
    { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Changeset<object> }
  >;
}

/**
 * For one database, the function that defines how rows of its tables are made.
 * @example
 * ```ts
 * const defineFactory = factoriesOf<Database>();
 * export const users = defineFactory("users", ({ n }) => ({ name: "Ada", email: `ada${n}@example.com` }));
 * export const posts = defineFactory("posts", ({ n, parent }) => ({ title: `Post ${n}`, user_id: parent(users) }));
 * ```
 */
export function factoriesOf<DB>(): <Table extends TableOf<DB>, Values extends Draft<Insertable<DB[Table]>>>(
  table: Table,
  make: (
    context: FactoryContext,
  ) => Values & { readonly [Unknown in Exclude<keyof Values, keyof Insertable<DB[Table]>>]: never },
) => FactoryDefinition<DB, Table, Values> {
  return (table, make) => new FactoryDefinition(table, make);
}

/** Makes the rows of one test, as definitions say. Each test counts anew, so that its rows are the same in every run. */
export class Factory {
  readonly #repo: unknown;
  readonly #random: SeededRandom;
  readonly #counts = new Map<object, number>();

  /** Counts from 1 for each definition; without a repo, for `build` alone. */
  constructor(repo: unknown, random: SeededRandom) {
    this.#repo = repo;
    this.#random = random;
  }

  /** What a row would be, with these values in the place of the definition's; parents are left out. Touches no database. */
  build<DB, Table extends TableOf<DB>, Values extends object>(
    definition: FactoryDefinition<DB, Table, Values>,
    values: Partial<Insertable<DB[Table]>> = {},
  ): Built<Values> & Partial<Insertable<DB[Table]>> {
    const columns = Object.entries(this.#draft(definition, values));
    return Object.fromEntries(columns.filter(([, value]) => !(value instanceof ParentRow))) as Built<Values> &
      Partial<Insertable<DB[Table]>>;
  }

  /** So many of them. */
  buildList<DB, Table extends TableOf<DB>, Values extends object>(
    count: number,
    definition: FactoryDefinition<DB, Table, Values>,
    values: Partial<Insertable<DB[Table]>> = {},
  ): (Built<Values> & Partial<Insertable<DB[Table]>>)[] {
    return Array.from({ length: count }, () => this.build(definition, values));
  }

  /** Inserts a row through the repo, after its parents, and answers it as the database has it. Throws if the repo refuses it. */
  async insert<DB, Table extends TableOf<DB>>(
    definition: FactoryDefinition<DB, Table>,
    values: Partial<Insertable<DB[Table]>> = {},
  ): Promise<Selectable<DB[Table]>> {
    return (await this.#insert(definition, values)) as Selectable<DB[Table]>;
  }

  /** So many of them, one after the other. */
  async insertList<DB, Table extends TableOf<DB>>(
    count: number,
    definition: FactoryDefinition<DB, Table>,
    values: Partial<Insertable<DB[Table]>> = {},
  ): Promise<Selectable<DB[Table]>[]> {
    const rows: Selectable<DB[Table]>[] = [];
    while (rows.length < count) rows.push(await this.insert(definition, values));
    return rows;
  }

  async #insert(definition: AnyDefinition, values: object): Promise<unknown> {
    const { table } = definition;
    if (this.#repo === undefined) throw testingError("ROOKERY_TEST_REPO", `the rows of ${table}`);
    const row: Record<string, unknown> = {};
    for (const [column, value] of Object.entries(this.#draft(definition, values))) {
      row[column] =
        value instanceof ParentRow
          ? ((await this.#insert(value.definition, value.values)) as { readonly id: unknown }).id
          : value;
    }
    // As data, not as changes: a null that a test gives is a null, also where the column has a default.
    const inserted = await (this.#repo as InsertingRepo).insert(table, change(row));
    if (inserted.ok) return inserted.value;
    const { error } = inserted;
    throw new AssertionError({
      message: `Expected the factory's row of ${table} to be valid, got ${JSON.stringify(traverseErrors(error))}`,
      actual: error,
    });
  }

  #draft(definition: AnyDefinition, values: object): object {
    const n = (this.#counts.get(definition) ?? 0) + 1;
    this.#counts.set(definition, n);
    const parent = (of: AnyDefinition, its: object = {}): ParentRow<never> => new ParentRow(of, its);
    const context = { n, random: this.#random, parent } as FactoryContext;
    return { ...definition.make(context), ...values };
  }
}
