import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { offsetPage, type OffsetPageParams } from "../../../api/repo/offset-page.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import { databases } from "./databases.ts";
import type { TemporaryRepo } from "./temporary-repo.ts";

describe.each(databases)("offsetPage, $name", ({ start }) => {
  const pageOf = ({ repo }: TemporaryRepo, params: OffsetPageParams) =>
    offsetPage(repo.db, repo.db.selectFrom("users").select("email").orderBy("id"), params);

  const withUsers = async (count: number): Promise<TemporaryRepo> => {
    const temporary = await start();
    await temporary.repo.insertAll(
      "users",
      Array.from({ length: count }, (_, number) => ({ email: `user${number}` })),
    );
    return temporary;
  };

  test("answers the rows of a page, and how many rows and pages there are", async () => {
    await using temporary = await withUsers(5);
    assert.deepEqual(await pageOf(temporary, { page: "2", page_size: "2" }), {
      ok: true,
      value: {
        data: [{ email: "user2" }, { email: "user3" }],
        meta: { page: 2, page_size: 2, total: 5, pages: 3 },
      },
    });
  });

  test("takes the last page for one beyond it, and the first for none", async () => {
    await using temporary = await withUsers(5);
    const beyond = await pageOf(temporary, { page: 9, page_size: 2 });
    assert.ok(beyond.ok);
    assert.deepEqual([beyond.value.data, beyond.value.meta.page], [[{ email: "user4" }], 3]);
    const first = await pageOf(temporary, {});
    assert.ok(first.ok);
    assert.deepEqual(first.value.meta, { page: 1, page_size: 50, total: 5, pages: 1 });
  });

  test("has one empty page where there is nothing", async () => {
    await using temporary = await start();
    const result = await pageOf(temporary, {});
    assert.deepEqual(result, {
      ok: true,
      value: { data: [], meta: { page: 1, page_size: 50, total: 0, pages: 1 } },
    });
  });

  test("refuses what is no page, and pages that are too large", async () => {
    await using temporary = await start();
    for (const page of [0, -1, 1.5, "x", "", null, "1e3", Infinity, {}]) {
      const result = await pageOf(temporary, { page });
      assert.ok(!result.ok);
      assert.deepEqual(Object.keys(traverseErrors(result.error)), ["page"]);
    }
    const large = await pageOf(temporary, { page_size: 101 });
    assert.ok(!large.ok);
    assert.deepEqual(traverseErrors(large.error), { page_size: ["must be a whole number from 1 to 100"] });
  });
});
