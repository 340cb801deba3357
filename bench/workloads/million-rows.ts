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
  const rows = repo.db.selectFrom("rows").selectAll();
  type After = { readonly after?: string | null };
  const afterNext = (result: PageResult<Row>): After => (result.ok ? { after: result.value.meta.next } : {});
  // The cursor of a page far away, without the way there: that of the page before, which begins behind a row that is looked up.
  const lastId = (number - 1) * PAGE_ROWS;
  const behind = async (id: number): Promise<After> =>
    id === 0 ? {} : afterNext(await page(rows.where("id", ">=", id), { limit: 1 }, { orderBy }));
  const pageBehind = async (id: number): Promise<After> =>
    afterNext(await page(rows, { limit: PAGE_ROWS, ...(await behind(id)) }, { orderBy }));
  const after = lastId === 0 ? {} : await pageBehind(lastId - PAGE_ROWS);
  const rowsPage = preparedPage((db: Kysely<{ readonly rows: Row }>) => db.selectFrom("rows").selectAll(), {
    orderBy,
  });
  return {
    read: () => rowsPage(repo.db, {}, { limit: PAGE_ROWS, ...after }),
    firstId: lastId + 1,
    stop: () => runtime.stop(tree),
  };
}
