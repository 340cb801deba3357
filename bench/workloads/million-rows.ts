import { type Kysely, sql } from "kysely";
import { type Runtime, Supervisor } from "rookery";
import { page, type PageResult, preparedPage, Repo } from "rookery/api";
import { databasePath } from "./orders-database.ts";

const ROWS = 1_000_000;
/** All rows are of one moment. */
export const ALL: number = ROWS + 1;
const PAGE_ROWS = 50;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly inserted_at: number;
}

/** Reads the same page again and again. */
export interface OnePage {
  read(): Promise<PageResult<Row>>;
  readonly firstId: number;
  stop(): Promise<void>;
}

/** A million rows by time, of which so many are of one moment, and the page with this number, from 1. */
export async function onePage(runtime: Runtime, number: number, rowsOfAMoment = 3): Promise<OnePage> {
  const up = async (db: Kysely<unknown>): Promise<void> => {
    await sql`CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT NOT NULL, inserted_at INTEGER NOT NULL)`.execute(
      db,
    );
    await sql`INSERT INTO rows WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i, 'row ' || i, i / ${rowsOfAMoment} FROM n`.execute(
      db,
    );
    await sql`CREATE INDEX rows_in_time ON rows (inserted_at, id)`.execute(db);
  };
  const repo = new Repo<{ readonly rows: Row }>({
    path: databasePath(),
    migrations: [{ version: 1, name: "a million rows", up }],
  });
  const tree = await Supervisor.start(runtime, { strategy: "one_for_one", children: [repo.childSpec()] });
  const orderBy = [
    { column: "inserted_at", type: "number" },
    { column: "id", type: "number" },
  ] as const;
  // The cursor of a page far away, without the way there: that of the page which ends before it.
  const lastId = (number - 1) * PAGE_ROWS;
  const before = repo.db.selectFrom("rows").selectAll().where("id", ">=", lastId);
  const first = lastId === 0 ? undefined : await page(before, { limit: 1 }, { orderBy });
  const after = first?.ok === true ? { after: first.value.meta.next } : {};
  const rowsPage = preparedPage((db: Kysely<{ readonly rows: Row }>) => db.selectFrom("rows").selectAll(), {
    orderBy,
  });
  return {
    read: () => rowsPage(repo.db, {}, { limit: PAGE_ROWS, ...after }),
    firstId: lastId + 1,
    stop: () => runtime.stop(tree),
  };
}
