import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import fc from "fast-check";
import { describe, test } from "vitest";
import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import { columnTypes } from "../../../api/repo/column-types.ts";
import { base64url, RUN_MAX } from "../../../api/repo/cursor.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import {
  type Page,
  page,
  type PageOptions,
  type PageParams,
  type PageResult,
  type PreparedPage,
  preparedPage,
} from "../../../api/repo/page.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { databases, type TestedDatabase } from "./databases.ts";
import { TemporaryRepo } from "./temporary-repo.ts";

interface Row {
  id: number;
  at: string;
  score: number;
}

type List = { rows: Row; notes: { id: number; row_id: number } };

const newestFirst: PageOptions<Row> = {
  orderBy: [
    { column: "at", type: "string", direction: "desc" },
    { column: "id", type: "number", direction: "desc" },
  ],
};

const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "create rows and notes",
    async up(db) {
      const { id, integer, real } = columnTypes(db);
      await db.schema
        .createTable("rows")
        .addColumn("id", ...id)
        .addColumn("at", "text", (column) => column.notNull())
        .addColumn("score", real, (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("notes")
        .addColumn("id", ...id)
        .addColumn("row_id", integer, (column) => column.notNull())
        .execute();
    },
  },
];

/** A table in a database of its own. */
class Table {
  readonly #temporary: TemporaryRepo;
  readonly repo: Repo<List>;
  readonly #prepared = new Map<PageOptions<Row>, PreparedPage<List, object, Row>>();

  private constructor(temporary: TemporaryRepo) {
    this.#temporary = temporary;
    this.repo = temporary.repo as unknown as Repo<List>;
  }

  static async of(start: TestedDatabase["start"], rows: readonly Row[] = []): Promise<Table> {
    const table = new Table(await start({ migrations }));
    await table.insert(rows);
    return table;
  }

  get db(): Kysely<List> {
    return this.repo.db;
  }

  async insert(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    await this.repo.transaction((db) =>
      db
        .insertInto("rows")
        .values([...rows])
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async index(): Promise<void> {
    await this.repo.transaction((db) =>
      db.schema.createIndex("rows_at_id").on("rows").columns(["at", "id"]).execute(),
    );
  }

  /** The queries that `run` makes. */
  async queries(run: () => Promise<unknown>): Promise<string[]> {
    const queries: string[] = [];
    const note = (message: unknown): void => {
      queries.push((message as { metadata: { sql: string } }).metadata.sql);
    };
    subscribe("rookery.repo.query", note);
    await run();
    unsubscribe("rookery.repo.query", note);
    return queries;
  }

  /** How SQLite goes about the queries that `run` makes. */
  async plans(run: () => Promise<unknown>): Promise<string[]> {
    const plans: string[] = [];
    for (const query of await this.queries(run)) {
      const explained = sql<{
        detail: string;
      }>`${sql.raw(`EXPLAIN QUERY PLAN ${query.replaceAll("?", "NULL")}`)}`;
      const { rows } = await explained.execute(this.db);
      plans.push(rows.map(({ detail }) => detail).join(", "));
    }
    return plans;
  }

  async empty(): Promise<void> {
    await this.repo.transaction((db) => db.deleteFrom("rows").execute());
  }

  async delete(deleted: readonly number[]): Promise<void> {
    if (deleted.length === 0) return;
    await this.repo.transaction((db) => db.deleteFrom("rows").where("id", "in", deleted).execute());
  }

  prepared(options: PageOptions<Row>): PreparedPage<List, object, Row> {
    let read = this.#prepared.get(options);
    if (read === undefined) {
      read = preparedPage((db: Kysely<List>) => db.selectFrom("rows").selectAll(), options);
      this.#prepared.set(options, read);
    }
    return read;
  }

  /** By `page`, and by `preparedPage`, which must say the same, whatever the cursor says of its run. */
  async page(params: PageParams, options: PageOptions<Row> = newestFirst): Promise<PageResult<Row>> {
    const result = await page(this.db.selectFrom("rows").selectAll(), params, options);
    const read = this.prepared(options);
    assert.deepEqual(await read(this.db, {}, params), result);
    if (!result.ok) return result;
    for (const run of [undefined, 1, 2, 3, RUN_MAX]) {
      const other = { ...params };
      for (const field of ["after", "before"] as const)
        if (isCursor(params[field])) other[field] = ofRun(params[field], run);
      if (params.after === other.after && params.before === other.before) continue;
      assert.deepEqual(await read(this.db, {}, other), result);
      assert.deepEqual(await page(this.db.selectFrom("rows").selectAll(), other, options), result);
    }
    return result;
  }

  /** The page, which must be one. */
  async read(params: PageParams, options?: PageOptions<Row>): Promise<Page<Row>> {
    const result = await this.page(params, options);
    assert.ok(result.ok);
    return result.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temporary[Symbol.asyncDispose]();
  }
}

function isCursor(value: unknown): value is string {
  return typeof value === "string" && base64url.decode(value)?.startsWith("[") === true;
}

/** The parts of a cursor: its version, its list, its values and perhaps its run. */
function partsOf(cursor: unknown): unknown[] {
  return JSON.parse(base64url.decode(String(cursor))!) as unknown[];
}

/** The cursor of the same place that says another run, or none. */
function ofRun(cursor: string, run: number | undefined): string {
  const parts = partsOf(cursor);
  const columns = String(parts[1]).split(",").length;
  const of = run === undefined ? [] : [run];
  return base64url.encode(JSON.stringify([...parts.slice(0, columns + 2), ...of]));
}

const numbered = (length: number): Row[] =>
  Array.from({ length }, (_, index) => ({ id: index + 1, at: `day ${index % 3}`, score: index }));
const ids = (rows: readonly Row[]): number[] => rows.map((row) => row.id);

describe.each(databases)("page, $name", ({ name, start }) => {
  test("answers the rows in their order, and where the next page begins", async () => {
    await using table = await Table.of(start, numbered(5));
    const first = await table.read({ limit: 2 });
    assert.deepEqual(ids(first.data), [3, 5]);
    const second = await table.read({ limit: "2", after: first.meta.next });
    assert.deepEqual(ids(second.data), [2, 4]);
    const last = await table.read({ limit: 2, after: second.meta.next });
    assert.deepEqual(ids(last.data), [1]);
    assert.equal(last.meta.next, null);
  });

  test("promises no further page where there is none", async () => {
    await using table = await Table.of(start, numbered(4));
    const first = await table.read({ limit: 2 });
    const second = await table.read({ limit: 2, after: first.meta.next });
    assert.equal(second.data.length, 2);
    assert.equal(second.meta.next, null);
    await using empty = await Table.of(start);
    assert.deepEqual(await empty.read({}), { data: [], meta: { next: null } });
  });

  test("has 50 rows unless told otherwise, and 100 at most", async () => {
    await using table = await Table.of(start, numbered(120));
    assert.equal((await table.read({})).data.length, 50);
    assert.equal((await table.read({ limit: 100 })).data.length, 100);
  });

  for (const limit of [
    -1,
    0,
    101,
    1.5,
    Number.NaN,
    "x",
    "",
    "0",
    "-1",
    "101",
    "1e1",
    " 5",
    "5.0",
    null,
    [5],
    ["5", "6"],
    true,
  ]) {
    test(`refuses a limit of ${JSON.stringify(limit)}`, async () => {
      await using table = await Table.of(start, numbered(1));
      const result = await table.page({ limit });
      assert.ok(!result.ok);
      assert.equal(result.error.valid, false);
      assert.deepEqual(traverseErrors(result.error), { limit: ["must be a whole number from 1 to 100"] });
    });
  }

  test("refuses what is no cursor of this list, and says all that is wrong at once", async () => {
    await using table = await Table.of(start, numbered(3));
    const cursor = (await table.read({ limit: 1 })).meta.next as string;
    const byId: PageOptions<Row> = { orderBy: [{ column: "id", type: "number" }] };
    for (const [after, options] of [
      ["", newestFirst],
      ["x", newestFirst],
      [`${cursor}A`, newestFirst],
      [null, newestFirst],
      [[cursor], newestFirst],
      [cursor, byId],
    ] as const) {
      const result = await table.page({ after }, options);
      assert.ok(!result.ok);
      assert.deepEqual(traverseErrors(result.error), { after: ["is not a cursor of this list"] });
    }
    const both = await table.page({ after: "x", limit: 0 });
    assert.ok(!both.ok);
    assert.deepEqual(Object.keys(traverseErrors(both.error)).toSorted(), ["after", "limit"]);
  });

  test("refuses the cursor that a client made of what the column can't hold", async () => {
    await using table = await Table.of(start, numbered(3));
    for (const value of [1.5, 1e300, -1e300]) {
      const result = await table.page(
        { after: base64url.encode(JSON.stringify([1, "id:asc", value])) },
        { orderBy: [{ column: "id", type: "number" }] },
      );
      // SQLite compares numbers of any kind.
      assert.equal(result.ok, name === "SQLite");
      if (!result.ok)
        assert.deepEqual(traverseErrors(result.error), { after: ["is not a cursor of this list"] });
    }
    const after = base64url.encode(JSON.stringify([1, "at:desc,id:desc", "day\u00001", 1]));
    const result = await table.page({ after });
    assert.equal(result.ok, name === "SQLite");
  });

  test("has no row twice that moves while the page is read", async () => {
    await using table = await Table.of(start, numbered(6));
    const options: PageOptions<Row> = {
      orderBy: [
        { column: "score", type: "number" },
        { column: "id", type: "number" },
      ],
    };
    await table.repo.updateAll("rows", { score: 1 });
    const first = await table.read({ limit: 2 }, options);
    let reads = 0;
    // What is behind the cursor and equal to it has been read by then, what is greater has not.
    const moving = table.db.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if ((reads += 1) === 1) await table.repo.updateAll("rows", { score: 2 }, (row) => row("id", "=", 4));
        return result;
      },
    });
    const after = ofRun(first.meta.next!, undefined);
    const result = await page(moving.selectFrom("rows").selectAll(), { limit: 5, after }, options);
    assert.ok(result.ok);
    assert.deepEqual(ids(result.value.data), [3, 4, 5, 6]);
  });

  test("refuses the cursor that a client made of what is no point in time", async () => {
    const table: Migration = {
      version: 1,
      name: "create events",
      async up(db) {
        const { id, timestamp } = columnTypes(db);
        await db.schema
          .createTable("events")
          .addColumn("id", ...id)
          .addColumn("at", timestamp, (column) => column.notNull())
          .execute();
      },
    };
    await using temporary = await start({ migrations: [table] });
    const db = temporary.repo.db as unknown as Kysely<{ events: { id: number; at: string } }>;
    for (const at of ["soon", "2026-13-01", "2026-01-01T00:00:00+99", "2026-01-01 00:00:00 Nowhere/Land"]) {
      const after = base64url.encode(JSON.stringify([1, "at:asc,id:asc", at, 1]));
      const result = await page(
        db.selectFrom("events").selectAll(),
        { after },
        {
          orderBy: [
            { column: "at", type: "string" },
            { column: "id", type: "number" },
          ],
        },
      );
      // To SQLite it is a text as any other.
      assert.equal(result.ok, name === "SQLite", at);
    }
  });

  test("may be prepared with parameters of its own", async () => {
    await using table = await Table.of(start, numbered(9));
    const below = preparedPage(
      (db: Kysely<List>, { score }: { score: number }) =>
        db.selectFrom("rows").selectAll().where("score", "<", score),
      { orderBy: [{ column: "id", type: "number" }] },
    );
    for (const [score, pages] of [
      [5, [[1, 2], [3, 4], [5]]],
      [3, [[1, 2], [3]]],
    ] as const) {
      let after: string | null | undefined;
      for (const expected of pages) {
        const result = await below(table.db, { score }, { limit: 2, after: after ?? undefined });
        assert.ok(result.ok);
        assert.deepEqual(ids(result.value.data), expected);
        after = result.value.meta.next;
      }
      assert.equal(after, null);
    }
  });

  test("takes no value of a cursor for SQL", async () => {
    await using table = await Table.of(start, numbered(3));
    const at = "'; DROP TABLE rows; --";
    await table.insert([{ id: 9, at, score: 0 }]);
    const options: PageOptions<Row> = {
      orderBy: [
        { column: "at", type: "string" },
        { column: "id", type: "number" },
      ],
    };
    const first = await table.read({ limit: 1 }, options);
    assert.equal(first.data[0]?.at, at);
    assert.equal((await table.read({ after: first.meta.next }, options)).data.length, 3);
  });

  test("needs an order that ends with the id", async () => {
    await using table = await Table.of(start);
    await assert.rejects(table.page({}, { orderBy: [{ column: "at", type: "string" }] }), {
      code: "ROOKERY_PAGE_ORDER",
    });
    await assert.rejects(table.page({}, { orderBy: [] }), { code: "ROOKERY_PAGE_ORDER" });
  });

  test("keeps the query's own conditions and joins", async () => {
    await using table = await Table.of(start, numbered(9));
    const query = table.db
      .selectFrom("rows")
      .innerJoin("notes", "notes.row_id", "rows.id")
      .select(["rows.id", "rows.at"])
      .where("rows.at", "=", "day 1");
    const notes = [1, 2, 5, 8].map((row_id) => ({ id: 100 - row_id, row_id }));
    await table.repo.transaction((db) => db.insertInto("notes").values(notes).execute());
    const options = { orderBy: [{ column: "rows.id", type: "number" }] } as const;
    const first = await page(query, { limit: 2 }, options);
    assert.ok(first.ok);
    const second = await page(query, { limit: 2, after: first.value.meta.next }, options);
    assert.ok(second.ok);
    assert.deepEqual(
      [...first.value.data, ...second.value.data].map((row) => row.id),
      [2, 5, 8],
    );
  });

  describe("walks the same way with and without being prepared", () => {
    type Listed = { id: number; at: string };
    const withNotes = (db: Kysely<List>) =>
      db.selectFrom("rows").innerJoin("notes", "notes.row_id", "rows.id");
    const queries: Record<string, (db: Kysely<List>) => SelectQueryBuilder<List, "rows", Listed>> = {
      "of two tables with columns of one name": (db) =>
        withNotes(db).select(["rows.id", "rows.at", "notes.id as note_id"]),
      "of all columns of two tables": (db) =>
        db.selectFrom("notes").innerJoin("rows", "rows.id", "notes.row_id").selectAll() as never,
      "of all columns of one of two tables": (db) => withNotes(db).selectAll("rows"),
      "of columns that are selected as expressions": (db) =>
        db
          .selectFrom("rows")
          .select([sql<number>`rows.id + 0`.as("id"), sql<string>`coalesce(rows.at, '')`.as("at")]),
      "without what is there more than once": (db) => withNotes(db).select(["rows.id", "rows.at"]).distinct(),
      "of groups": (db) =>
        withNotes(db)
          .select(["rows.id", "rows.at"])
          .groupBy(["rows.id", "rows.at"])
          .having((row) => row.fn.countAll(), ">", 0),
      "with a query that has a name": (db) =>
        db
          .with("low", (low) => low.selectFrom("rows").selectAll().where("score", "<", 7))
          .selectFrom("low as rows")
          .selectAll() as never,
      "with a limit of its own, which counts for nothing": (db) =>
        db.selectFrom("rows").selectAll().limit(1).orderBy("score"),
      "with a choice among conditions": (db) =>
        db
          .selectFrom("rows")
          .selectAll()
          .where((row) => row.or([row("rows.score", "<", 3), row("rows.at", "=", "day 2")])),
    };
    test.each(Object.entries(queries))("a list %s", async (_name, query) => {
      await using table = await Table.of(start, numbered(9));
      const notes = [1, 2, 3, 5, 6, 8, 9].map((row_id) => ({ id: 100 - row_id, row_id }));
      await table.repo.transaction((db) => db.insertInto("notes").values(notes).execute());
      for (const direction of ["asc", "desc"] as const) {
        const orderBy: PageOptions<Listed>["orderBy"] = [
          { column: "rows.at", type: "string", direction },
          { column: "rows.id", type: "number", direction: "desc" },
        ];
        const expected = await query(table.db)
          .clearLimit()
          .clearOrderBy()
          .orderBy("rows.at", direction)
          .orderBy("rows.id", "desc")
          .execute();
        const read = preparedPage(query, { orderBy });
        for (const walk of [
          (params: PageParams) => read(table.db, {}, params),
          (params: PageParams) => page(query(table.db), params, { orderBy }),
        ]) {
          const met: Listed[] = [];
          let after: string | null | undefined;
          while (after !== null) {
            const result = await walk({ limit: 2, ...(after === undefined ? {} : { after }) });
            assert.ok(result.ok);
            met.push(...result.value.data);
            after = result.value.meta.next;
          }
          assert.deepEqual(met, expected);
        }
      }
    });
  });

  test(
    "meets every row that was there exactly once, whatever is inserted during the walk",
    { timeout: 240_000 },
    async () => {
      const rowOf = (id: number): fc.Arbitrary<Row> =>
        fc.record({
          id: fc.constant(id),
          at: fc.constantFrom("a", "b", "ä", "B"),
          score: fc.constantFrom(-1.5, 0, 2),
        });
      const rows = (from: number): fc.Arbitrary<Row[]> =>
        fc
          .nat({ max: 12 })
          .chain((length) =>
            fc.tuple(...Array.from({ length }, (_, index) => rowOf(from + index * 2))),
          ) as fc.Arbitrary<Row[]>;
      const direction = fc.constantFrom("asc" as const, "desc" as const);
      const orders = fc.record({ at: direction, score: direction, id: direction, isShort: fc.boolean() });
      await using table = await Table.of(start);
      await fc.assert(
        fc.asyncProperty(
          rows(2),
          rows(1),
          orders,
          fc.integer({ min: 1, max: 4 }),
          async (there, later, order, limit) => {
            await table.empty();
            await table.insert(there);
            const all: PageOptions<Row>["orderBy"] = [
              { column: "at", type: "string", direction: order.at },
              { column: "score", type: "number", direction: order.score },
              { column: "id", type: "number", direction: order.id },
            ];
            const options = { orderBy: order.isShort ? all.slice(2) : all };
            const met: Row[] = [];
            let after: string | null | undefined;
            while (after !== null) {
              const { data, meta } = await table.read(
                { limit, ...(after === undefined ? {} : { after }) },
                options,
              );
              met.push(...data);
              after = meta.next;
              await table.insert(later.splice(0, 2));
            }
            assert.equal(new Set(ids(met)).size, met.length);
            for (const row of there) assert.ok(ids(met).includes(row.id));
            const sorted = await table.read({ limit: 100 }, options);
            assert.deepEqual(
              ids(met),
              ids(sorted.data).filter((id) => ids(met).includes(id)),
            );
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});

describe.each(databases)("page both ways, $name", ({ name, start }) => {
  const bothWays: PageOptions<Row> = { ...newestFirst, bothWays: true };

  test("leads back to the page before, in the same order", async () => {
    await using table = await Table.of(start, numbered(5));
    const first = await table.read({ limit: 2 }, bothWays);
    assert.deepEqual([ids(first.data), first.meta.previous], [[3, 5], null]);
    const second = await table.read({ limit: 2, after: first.meta.next }, bothWays);
    const last = await table.read({ limit: 2, after: second.meta.next }, bothWays);
    assert.deepEqual([ids(last.data), last.meta.next], [[1], null]);
    const secondAgain = await table.read({ limit: 2, before: last.meta.previous }, bothWays);
    assert.deepEqual(secondAgain, second);
    const firstAgain = await table.read({ limit: 2, before: second.meta.previous }, bothWays);
    assert.deepEqual(firstAgain, first);
  });

  test("refuses a cursor that is none, and two at a time", async () => {
    await using table = await Table.of(start, numbered(5));
    const { meta } = await table.read({ limit: 2 }, bothWays);
    for (const params of [{ before: "nonsense" }, { before: 7 }, { before: meta.next, after: meta.next }]) {
      const result = await table.page(params, bothWays);
      assert.ok(!result.ok);
      assert.deepEqual(Object.keys(traverseErrors(result.error)), ["before"]);
    }
    const { data } = await table.read({ before: "nonsense" });
    assert.equal(data.length, 5, "who goes one way only doesn't look at it");
  });

  test(
    "meets each row once, there and back, whatever is inserted meanwhile",
    { timeout: 240_000 },
    async () => {
      await using table = await Table.of(start);
      const rows = fc.uniqueArray(
        fc.record({
          id: fc.integer({ min: 1, max: 1_000 }),
          at: fc.constantFrom("a", "b", "c"),
          score: fc.constant(0),
        }),
        { selector: ({ id }) => id, maxLength: 30 },
      );
      await fc.assert(
        fc.asyncProperty(rows, rows, fc.integer({ min: 1, max: 7 }), async (there, added, limit) => {
          await table.empty();
          await table.insert(there);
          const later = added.filter(({ id }) => !there.some((row) => row.id === id));
          const walk = async (first: PageParams, way: "next" | "previous"): Promise<number[]> => {
            const met: number[] = [];
            let params: PageParams | undefined = { ...first, limit };
            while (params !== undefined) {
              const { data, meta } = await table.read(params, bothWays);
              if (way === "next") met.push(...ids(data));
              else met.unshift(...ids(data));
              await table.insert(later.splice(0, 1));
              const cursor: string | null | undefined = meta[way];
              params =
                typeof cursor === "string"
                  ? { limit, [way === "next" ? "after" : "before"]: cursor }
                  : undefined;
            }
            return met;
          };
          const forward = await walk({}, "next");
          assert.equal(new Set(forward).size, forward.length);
          for (const { id } of there) assert.ok(forward.includes(id));
          // To the end, and from there back.
          let { meta } = await table.read({ limit }, bothWays);
          while (meta.next !== null) ({ meta } = await table.read({ limit, after: meta.next }, bothWays));
          const backward =
            typeof meta.previous === "string" ? await walk({ before: meta.previous }, "previous") : [];
          assert.equal(new Set(backward).size, backward.length);
          const { data } = await table.read({ limit: 100 }, bothWays);
          const order = ids(data);
          assert.deepEqual(
            backward,
            order.filter((id) => backward.includes(id)),
          );
        }),
        { numRuns: name === "SQLite" ? 60 : 15 },
      );
    },
  );
});

describe.each(databases)("page among rows that come and go, $name", ({ start }) => {
  interface Step {
    readonly way: "after" | "before";
    readonly inserted: readonly Row[];
    readonly deleted: readonly number[];
  }

  test("is what a sorted list has there, either way, in any order", { timeout: 240_000 }, async () => {
    await using table = await Table.of(start);
    const row: fc.Arbitrary<Row> = fc.record(
      {
        id: fc.integer({ min: 1, max: 40 }),
        at: fc.constantFrom("a", "b", "c"),
        score: fc.constantFrom(-1.5, 0),
      },
      { noNullPrototype: true },
    );
    const direction = fc.constantFrom("asc" as const, "desc" as const);
    const steps: fc.Arbitrary<Step[]> = fc.array(
      fc.record({
        way: fc.constantFrom("after" as const, "before" as const),
        inserted: fc.array(row, { maxLength: 2 }),
        deleted: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const orders = fc.record({
      at: direction,
      score: direction,
      id: direction,
      length: fc.constantFrom(1, 2, 3),
    });
    const limits = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        orders,
        limits,
        steps,
        async (there, order, limit, walk) => {
          await table.empty();
          const model = new Map<number, Row>();
          const insert = async (rows: readonly Row[]): Promise<void> => {
            const fresh = [...new Map(rows.map((one) => [one.id, one])).values()].filter(
              ({ id }) => !model.has(id),
            );
            await table.insert(fresh);
            for (const one of fresh) model.set(one.id, one);
          };
          await insert(there);
          const all = [
            { column: "at", type: "string", direction: order.at },
            { column: "score", type: "number", direction: order.score },
            { column: "id", type: "number", direction: order.id },
          ] as const;
          const options: PageOptions<Row> = { orderBy: all.slice(3 - order.length), bothWays: true };
          const compare = (one: Row, other: Row): number => {
            for (const { column, direction: way } of options.orderBy as typeof all) {
              if (one[column] !== other[column])
                return one[column] < other[column] === (way === "asc") ? -1 : 1;
            }
            return 0;
          };
          const sorted = (): Row[] => [...model.values()].toSorted(compare);
          let current = await table.read({ limit }, options);
          assert.deepEqual(current.data, sorted().slice(0, limit));
          for (const { way, inserted, deleted } of walk) {
            await insert(inserted);
            await table.delete(deleted);
            for (const id of deleted) model.delete(id);
            const cursor = way === "after" ? current.meta.next : current.meta.previous;
            if (typeof cursor !== "string") continue;
            const from = way === "after" ? current.data.at(-1)! : current.data[0]!;
            current = await table.read({ limit, [way]: cursor }, options);
            const expected =
              way === "after"
                ? sorted()
                    .filter((one) => compare(one, from) > 0)
                    .slice(0, limit)
                : sorted()
                    .filter((one) => compare(one, from) < 0)
                    .slice(-limit);
            assert.deepEqual(current.data, expected);
            if (current.data.length === 0) return;
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a cursor", () => {
  const byDay: PageOptions<Row> = {
    orderBy: [
      { column: "at", type: "string" },
      { column: "id", type: "number" },
    ],
    bothWays: true,
  };
  const runOf = (cursor: unknown): unknown => partsOf(cursor)[4];

  test("counts the rows of its run where the page shows where that begins", async () => {
    // Of day 0 are 1, 4, 7, 10, of day 1 are 2, 5, 8, of day 2 are 3, 6, 9.
    await using table = await Table.of((options) => TemporaryRepo.start(options), numbered(10));
    const first = await table.read({ limit: 2 }, byDay);
    assert.equal(runOf(first.meta.next), 2);
    // There may be more rows of the same day in front of the page, and behind it.
    const second = await table.read({ limit: 2, after: first.meta.next }, byDay);
    assert.deepEqual(ids(second.data), [7, 10]);
    assert.deepEqual([runOf(second.meta.next), runOf(second.meta.previous)], [undefined, undefined]);
    const third = await table.read({ limit: 4, after: second.meta.next }, byDay);
    assert.deepEqual(ids(third.data), [2, 5, 8, 3]);
    assert.deepEqual([runOf(third.meta.next), runOf(third.meta.previous)], [1, 3]);
    const last = await table.read({ limit: 4, after: third.meta.next }, byDay);
    assert.deepEqual([ids(last.data), runOf(last.meta.previous)], [[6, 9], 2]);
    const byId: PageOptions<Row> = { orderBy: [{ column: "id", type: "number" }] };
    assert.equal(partsOf((await table.read({ limit: 2 }, byId)).meta.next).length, 3);
  });

  test("takes one query, and where its row is gone another one", async () => {
    await using table = await Table.of((options) => TemporaryRepo.start(options), numbered(10));
    const { meta } = await table.read({ limit: 4 }, byDay);
    const read = table.prepared(byDay);
    const next = (): Promise<string[]> =>
      table.queries(() => read(table.db, {}, { limit: 4, after: meta.next }));
    assert.equal((await next()).length, 1);
    await table.delete([1]);
    assert.equal((await next()).length, 2);
  });
});

describe("page 10,000", () => {
  // There are 33 rows of a day: their stretch of the index is looked up and, where that leaves room, the stretch behind it.
  const ofTheDay = /\(at=\? AND id[<>]\?\)$/;
  const behindIt = /\(at[<>]\?\)$/;
  const options = { ...newestFirst, bothWays: true };

  test("is found by the index, without a look at the pages before", async () => {
    await using table = await Table.of((settings) => TemporaryRepo.start(settings), numbered(100));
    await table.index();
    const query = table.db.selectFrom("rows").selectAll();
    for (const [way, limit, looks] of [
      ["after", 10, [ofTheDay]],
      ["after", 30, [ofTheDay, behindIt]],
      ["before", 10, [ofTheDay, behindIt]],
    ] as const) {
      const { meta } = await table.read({ limit }, options);
      const params = { limit, [way]: ofRun(meta.next!, undefined) };
      const plans = await table.plans(() => page(query, params, options));
      assert.equal(plans.length, looks.length);
      for (const [index, plan] of plans.entries()) {
        assert.match(plan, /^SEARCH rows USING (COVERING )?INDEX rows_at_id /);
        assert.match(plan, looks[index]!);
      }
      // Both stretches at once, in whichever order: neither is read further than the page goes.
      const [prepared, ...more] = await table.plans(() => table.prepared(options)(table.db, {}, params));
      assert.equal(more.length, 0);
      assertMerged(prepared!);
    }
  });

  test("is read from the cursor's row on where its place in its run is known", async () => {
    await using table = await Table.of((settings) => TemporaryRepo.start(settings), numbered(100));
    await table.index();
    const query = table.db.selectFrom("rows").selectAll();
    for (const orderBy of [
      newestFirst.orderBy,
      newestFirst.orderBy.map((by) => ({ ...by, direction: "asc" as const })),
    ]) {
      const list = { orderBy, bothWays: true } as PageOptions<Row>;
      const { meta } = await table.read({ limit: 40 }, list);
      const second = await table.read({ limit: 40, after: meta.next }, list);
      for (const params of [
        { limit: 40, after: meta.next },
        { limit: 40, before: second.meta.previous },
      ]) {
        for (const read of [
          () => page(query, params, list),
          () => table.prepared(list)(table.db, {}, params),
        ])
          for (const plan of await table.plans(read))
            assert.match(plan, /^SEARCH rows USING (COVERING )?INDEX rows_at_id \(at[<>]\?\)$/);
      }
    }
  });

  test("costs no walk through those of its moment, however many these are", async () => {
    const rows = Array.from({ length: 350 }, (_, index) => ({ id: index + 1, at: "day 0", score: 0 }));
    await using table = await Table.of((settings) => TemporaryRepo.start(settings), rows);
    await table.index();
    const read = table.prepared(options);
    let after: string | null | undefined;
    let pages = 0;
    for (; after !== null; pages += 1) {
      const params = { limit: 50, ...(after === undefined ? {} : { after }) };
      const [plan, ...more] = await table.plans(async () => {
        const result = await read(table.db, {}, params);
        assert.ok(result.ok);
        after = result.value.meta.next;
      });
      assert.equal(more.length, 0);
      if (pages > 1) assertMerged(plan!);
      else assert.match(plan!, /^(SCAN|SEARCH) rows USING (COVERING )?INDEX rows_at_id( \(at[<>]\?\))?$/);
    }
    assert.equal(pages, 7);
  });

  test("has the same plan for each cursor, also once the tables were analyzed", async () => {
    await using table = await Table.of((settings) => TemporaryRepo.start(settings), numbered(100));
    await table.index();
    const { meta } = await table.read({ limit: 10 }, options);
    const read = table.prepared(options);
    for (const after of [meta.next!, ofRun(meta.next!, undefined)]) {
      const [query] = await table.queries(() => read(table.db, {}, { limit: 10, after }));
      // Of a bare parameter SQLite makes its plan anew for each value.
      assert.match(query!, / \+\?/);
      assert.doesNotMatch(query!, /[^+]\?/);
    }
  });

  function assertMerged(plan: string): void {
    const [, ...sides] = /^MERGE \(UNION ALL\), LEFT, (SEARCH [^,]+), RIGHT, (SEARCH [^,]+)$/.exec(plan)!;
    for (const look of [ofTheDay, behindIt])
      assert.ok(
        sides.some((side) => look.test(side)),
        plan,
      );
  }
});
