import { type Kysely, sql } from "kysely";
import { type Runtime, Supervisor } from "rookery";
import { page, preparedPage, Repo } from "rookery/api";
import { databasePath } from "./orders-database.ts";
import { rate } from "./rate.ts";

const ROWS = 1_000_000;
/** All rows are of one moment. */
export const ALL: number = ROWS + 1;
const PAGE_ROWS = 50;
const PAGES = 5_000;

interface Database {
  readonly rows: { readonly id: number; readonly name: string; readonly inserted_at: number };
}

/** Pages a second of a million rows, the same one again and again: the page with this number, from 1. So many rows are of one moment. */
export async function pages(runtime: Runtime, number: number, rowsOfAMoment = 3): Promise<number> {
  const up = async (db: Kysely<unknown>): Promise<void> => {
    await sql`CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT NOT NULL, inserted_at INTEGER NOT NULL)`.execute(
      db,
    );
    await sql`INSERT INTO rows WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i, 'row ' || i, i / ${rowsOfAMoment} FROM n`.execute(
      db,
    );
    await sql`CREATE INDEX rows_in_time ON rows (inserted_at, id)`.execute(db);
  };
  const repo = new Repo<Database>({
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
  const rowsPage = preparedPage((db: Kysely<Database>) => db.selectFrom("rows").selectAll(), { orderBy });
  const figure = await rate(PAGES, async () => {
    for (let count = 0; count < PAGES; count += 1) {
      const result = await rowsPage(repo.db, {}, { limit: PAGE_ROWS, ...after });
      if (!result.ok || result.value.data[0]!.id !== lastId + 1)
        throw new Error("not the page that it should be");
    }
  });
  await runtime.stop(tree);
  return figure;
}
