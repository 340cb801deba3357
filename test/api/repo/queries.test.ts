import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { addError, cast, change, type Changeset } from "../../../api/repo/changeset.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import type { TransactionQueries } from "../../../api/repo/queries.ts";
import { databases } from "./databases.ts";
import type { TemporaryRepo, TestDatabase } from "./temporary-repo.ts";

type User = { id: number; email: string; name: string | null };

const draft = (email: string): Changeset<{ email: string }> =>
  uniqueConstraint(cast({}, { email }, { email: z.string() }), "email");
const ada = { id: 1, email: "ada", name: null };

/** The same is promised of the repo itself, where each write is a transaction, and of a transaction's functions. */
type Write = <Value>(
  temporary: TemporaryRepo,
  run: (queries: Pick<TransactionQueries<TestDatabase>, "insert" | "update" | "delete">) => Promise<Value>,
) => Promise<Value>;

const writers: Record<string, Write> = {
  "the repo": (temporary, run) => run(temporary.repo),
  "a transaction": (temporary, run) => temporary.repo.transaction((_db, transaction) => run(transaction)),
};

for (const [who, write] of Object.entries(writers)) {
  describe.each(databases)(`insert, update and delete of ${who}, $name`, ({ start }) => {
    test("answer the row as the database has it", async () => {
      await using temporary = await start();
      const inserted = await write(temporary, (queries) => queries.insert("users", draft("ada")));
      assert.deepEqual(inserted, { ok: true, value: ada });
      const rename = change<User>(ada, { name: "Ada" });
      const updated = await write(temporary, (queries) => queries.update("users", rename));
      assert.deepEqual(updated, { ok: true, value: { ...ada, name: "Ada" } });
      const deleted = await write(temporary, (queries) => queries.delete("users", ada));
      assert.deepEqual(deleted, { ok: true, value: { ...ada, name: "Ada" } });
      assert.deepEqual(await temporary.repo.all("users"), []);
    });

    test("insert the data of a changeset with its changes", async () => {
      await using temporary = await start();
      const changeset = change<User>({ id: 7, email: "draft" }, { email: "eva" });
      const result = await write(temporary, (queries) => queries.insert("users", changeset));
      assert.deepEqual(result, { ok: true, value: { id: 7, email: "eva", name: null } });
    });

    test("make a broken constraint the error of its field", async () => {
      await using temporary = await start();
      await temporary.addUser("ada");
      await temporary.addUser("eva");
      const inserted = await write(temporary, (queries) => queries.insert("users", draft("ada")));
      assert.ok(!inserted.ok);
      assert.deepEqual(traverseErrors(inserted.error), { email: ["has already been taken"] });
      assert.equal(inserted.error.action, "insert");
      const renamed = uniqueConstraint(change<User>(ada, { email: "eva" }), "email");
      const updated = await write(temporary, (queries) => queries.update("users", renamed));
      assert.ok(!updated.ok);
      assert.deepEqual(traverseErrors(updated.error), { email: ["has already been taken"] });
      assert.equal(updated.error.action, "update");
      assert.deepEqual(await temporary.emails(), ["ada", "eva"]);
    });

    test("throw for a broken constraint that the changeset does not declare", async () => {
      await using temporary = await start();
      await temporary.addUser("ada");
      for (const changes of [{ email: "ada" }, { email: null }]) {
        const changeset = change<User>({}, changes);
        await assert.rejects(
          write(temporary, (queries) => queries.insert("users", changeset)),
          {
            code: "ROOKERY_REPO_CONSTRAINT",
            message: /users.*(constraint failed: users.email|constraint "users_email_key"|column "email")/,
          },
        );
      }
    });

    test("never show the database a changeset that is not valid", async () => {
      await using temporary = await start();
      const changeset = addError(change<User>(ada, { email: "x" }), "email", "is too short");
      const failed = (action: string) => ({ ok: false, error: { ...changeset, action } });
      assert.deepEqual(
        await write(temporary, (queries) => queries.insert("users", changeset)),
        failed("insert"),
      );
      assert.deepEqual(
        await write(temporary, (queries) => queries.update("users", changeset)),
        failed("update"),
      );
      assert.deepEqual(await temporary.emails(), []);
    });

    test("update nothing where nothing changes", async () => {
      await using temporary = await start();
      const result = await write(temporary, (queries) => queries.update("users", change<User>(ada)));
      assert.deepEqual(result, { ok: true, value: ada });
      assert.deepEqual(await temporary.emails(), []);
    });

    test("throw for a row that is gone", async () => {
      await using temporary = await start();
      await temporary.addUser("eva");
      for (const data of [{ id: 99 }, {}]) {
        const changeset = change<Partial<User>>(data, { name: "x" });
        await assert.rejects(
          write(temporary, (queries) => queries.update("users", changeset)),
          { code: "ROOKERY_REPO_STALE" },
        );
        await assert.rejects(
          write(temporary, (queries) => queries.delete("users", data)),
          { code: "ROOKERY_REPO_STALE" },
        );
      }
      assert.deepEqual(await temporary.emails(), ["eva"]);
    });
  });
}

describe.each(databases)("all, one and get, $name", ({ start }) => {
  test("read rows of a table or of a query", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    assert.deepEqual(await repo.all("users"), []);
    await temporary.addUser("ada");
    await temporary.addUser("eva");
    assert.deepEqual(await repo.all("users"), [ada, { id: 2, email: "eva", name: null }]);
    assert.deepEqual(await repo.all(repo.db.selectFrom("users").select("email").where("id", "=", 2)), [
      { email: "eva" },
    ]);
  });

  test("find one row, or none, and refuse more", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const query = repo.db.selectFrom("users").select("email");
    assert.equal(await repo.one(query), undefined);
    await temporary.addUser("ada");
    assert.deepEqual(await repo.one(query), { email: "ada" });
    await temporary.addUser("eva");
    await assert.rejects(repo.one(query), { code: "ROOKERY_REPO_MULTIPLE_RESULTS" });
  });

  test("find a row by its id, or answer 404 for it", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    await temporary.addUser("ada");
    assert.deepEqual(await repo.get("users", 1), ada);
    assert.deepEqual(await repo.getOrThrow("users", 1), ada);
    assert.equal(await repo.get("users", 2), undefined);
    await assert.rejects(repo.getOrThrow("users", 2), { code: "ROOKERY_REPO_NOT_FOUND", statusCode: 404 });
  });

  test("read, in a transaction, what it has written", async () => {
    await using temporary = await start();
    const seen = await temporary.repo.transaction(async (_db, transaction) => {
      await transaction.insert("users", draft("ada"));
      return transaction.get("users", 1);
    });
    assert.deepEqual(seen, ada);
  });
});
