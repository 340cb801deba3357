import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { sql } from "kysely";
import { describe, test, vi } from "vitest";
import { change } from "../../../api/repo/changeset.ts";
import { openForWriting, SqliteConnection } from "../../../api/repo/sqlite.ts";
import { type TemporaryRepo as Temporary, TemporaryRepo, watch } from "./temporary-repo.ts";

/** Inserts a user in a transaction that is not done before `until` is. */
function addLate(test: Temporary, email: string, until: Promise<unknown>): Promise<{ id: number }> {
  return test.repo.transaction(async (db) => {
    const user = await db.insertInto("users").values({ email }).returning("id").executeTakeFirstOrThrow();
    await until;
    return user;
  });
}

describe("the writer", () => {
  test("commits the transactions of many callers together", async () => {
    await using temporary = await TemporaryRepo.start();
    const { commits } = temporary.writerState();
    const names = Array.from({ length: 50 }, (_, index) => `user${index}`);
    await Promise.all(names.map((name) => temporary.addUser(name)));
    assert.deepEqual(await temporary.emails(), names);
    assert.equal(temporary.writerState().commits, commits + 1);
  });

  test("answers nobody before the commit that holds his transaction", async () => {
    await using temporary = await TemporaryRepo.start();
    const first = watch(temporary.addUser("first"));
    const late = Promise.withResolvers<void>();
    const second = watch(addLate(temporary, "second", late.promise));
    await temporary.settle();
    assert.deepEqual([first.state, second.state], ["pending", "pending"]);
    assert.deepEqual(await temporary.emails(), []);
    late.resolve();
    await temporary.settle();
    assert.deepEqual([first.state, second.state], ["resolved", "resolved"]);
    assert.deepEqual(await temporary.emails(), ["first", "second"]);
  });

  test("answers a failure, too, only with the commit: what it has seen may come to nothing", async () => {
    await using temporary = await TemporaryRepo.start();
    const first = watch(temporary.addUser("same"));
    const twice = watch(temporary.addUser("same"));
    const late = Promise.withResolvers<void>();
    const third = watch(addLate(temporary, "third", late.promise));
    await temporary.settle();
    assert.deepEqual([first.state, twice.state, third.state], ["pending", "pending", "pending"]);
    late.resolve();
    await temporary.settle();
    assert.deepEqual([first.state, twice.state, third.state], ["resolved", "rejected", "resolved"]);
  });

  test("undoes a transaction that throws, alone, and rejects with what it threw", async () => {
    await using temporary = await TemporaryRepo.start();
    const boom = new Error("boom");
    const [good, bad, better] = await Promise.allSettled([
      temporary.addUser("good"),
      temporary.repo.transaction(async (db) => {
        await db.insertInto("users").values({ email: "bad" }).execute();
        throw boom;
      }),
      temporary.addUser("better"),
    ]);
    assert.deepEqual([good.status, bad.status, better.status], ["fulfilled", "rejected", "fulfilled"]);
    assert.equal((bad as PromiseRejectedResult).reason, boom);
    assert.deepEqual(await temporary.emails(), ["good", "better"]);
  });

  test("undoes a transaction that returns ok: false, and resolves to it", async () => {
    await using temporary = await TemporaryRepo.start();
    const result = await temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      return { ok: false, why: "second thoughts" };
    });
    assert.deepEqual(result, { ok: false, why: "second thoughts" });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("hands the value over as it is: nothing of it gets frozen", async () => {
    await using temporary = await TemporaryRepo.start();
    const value = await temporary.repo.transaction(() => ({ list: [1], map: new Map([[1, 2]]) }));
    value.list.push(2);
    value.map.set(3, 4);
    assert.deepEqual(value, {
      list: [1, 2],
      map: new Map([
        [1, 2],
        [3, 4],
      ]),
    });
  });

  test("lets a transaction see what those before it have written, and its own", async () => {
    await using temporary = await TemporaryRepo.start();
    const count = (): Promise<unknown> =>
      temporary.repo.transaction(async (db) => {
        await db
          .insertInto("users")
          .values({ email: sql`(SELECT 'user' || count(*) FROM users)` })
          .execute();
        return (await db.selectFrom("users").select("email").execute()).length;
      });
    assert.deepEqual(await Promise.all([count(), count(), count()]), [1, 2, 3]);
  });

  test("takes into a group whoever has come before its turn to be committed", async () => {
    await using temporary = await TemporaryRepo.start();
    for (let round = 1; round <= 3; round += 1) {
      const { commits } = temporary.writerState();
      const others: Promise<unknown>[] = [];
      await temporary.repo.transaction(() => {
        // Their calls come just before the turn, which so finds the first of them begun.
        const emails = ["a", "b", "c"].map((name) => `${name}${round}`);
        queueMicrotask(() => others.push(...emails.map((email) => temporary.addUser(email))));
      });
      await Promise.all(others);
      assert.equal(others.length, 3);
      assert.equal(temporary.writerState().commits, commits + 1);
    }
  });

  test("puts the commit off for nobody who comes later", async () => {
    await using temporary = await TemporaryRepo.start();
    let asked = 0;
    let answered = 0;
    let waitingMost = 0;
    const chain = async (): Promise<void> => {
      asked += 1;
      await temporary.repo.transaction((db) => {
        waitingMost = Math.max(waitingMost, asked - answered);
        // The next one's call comes just before this one's turn to be committed.
        if (asked < 100) queueMicrotask(() => void chain());
        return db.deleteFrom("users").execute();
      });
      answered += 1;
    };
    await chain();
    await temporary.until(() => answered === 100);
    assert.ok(waitingMost < 5, `${waitingMost} were waiting for one commit`);
  });

  test("commits what has finished after some milliseconds, though others are waiting", async () => {
    await using temporary = await TemporaryRepo.start();
    const { commits } = temporary.writerState();
    const busy = (): Promise<void> => temporary.repo.transaction(() => temporary.clock.advance(4));
    await Promise.all([busy(), busy(), busy(), busy(), busy()]);
    assert.equal(temporary.writerState().commits, commits + 3);
  });

  test("serves the calls that come while a transaction waits, after it", async () => {
    await using temporary = await TemporaryRepo.start();
    const late = Promise.withResolvers<void>();
    const slow = addLate(temporary, "slow", late.promise);
    await temporary.settle();
    const others = ["a", "b"].map((email) => temporary.addUser(email));
    await temporary.settle();
    assert.deepEqual(await temporary.emails(), []);
    late.resolve();
    await Promise.all([slow, ...others]);
    assert.deepEqual(await temporary.emails(), ["slow", "a", "b"]);
  });
});

describe("a transaction that dawdles", () => {
  test("is set aside when others wait for their commit, and run again alone", async () => {
    await using temporary = await TemporaryRepo.start();
    let runs = 0;
    const late = Promise.withResolvers<void>();
    const first = watch(temporary.addUser("first"));
    const slow = watch(
      temporary.repo.transaction(async (db) => {
        runs += 1;
        await db
          .insertInto("users")
          .values({ email: `run ${runs}` })
          .execute();
        await late.promise;
      }),
    );
    await temporary.settle();
    const third = watch(temporary.addUser("third"));
    await temporary.settle();
    temporary.clock.advance(5);
    await temporary.settle();
    assert.deepEqual([first.state, slow.state, third.state], ["resolved", "pending", "resolved"]);
    assert.deepEqual(await temporary.emails(), ["first", "third"]);
    assert.equal(runs, 2);
    late.resolve();
    await temporary.settle();
    assert.equal(slow.state, "resolved");
    assert.deepEqual(await temporary.emails(), ["first", "third", "run 2"]);
    assert.equal(temporary.writerState().setAside, 1);
  });

  test("can query nothing from a run that was given up", async () => {
    await using temporary = await TemporaryRepo.start();
    const late = Promise.withResolvers<void>();
    const errors: unknown[] = [];
    const first = temporary.addUser("first");
    const slow = temporary.repo.transaction(async (db) => {
      await late.promise;
      await db
        .insertInto("users")
        .values({ email: "slow" })
        .execute()
        .catch((error: { code: string }) => errors.push(error.code));
    });
    await temporary.settle();
    temporary.clock.advance(5);
    await first;
    late.resolve();
    await slow;
    assert.deepEqual(errors, ["ROOKERY_REPO_TRANSACTION_OVER"]);
    assert.deepEqual(await temporary.emails(), ["first", "slow"]);
  });

  test("is left in peace as long as nobody waits for a commit, until its time is over", async () => {
    await using temporary = await TemporaryRepo.start({ transactionTimeoutMs: 1_000 });
    let runs = 0;
    const slow = watch(
      temporary.repo.transaction(async (db) => {
        runs += 1;
        await db.insertInto("users").values({ email: "slow" }).execute();
        await new Promise(() => {});
      }),
    );
    await temporary.settle();
    temporary.clock.advance(999);
    await temporary.settle();
    assert.equal(slow.state, "pending");
    temporary.clock.advance(1);
    await temporary.settle();
    assert.equal((slow.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    assert.equal(runs, 1);
    await temporary.addUser("next");
    assert.deepEqual(await temporary.emails(), ["next"]);
  });

  test("and waits its turn too long is not even run", async () => {
    await using temporary = await TemporaryRepo.start({ transactionTimeoutMs: 1_000 });
    let ran = false;
    const forever = watch(temporary.repo.transaction(() => new Promise(() => {})));
    await temporary.settle();
    const behind = watch(
      temporary.repo.transaction(() => {
        ran = true;
      }),
    );
    await temporary.settle();
    temporary.clock.advance(1_000);
    await temporary.settle();
    for (const { error } of [forever, behind]) {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    }
    assert.equal(ran, false);
  });

  test("and asks for a transaction of the same repo inside ends by its timeout, and harms nobody else", async () => {
    await using temporary = await TemporaryRepo.start({ transactionTimeoutMs: 1_000 });
    const nested = watch(temporary.repo.transaction(() => temporary.addUser("inner")));
    await temporary.settle();
    temporary.clock.advance(1_000);
    await temporary.settle();
    assert.equal((nested.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    await temporary.addUser("after");
    assert.equal((await temporary.emails()).at(-1), "after");
  });
});

describe("what a transaction may not do", () => {
  test("ends nobody's transaction but by its result", async () => {
    await using temporary = await TemporaryRepo.start();
    const others = [temporary.addUser("a")];
    const bad = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      await sql`COMMIT`.execute(db);
    });
    others.push(temporary.addUser("b"));
    await assert.rejects(bad, { code: "ROOKERY_REPO_TRANSACTION_CONTROL" });
    await Promise.all(others);
    assert.deepEqual(await temporary.emails(), ["a", "b"]);
  });

  test("goes on after SQLite has rolled it back: those before it are run again", async () => {
    await using temporary = await TemporaryRepo.start();
    let runs = 0;
    const first = temporary.repo.transaction((db) => {
      runs += 1;
      return db.insertInto("users").values({ email: "first" }).execute();
    });
    const codes: unknown[] = [];
    const bad = temporary.repo.transaction(async (db) => {
      for (const query of [
        sql`INSERT OR ROLLBACK INTO users (email) VALUES ('first')`,
        sql`DELETE FROM users`,
      ]) {
        await query.execute(db).catch((error: { code: string }) => codes.push(error.code));
      }
    });
    await assert.rejects(bad, { code: "ROOKERY_REPO_TRANSACTION_LOST" });
    await first;
    assert.deepEqual(codes, ["SQLITE_CONSTRAINT_UNIQUE", "ROOKERY_REPO_TRANSACTION_LOST"]);
    assert.equal(runs, 2);
    assert.deepEqual(await temporary.emails(), ["first"]);
  });

  test("dawdles after SQLite has rolled it back: the others are committed all the same", async () => {
    await using temporary = await TemporaryRepo.start();
    const first = watch(temporary.addUser("first"));
    const bad = watch(
      temporary.repo.transaction(async (db) => {
        await sql`INSERT OR ROLLBACK INTO users (email) VALUES ('first')`.execute(db).catch(() => {});
        await new Promise(() => {});
      }),
    );
    await temporary.settle();
    temporary.clock.advance(5);
    await temporary.settle();
    assert.deepEqual([first.state, bad.state], ["resolved", "pending"]);
    assert.deepEqual(await temporary.emails(), ["first"]);
  });

  test("is answered after SQLite has rolled it back, also if nothing can be written any more", async () => {
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("first");
    const late = Promise.withResolvers<void>();
    const lost = watch(
      temporary.repo.transaction(async (db) => {
        await sql`INSERT OR ROLLBACK INTO users (email) VALUES ('first')`.execute(db).catch(() => {});
        await late.promise;
      }),
    );
    await temporary.settle();
    const waiting = watch(temporary.addUser("waiting"));
    await temporary.settle();
    const path = temporary.folder.file("test.db");
    renameSync(path, `${path}.moved`);
    late.resolve();
    await temporary.settle();
    renameSync(`${path}.moved`, path);
    assert.equal((waiting.error as { code?: string }).code, "ROOKERY_REPO_FILE_GONE");
    assert.equal((lost.error as { code?: string } | undefined)?.code, "ROOKERY_REPO_TRANSACTION_LOST");
  });

  test("fails alone if it breaks the commit", async () => {
    await using temporary = await TemporaryRepo.start();
    const before = temporary.addUser("before");
    const orphan = temporary.repo.insert("posts", change({ user_id: 99, title: "x" }));
    const after = temporary.addUser("after");
    await assert.rejects(orphan, { code: "ROOKERY_REPO_COMMIT_FAILED", message: /FOREIGN KEY/ });
    await Promise.all([before, after]);
    assert.deepEqual(await temporary.emails(), ["before", "after"]);
    assert.deepEqual(await temporary.repo.all("posts"), []);
  });

  test("uses its Kysely after its end", async () => {
    await using temporary = await TemporaryRepo.start();
    const leaked = await temporary.repo.transaction((db) => ({ db }));
    await assert.rejects(leaked.db.selectFrom("users").selectAll().execute(), {
      code: "ROOKERY_REPO_TRANSACTION_OVER",
    });
  });
});

describe("a writer that can't", () => {
  test("waits for the lock of another program, without holding up the thread", async () => {
    await using temporary = await TemporaryRepo.start({ transactionTimeoutMs: 1_000 });
    const other = openForWriting(temporary.folder.file("test.db"));
    other.exec("BEGIN IMMEDIATE");
    const locked = watch(temporary.addUser("late"));
    await temporary.settle();
    temporary.clock.advance(100);
    await temporary.settle();
    assert.equal(locked.state, "pending");
    other.exec("ROLLBACK");
    temporary.clock.advance(5);
    await temporary.settle();
    assert.equal(locked.state, "resolved");
    other.exec("BEGIN IMMEDIATE");
    const refused = watch(temporary.addUser("never"));
    await temporary.settle();
    temporary.clock.advance(1_005);
    await temporary.settle();
    assert.equal((refused.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    other.close();
    assert.deepEqual(await temporary.emails(), ["late"]);
  });

  test("refuses what would make its queue too long", async () => {
    await using temporary = await TemporaryRepo.start({ queueLengthMax: 2 });
    const late = Promise.withResolvers<void>();
    const accepted = [addLate(temporary, "a", late.promise), temporary.addUser("b")];
    await assert.rejects(temporary.addUser("c"), { code: "ROOKERY_REPO_QUEUE_FULL" });
    late.resolve();
    await Promise.all(accepted);
    assert.deepEqual(await temporary.emails(), ["a", "b"]);
  });
});

describe("a writer whose disk fails while it undoes a transaction", () => {
  test("commits nothing of the group, and its callers hear that it is gone", async () => {
    await using temporary = await TemporaryRepo.start();
    const mark = SqliteConnection.prototype.mark;
    using spy = vi.spyOn(SqliteConnection.prototype, "mark").mockImplementation(function (
      this: SqliteConnection,
      statement,
    ) {
      if (statement === "ROLLBACK TO job") throw new Error("disk I/O error");
      mark.call(this, statement);
    });
    const results = await Promise.allSettled([
      temporary.addUser("before"),
      temporary.repo.transaction(async (db) => {
        await db.insertInto("users").values({ email: "to be undone" }).execute();
        throw new Error("boom");
      }),
    ]);
    spy.mockRestore();
    for (const result of results)
      assert.match(String(result.status === "rejected" && result.reason), /ExitError.*disk I\/O error/);
    assert.deepEqual(await temporary.emails(), []);
    await temporary.untilAsync(async () => (await temporary.addUser("later")).id > 0);
    assert.deepEqual(await temporary.emails(), ["later"]);
  });
});

describe("a writer that is killed", () => {
  test("writes nothing of what it has not answered, and its callers hear that it is gone", async () => {
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("before");
    const late = Promise.withResolvers<void>();
    const callers = [
      temporary.addUser("done"),
      addLate(temporary, "pending", late.promise),
      temporary.addUser("queued"),
    ];
    const watched = callers.map(watch);
    await temporary.settle();
    await temporary.killWriter();
    late.resolve();
    await temporary.settle();
    for (const { error } of watched) {
      assert.equal((error as Error).name, "ExitError");
      assert.equal((error as { code: string }).code, "ROOKERY_CALL_EXIT");
    }
    assert.deepEqual(await temporary.emails(), ["before"]);
    await temporary.addUser("after");
    assert.deepEqual(await temporary.emails(), ["before", "after"]);
  });

  test("leaves no way to write until its successor is there, and reading undisturbed", async () => {
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("before");
    temporary.runtime.exit("test.writer", "kill");
    const refused = temporary.addUser("between");
    assert.deepEqual(await temporary.emails(), ["before"]);
    await assert.rejects(refused, { code: "ROOKERY_NOPROC" });
  });

  test(
    "never has said yes to what is lost, nor no to what is written, whenever it dies",
    { timeout: 240_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 6 }),
          async (turnsToLive) => {
            await using temporary = await TemporaryRepo.start();
            const answered: string[] = [];
            let done = false;
            let number = 0;
            const caller = async (): Promise<void> => {
              while (!done) {
                const email = `user${(number += 1)}`;
                try {
                  if (number % 7 === 0) await addLate(temporary, email, setImmediate());
                  else await temporary.addUser(email);
                  answered.push(email);
                } catch (error) {
                  assert.equal((error as Error).name, "ExitError");
                  await setImmediate();
                }
              }
            };
            const callers = Array.from({ length: 8 }, caller);
            for (const turns of turnsToLive) {
              for (let turn = 0; turn < turns; turn += 1) await setImmediate();
              await temporary.killWriter();
              // The supervisor forgets the restart: time, which stands still, is all it counts by.
              temporary.clock.advance(5_001);
            }
            const before = answered.length;
            await temporary.until(() => answered.length > before + 8);
            done = true;
            await Promise.all(callers);
            assert.deepEqual((await temporary.emails()).toSorted(), answered.toSorted());
          },
        ),
        { numRuns: 15 },
      );
    },
  );
});
