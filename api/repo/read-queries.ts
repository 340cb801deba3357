import type { CompiledQuery, Kysely, QueryExecutorProvider, Selectable } from "kysely";
import { aggregate, numberOf, type Selection } from "./aggregates.ts";
import { NotFoundError, repoError } from "./errors.ts";
import type { TableOf } from "./multi.ts";
import { type Loaded, preload, type TableAssociations, type Wanted } from "./preload.ts";
import { selectRow } from "./row-queries.ts";

/** A query of Kysely that can be run. */
export interface Query<Row> {
  execute(): Promise<Row[]>;
}

/** A query of Kysely whose rows can be had in batches. */
export interface StreamableQuery<Row> {
  stream(batchLength: number): AsyncIterableIterator<Row>;
}

/** The type of a table's `id`. */
export type IdOf<DB, Table extends TableOf<DB>> = Selectable<DB[Table]> extends { id: infer Id } ? Id : never;

export type ColumnOf<DB, Table extends TableOf<DB>> = keyof Selectable<DB[Table]> & string;

// Inside, tables and rows are data: what is known of their types is checked where they come in.
export type AnyRow = Record<string, unknown>;
export type AnyDb = Kysely<Record<string, AnyRow>>;

/** Rows of a stream that are read at once. */
const BATCH_LENGTH = 500;

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
    const row = await firstOf(this.db, selectRow.on(this.db, table, { id }));
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

  /**
   * The one row that has all these values, or undefined; null is looked for, too (`Repo.get_by`). Throws
   * `ROOKERY_REPO_MULTIPLE_RESULTS` for more than one.
   */
  async getBy<Table extends TableOf<DB>>(
    table: Table,
    values: Partial<Selectable<DB[Table]>>,
  ): Promise<Selectable<DB[Table]> | undefined> {
    let query = untyped(this.db)
      .selectFrom(table as string)
      .selectAll();
    for (const [column, value] of Object.entries(values))
      query = query.where(column, value === null ? "is" : "=", value);
    const row = await this.one(query.limit(2));
    return row as Selectable<DB[Table]> | undefined;
  }

  /** Whether the table, or the query, has any row (`Repo.exists?`). */
  async exists(source: TableOf<DB> | Selection): Promise<boolean> {
    const query =
      typeof source === "string"
        ? untyped(this.db)
            .selectFrom(source as string)
            .select((row) => row.lit(1).as("one"))
        : source;
    return (await query.limit(1).execute()).length > 0;
  }

  /** How many rows the table, or the query, has. */
  async count(source: TableOf<DB> | Selection): Promise<number> {
    return numberOf(await aggregate(untyped(this.db), source, "count")) as number;
  }

  /** The sum of a column of the table, or of the query; undefined without rows (`Repo.aggregate`). */
  sum<Table extends TableOf<DB>>(source: Table, column: ColumnOf<DB, Table>): Promise<number | undefined>;
  sum(source: Selection, column: string): Promise<number | undefined>;
  async sum(source: string | Selection, column: string): Promise<number | undefined> {
    return numberOf(await aggregate(untyped(this.db), source, "sum", column));
  }

  /** The mean of a column of the table, or of the query; undefined without rows (`Repo.aggregate`). */
  avg<Table extends TableOf<DB>>(source: Table, column: ColumnOf<DB, Table>): Promise<number | undefined>;
  avg(source: Selection, column: string): Promise<number | undefined>;
  async avg(source: string | Selection, column: string): Promise<number | undefined> {
    return numberOf(await aggregate(untyped(this.db), source, "avg", column));
  }

  /** The least value of a column of the table, or of the query; undefined without rows (`Repo.aggregate`). */
  min<Table extends TableOf<DB>, Column extends ColumnOf<DB, Table>>(
    source: Table,
    column: Column,
  ): Promise<NonNullable<Selectable<DB[Table]>[Column]> | undefined>;
  min(source: Selection, column: string): Promise<unknown>;
  min(source: string | Selection, column: string): Promise<unknown> {
    return aggregate(untyped(this.db), source, "min", column);
  }

  /** The greatest value of a column of the table, or of the query; undefined without rows (`Repo.aggregate`). */
  max<Table extends TableOf<DB>, Column extends ColumnOf<DB, Table>>(
    source: Table,
    column: Column,
  ): Promise<NonNullable<Selectable<DB[Table]>[Column]> | undefined>;
  max(source: Selection, column: string): Promise<unknown>;
  max(source: string | Selection, column: string): Promise<unknown> {
    return aggregate(untyped(this.db), source, "max", column);
  }

  /** The row as it is now, found by its id, or undefined if it is gone (`Repo.reload`). */
  reload<Table extends TableOf<DB>>(
    table: Table,
    row: { readonly id: IdOf<DB, Table> },
  ): Promise<Selectable<DB[Table]> | undefined> {
    return this.get(table, row.id);
  }

  /**
   * The rows, each with what is wanted of the rows that belong to it: one query for each association, however many rows
   * there are (`Repo.preload`).
   *
   * ```ts
   * const users = await repo.preload(await repo.all("users"), shop.users, { orders: { items: true } });
   * users[0].orders[0].items; // typed
   * ```
   */
  preload<Row extends object, Set extends object, Table extends string, const W extends Wanted<Set, Table>>(
    rows: readonly Row[],
    of: TableAssociations<DB, Set, Table>,
    wanted: W,
  ): Promise<(Row & Loaded<DB, Set, Table, W>)[]> {
    return preload(untyped(this.db), rows, of, wanted) as Promise<(Row & Loaded<DB, Set, Table, W>)[]>;
  }

  /**
   * The rows of a query one by one, of which never more than `batchLength` are in memory (`Repo.stream`). All are of one
   * moment, that of the first batch, whatever is written meanwhile. In a transaction, they are read all at once.
   */
  stream<Row>(query: StreamableQuery<Row>, batchLength: number = BATCH_LENGTH): AsyncIterableIterator<Row> {
    return query.stream(batchLength);
  }
}

/** The first row of a compiled query. */
export async function firstOf(
  db: QueryExecutorProvider,
  query: CompiledQuery<AnyRow>,
): Promise<AnyRow | undefined> {
  const { rows } = await db.getExecutor().executeQuery(query);
  return rows[0];
}

export function untyped<DB>(db: Kysely<DB>): AnyDb {
  return db as unknown as AnyDb;
}
