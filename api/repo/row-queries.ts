import type { CompiledQuery, Kysely, QueryExecutorProvider } from "kysely";
import { QueryTemplate } from "./prepared.ts";

type Row = Readonly<Record<string, unknown>>;
type Db = Kysely<Record<string, Record<string, unknown>>>;

/** So many shapes of queries on one table are kept: which columns a row sets, or by which it is looked for. */
const SHAPES_MAX = 64;

interface Shape {
  readonly columns: readonly string[];
  readonly template: QueryTemplate<Row>;
}

/**
 * One kind of query on the rows of a table, for any table. Most such queries of a program differ in nothing but their
 * values, so that each shape is built and compiled once.
 */
class RowQuery {
  readonly #build: (db: Db, table: string, row: Row) => { compile(): CompiledQuery<Row> };
  readonly #shapes = new Map<string, Shape[]>();

  constructor(build: (db: Db, table: string, row: Row) => { compile(): CompiledQuery<Row> }) {
    this.#build = build;
  }

  on(db: QueryExecutorProvider, table: string, row: Row): CompiledQuery<Row> {
    const columns = Object.keys(row);
    for (const column of columns) {
      if (!isPlain(row[column])) return this.#build(db as Db, table, row).compile();
    }
    return this.#templateOf(table, columns).with(db, row);
  }

  #templateOf(table: string, columns: readonly string[]): QueryTemplate<Row> {
    const known = this.#shapes.get(table);
    const fitting = known?.find((shape) => isSame(shape.columns, columns));
    if (fitting !== undefined) return fitting.template;
    const template = new QueryTemplate<Row>((db, params) => {
      const row = Object.fromEntries(columns.map((column) => [column, (params as Row)[column]]));
      return this.#build(db as unknown as Db, table, row);
    });
    const shapes = known === undefined || known.length >= SHAPES_MAX ? [] : known;
    shapes.push({ columns, template });
    this.#shapes.set(table, shapes);
    return template;
  }
}

/** The row of the query, that is inserted. */
export const insertRow: RowQuery = new RowQuery((db, table, row) => {
  const insert = db.insertInto(table);
  const isBare = Object.values(row).every((value) => value === undefined);
  const query = isBare ? insert.defaultValues() : insert.values(row);
  return query.returningAll();
});

/** By this name `updateRow` is told which row: under its own, the id might be among what is set. */
export const SOUGHT_ID = "where id";

/** Sets the other columns of the row whose id is given as SOUGHT_ID. */
export const updateRow: RowQuery = new RowQuery((db, table, { [SOUGHT_ID]: id, ...changes }) =>
  db.updateTable(table).set(changes).where("id", "=", id).returningAll(),
);

export const deleteRow: RowQuery = new RowQuery((db, table, { id }) =>
  db.deleteFrom(table).where("id", "=", id).returningAll(),
);

export const selectRow: RowQuery = new RowQuery((db, table, { id }) =>
  db.selectFrom(table).selectAll().where("id", "=", id),
);

function isSame(columns: readonly string[], others: readonly string[]): boolean {
  if (columns.length !== others.length) return false;
  for (let index = 0; index < columns.length; index += 1) {
    if (columns[index] !== others[index]) return false;
  }
  return true;
}

/** Whether it is the same query for each such value: not for an expression, nor for what Kysely leaves out. */
function isPlain(value: unknown): boolean {
  if (value === undefined || typeof value === "function") return false;
  return typeof value !== "object" || value === null || !("toOperationNode" in value);
}
