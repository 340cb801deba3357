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

interface Compiled<Row> {
  readonly query: CompiledQuery<Row>;
  /** What to put where: the name of a parameter, or the value that is always the same. */
  readonly slots: readonly unknown[];
}

/** A query as text with gaps. It is compiled once for each kind of database that it is run on. */
export class QueryTemplate<Row> {
  readonly #build: (db: Kysely<unknown>, params: object) => PreparableQuery<Row>;
  readonly #compiled = new WeakMap<object, Compiled<Row>>();

  constructor(build: (db: Kysely<unknown>, params: object) => PreparableQuery<Row>) {
    this.#build = build;
  }

  with(db: QueryExecutorProvider, params: Readonly<Record<string, unknown>>): CompiledQuery<Row> {
    const { query, slots } = this.#for(db);
    const parameters = slots.slice();
    for (let index = 0; index < parameters.length; index += 1) {
      const slot = parameters[index];
      if (slot instanceof Placeholder) parameters[index] = params[slot.name];
    }
    return { query: query.query, queryId: query.queryId, sql: query.sql, parameters };
  }

  #for(db: QueryExecutorProvider): Compiled<Row> {
    const { adapter, plugins } = db.getExecutor();
    // What plugins make of a query is theirs to say, each time.
    const known = plugins.length === 0 ? this.#compiled.get(adapter) : undefined;
    if (known !== undefined) return known;
    const query = this.#build(db as Kysely<unknown>, placeholders).compile();
    const compiled = { query, slots: query.parameters };
    if (plugins.length === 0) this.#compiled.set(adapter, compiled);
    return compiled;
  }
}
