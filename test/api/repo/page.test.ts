import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { CompiledQuery, type Kysely } from "kysely";
import { traverseErrors } from "../../../api/repo/changeset.ts";
import { KyselyConnection, transactionKysely } from "../../../api/repo/kysely-connection.ts";
import {
  type Page,
  page,
  type PageOptions,
  type PageParams,
  type PageResult,
} from "../../../api/repo/page.ts";
import { openForWriting } from "../../../api/repo/sqlite.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

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

/** A table in a file of its own. */
class Table {
  readonly #folder = new TemporaryFolder();
  readonly #sqlite = openForWriting(this.#folder.file("test.db"));
  readonly db: Kysely<List> = transactionKysely<List>(
    new KyselyConnection({ repo: "test", nowMs: () => 0 }, () => this.#sqlite),
  );

  constructor(rows: readonly Row[] = []) {
    this.#sqlite.exec("PRAGMA synchronous = OFF");
    this.#sqlite.query(
      CompiledQuery.raw("CREATE TABLE rows (id INTEGER PRIMARY KEY, at TEXT NOT NULL, score REAL NOT NULL)"),
    );
    this.#sqlite.query(
      CompiledQuery.raw("CREATE TABLE notes (id INTEGER PRIMARY KEY, row_id INTEGER NOT NULL)"),
    );
    for (const row of rows) this.insert(row);
  }

  insert({ id, at, score }: Row): void {
    this.#sqlite.query(CompiledQuery.raw("INSERT OR IGNORE INTO rows VALUES (?, ?, ?)", [id, at, score]));
  }

  page(params: PageParams, options: PageOptions<Row> = newestFirst): Promise<PageResult<Row>> {
    return page(this.db.selectFrom("rows").selectAll(), params, options);
  }

  /** The page, which must be one. */
  async read(params: PageParams, options?: PageOptions<Row>): Promise<Page<Row>> {
    const result = await this.page(params, options);
    assert.ok(result.ok);
    return result.value;
  }

  [Symbol.dispose](): void {
    this.#sqlite.close();
    this.#folder[Symbol.dispose]();
  }
}

const numbered = (length: number): Row[] =>
  Array.from({ length }, (_, index) => ({ id: index + 1, at: `day ${index % 3}`, score: index }));
const ids = (rows: readonly Row[]): number[] => rows.map((row) => row.id);

describe("page", () => {
  test("answers the rows in their order, and where the next page begins", async () => {
    using table = new Table(numbered(5));
    const first = await table.read({ limit: 2 });
    assert.deepEqual(ids(first.data), [3, 5]);
    const second = await table.read({ limit: "2", after: first.meta.next });
    assert.deepEqual(ids(second.data), [2, 4]);
    const last = await table.read({ limit: 2, after: second.meta.next });
    assert.deepEqual(ids(last.data), [1]);
    assert.equal(last.meta.next, null);
  });

  test("promises no further page where there is none", async () => {
    using table = new Table(numbered(4));
    const first = await table.read({ limit: 2 });
    const second = await table.read({ limit: 2, after: first.meta.next });
    assert.equal(second.data.length, 2);
    assert.equal(second.meta.next, null);
    using empty = new Table();
    assert.deepEqual(await empty.read({}), { data: [], meta: { next: null } });
  });

  test("has 50 rows unless told otherwise, and 100 at most", async () => {
    using table = new Table(numbered(120));
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
      using table = new Table(numbered(1));
      const result = await table.page({ limit });
      assert.ok(!result.ok);
      assert.equal(result.error.valid, false);
      assert.deepEqual(traverseErrors(result.error), { limit: ["must be a whole number from 1 to 100"] });
    });
  }

  test("refuses what is no cursor of this list, and says all that is wrong at once", async () => {
    using table = new Table(numbered(3));
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

  test("takes no value of a cursor for SQL", async () => {
    using table = new Table(numbered(3));
    const at = "'; DROP TABLE rows; --";
    table.insert({ id: 9, at, score: 0 });
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
    using table = new Table();
    await assert.rejects(table.page({}, { orderBy: [{ column: "at", type: "string" }] }), {
      code: "ROOKERY_PAGE_ORDER",
    });
    await assert.rejects(table.page({}, { orderBy: [] }), { code: "ROOKERY_PAGE_ORDER" });
  });

  test("keeps the query's own conditions and joins", async () => {
    using table = new Table(numbered(9));
    const query = table.db
      .selectFrom("rows")
      .innerJoin("notes", "notes.row_id", "rows.id")
      .select(["rows.id", "rows.at"])
      .where("rows.at", "=", "day 1");
    await table.db
      .insertInto("notes")
      .values([1, 2, 5, 8].map((row_id) => ({ id: 100 - row_id, row_id })))
      .execute();
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

  test(
    "meets every row that was there exactly once, whatever is inserted during the walk",
    { timeout: 60_000 },
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
      await fc.assert(
        fc.asyncProperty(
          rows(2),
          rows(1),
          orders,
          fc.integer({ min: 1, max: 4 }),
          async (there, later, order, limit) => {
            using table = new Table(there);
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
              for (const row of later.splice(0, 2)) table.insert(row);
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
