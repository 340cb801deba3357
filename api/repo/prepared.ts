import type { Compilable, CompiledQuery, Kysely, QueryExecutorProvider } from "kysely";
import { repoError } from "./errors.ts";

/** A query of Kysely, whose rows are of this type. */
export type PreparableQuery<Row> = Compilable<Row>;

/** Runs a prepared query: on `repo.db`, or on that of a transaction. */
export type PreparedQuery<DB, Params extends object, Row> = (
  db: Kysely<DB>,
  params: Params,
) => Promise<Row[]>;

/**
 * A query that is built and compiled once and then run with other parameters: where a query is run thousands of times a
 * second, Kysely's work is most of what it costs. `build` gets parameters that stand for values to come: they can be
 * given to Kysely wherever it takes a value, and nothing else can be done with them. So the query can't depend on what
 * they are, nor hold a list of them; and SQLite plans a query anew each time for a parameter that is a LIMIT, or that a
 * column is equal to in a query with an ORDER BY. Throws `ROOKERY_REPO_PREPARED` when it is run, if it does.
 *
 * ```ts
 * const takeStock = prepared((db: Kysely<Database>, { id, quantity }: { id: number; quantity: number }) =>
 *   db.updateTable("products").set((row) => ({ stock: row("stock", "-", quantity) })).where("id", "=", id).returningAll(),
 * );
 * const [product] = await takeStock(db, { id: 3, quantity: 1 });
 * ```
 */
export function prepared<DB, Params extends object, Row>(
  build: (db: Kysely<DB>, params: Params) => PreparableQuery<Row>,
): PreparedQuery<DB, Params, Row> {
  const template = new QueryTemplate<Row>((db, params) => build(db as Kysely<DB>, params as Params));
  return async (db, params) => {
    const query = template.with(db, params as Record<string, unknown>);
    const { rows } = await db.getExecutor().executeQuery(query);
    return rows;
  };
}

/** Stands for a value to come. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  toString(): never {
    throw repoError("ROOKERY_REPO_PREPARED", [this.name]);
  }
}

/** Of every name. */
export const placeholders = new Proxy(
  {},
  { get: (_target, name) => new Placeholder(String(name)) },
) as Readonly<Record<string, unknown>>;

/** Stands for a value to come that has a number instead of a name, so that no name of a user's can be the same. */
export class NumberedPlaceholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

interface Compiled<Row> {
  readonly query: CompiledQuery<Row>;
  /** Where values are to come, and which: by their name, or by their number. */
  readonly gaps: readonly { readonly at: number; readonly name: string | number }[];
}

const NO_VALUES: readonly unknown[] = [];

/** A query as text with gaps. It is compiled once for each kind of database that it is run on. */
export class QueryTemplate<Row> {
  readonly #build: (db: Kysely<unknown>, params: object) => PreparableQuery<Row>;
  readonly #compiled = new WeakMap<object, Compiled<Row>>();

  constructor(build: (db: Kysely<unknown>, params: object) => PreparableQuery<Row>) {
    this.#build = build;
  }

  /** `values` are those of the placeholders with numbers. */
  with(
    db: QueryExecutorProvider,
    params: Readonly<Record<string, unknown>>,
    values: readonly unknown[] = NO_VALUES,
  ): CompiledQuery<Row> {
    const { query, gaps } = this.#for(db);
    const parameters = query.parameters.slice();
    for (const { at, name } of gaps) parameters[at] = typeof name === "number" ? values[name] : params[name];
    return { query: query.query, queryId: query.queryId, sql: query.sql, parameters };
  }

  #for(db: QueryExecutorProvider): Compiled<Row> {
    const { adapter, plugins } = db.getExecutor();
    // What plugins make of a query is theirs to say, each time.
    const known = plugins.length === 0 ? this.#compiled.get(adapter) : undefined;
    if (known !== undefined) return known;
    const query = this.#build(db as Kysely<unknown>, placeholders).compile();
    const gaps: { at: number; name: string | number }[] = [];
    for (const [at, value] of query.parameters.entries()) {
      if (value instanceof Placeholder) gaps.push({ at, name: value.name });
      if (value instanceof NumberedPlaceholder) gaps.push({ at, name: value.index });
    }
    const compiled = { query, gaps };
    if (plugins.length === 0) this.#compiled.set(adapter, compiled);
    return compiled;
  }
}
