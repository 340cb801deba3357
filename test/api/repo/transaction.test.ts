import assert from "node:assert/strict";
import { sql } from "kysely";
import { describe, test } from "vitest";
import { change } from "../../../api/repo/changeset.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import { databases } from "./databases.ts";
import { watch } from "./temporary-repo.ts";

describe.each(databases)("a transaction, $name", ({ name, start }) => {
  test("is there for others when its caller is answered, and not before", async () => {
    await using temporary = await start();
    const late = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const running = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "ada" }).execute();
      written.resolve();
      await late.promise;
    });
    const done = watch(running);
    await written.promise;
    assert.deepEqual(await temporary.emails(), []);
    assert.equal(done.state, "pending");
    late.resolve();
    await running;
    assert.deepEqual(await temporary.emails(), ["ada"]);
  });

  test("is undone if its function throws, and rejects with that", async () => {
    await using temporary = await start();
    const boom = new Error("boom");
    const failing = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      throw boom;
    });
    await assert.rejects(failing, (error) => error === boom);
    assert.deepEqual(await temporary.emails(), []);
  });

  test("is undone if its function returns ok: false, and resolves to that", async () => {
    await using temporary = await start();
    const result = await temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      return { ok: false, why: "second thoughts" };
    });
    assert.deepEqual(result, { ok: false, why: "second thoughts" });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("sees what it has written itself", async () => {
    await using temporary = await start();
    const emails = await temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "ada" }).execute();
      return db.selectFrom("users").select("email").execute();
    });
    assert.deepEqual(emails, [{ email: "ada" }]);
  });

  test("goes on after an insertion that broke a constraint, as if it had not been tried", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    const draft = (email: string) => uniqueConstraint(change<{ email: string }>({}, { email }), "email");
    const results = await temporary.repo.transaction((_db, transaction) =>
      Promise.all(["eva", "ada", "ida"].map((email) => transaction.insert("users", draft(email)))),
    );
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, false, true],
    );
    assert.deepEqual(await temporary.emails(), ["ada", "eva", "ida"]);
  });

  test("undoes a part of it alone, also one that has failed", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    await temporary.repo.transaction(async (db, transaction) => {
      const failing = transaction.transaction(async (inner) => {
        await inner.insertInto("users").values({ email: "eva" }).execute();
        await inner.insertInto("users").values({ email: "ada" }).execute();
      });
      await assert.rejects(failing);
      await db.insertInto("users").values({ email: "ida" }).execute();
    });
    assert.deepEqual(await temporary.emails(), ["ada", "ida"]);
  });

  test("fails alone if it breaks the commit", async () => {
    await using temporary = await start();
    const orphan = temporary.repo.transaction((db) =>
      db.insertInto("posts").values({ user_id: 99, title: "x" }).execute(),
    );
    const [failed] = await Promise.allSettled([orphan, temporary.addUser("ada")]);
    assert.equal((failed as PromiseRejectedResult).reason.code, "ROOKERY_REPO_COMMIT_FAILED");
    assert.deepEqual([await temporary.repo.all("posts"), await temporary.emails()], [[], ["ada"]]);
    await temporary.addUser("eva");
  });

  test("that is not done in time is undone, and others go on", async () => {
    await using temporary = await start({ transactionTimeoutMs: 1_000 });
    const written = Promise.withResolvers<void>();
    let late: Promise<unknown> | undefined;
    const never = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "late" }).execute();
      late = new Promise((resolve) => {
        temporary.clock.setTimer(2_000, () => resolve(db.selectFrom("users").selectAll().execute()));
      });
      written.resolve();
      await new Promise(() => {});
    });
    const ended = assert.rejects(never, { code: "ROOKERY_REPO_TRANSACTION_TIMEOUT" });
    await written.promise;
    await temporary.settle();
    temporary.clock.advance(1_000);
    await ended;
    await temporary.addUser("ada");
    assert.deepEqual(await temporary.emails(), ["ada"]);
    const refused = assert.rejects(() => late as Promise<unknown>, { code: "ROOKERY_REPO_TRANSACTION_OVER" });
    temporary.clock.advance(1_000);
    await refused;
  });

  test("that has ended takes no more queries", async () => {
    await using temporary = await start();
    const db = await temporary.repo.transaction((its) => ({ its }));
    await assert.rejects(db.its.selectFrom("users").selectAll().execute(), {
      code: "ROOKERY_REPO_TRANSACTION_OVER",
    });
  });

  for (const statement of [
    "commit",
    " /* now */ ROLLBACK",
    "-- now\nbegin",
    "savepoint mine",
    "release mine",
  ]) {
    test(`leaves ${JSON.stringify(statement)} to the repo`, async () => {
      await using temporary = await start();
      const meddling = temporary.repo.transaction(async (db) => {
        await db.insertInto("users").values({ email: "bad" }).execute();
        await sql.raw(statement).execute(db);
      });
      await assert.rejects(meddling, { code: "ROOKERY_REPO_TRANSACTION_CONTROL" });
      assert.deepEqual(await temporary.emails(), []);
    });
  }

  test("hands the value over as it is: nothing of it gets frozen", async () => {
    await using temporary = await start();
    const value = await temporary.repo.transaction(() => ({ list: [1], map: new Map([[1, 2]]) }));
    value.list.push(2);
    assert.deepEqual(value, { list: [1, 2], map: new Map([[1, 2]]) });
  });

  test("reads only, outside of one", async () => {
    await using temporary = await start();
    const { db } = temporary.repo;
    const expected = { code: "ROOKERY_REPO_READ_ONLY" };
    await assert.rejects(db.insertInto("users").values({ email: "x" }).execute(), expected);
    await assert.rejects(sql`begin`.execute(db), expected);
    await assert.rejects(
      db.transaction().execute(async () => 1),
      expected,
    );
    assert.deepEqual(await temporary.emails(), []);
  });

  test("streams rows, and finds nothing in an empty list", async () => {
    await using temporary = await start();
    for (const email of ["ada", "eva"]) await temporary.addUser(email);
    const emails: string[] = [];
    const users = temporary.repo.db.selectFrom("users").select("email");
    for await (const row of users.orderBy("id").stream()) emails.push(row.email);
    assert.deepEqual(emails, ["ada", "eva"]);
    assert.deepEqual(await users.where("id", "in", []).execute(), []);
    assert.equal((await users.where("id", "not in", []).execute()).length, 2);
  });

  test("answers nothing after its repo was stopped", async () => {
    await using temporary = await start();
    await temporary.runtime.stop(temporary.supervisor);
    await assert.rejects(temporary.repo.all("users"), { code: "ROOKERY_REPO_NOT_RUNNING" });
    await assert.rejects(
      temporary.repo.transaction(() => 1),
      { code: name === "SQLite" ? "ROOKERY_NOPROC" : "ROOKERY_REPO_NOT_RUNNING" },
    );
  });
});
