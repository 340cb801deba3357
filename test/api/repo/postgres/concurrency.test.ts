import assert from "node:assert/strict";
import { sql } from "kysely";
import { describe, test } from "vitest";
import { exceptionStatus } from "../../../../api/exception-status.ts";
import { hasPostgres } from "../../../support/postgres-server.ts";
import { postgres } from "../databases.ts";
import { type TemporaryOptions, TemporaryRepo, type TestDatabase, watch } from "../temporary-repo.ts";
import type { Kysely } from "kysely";

async function start(options: TemporaryOptions = {}): Promise<TemporaryRepo> {
  return TemporaryRepo.start({ ...options, url: await (await postgres()).freshUrl() });
}

const rename = (db: Kysely<TestDatabase>, email: string, name: string): Promise<unknown> =>
  db.updateTable("users").set({ name }).where("email", "=", email).execute();

describe.runIf(hasPostgres)("transactions of PostgreSQL that run side by side", () => {
  test("are run again if they wait for each other", async () => {
    await using temporary = await start();
    for (const email of ["a", "b"]) await temporary.addUser(email);
    let both = 0;
    const met = Promise.withResolvers<void>();
    let runs = 0;
    const crossing = (first: string, second: string): Promise<void> =>
      temporary.repo.transaction(async (db) => {
        runs += 1;
        await rename(db, first, `${first}${second}`);
        both += 1;
        if (both === 2) met.resolve();
        await met.promise;
        await rename(db, second, `${first}${second}`);
      });
    await Promise.all([crossing("a", "b"), crossing("b", "a")]);
    assert.equal(runs, 3);
    const [a, b] = await temporary.repo.db.selectFrom("users").select("name").orderBy("id").execute();
    assert.deepEqual(a, b);
  });

  test("lose no update where each decides by what its write finds", async () => {
    await using temporary = await start();
    await temporary.repo.transaction((db) => sql`ALTER TABLE users ADD COLUMN stock bigint`.execute(db));
    await temporary.addUser("swift");
    await temporary.repo.transaction((db) => sql`UPDATE users SET stock = 10`.execute(db));
    const take = (): Promise<boolean> =>
      temporary.repo.transaction(async (db) => {
        const { numAffectedRows } = await sql`UPDATE users SET stock = stock - 1 WHERE stock >= 1`.execute(
          db,
        );
        return numAffectedRows === 1n;
      });
    const taken = await Promise.all(Array.from({ length: 40 }, take));
    assert.equal(taken.filter(Boolean).length, 10);
    assert.deepEqual((await sql`SELECT stock FROM users`.execute(temporary.repo.db)).rows, [{ stock: 0 }]);
  });

  test("lose none where they read before they write either, if they are serializable", async () => {
    await using temporary = await start({ isolationLevel: "serializable" });
    await temporary.repo.transaction((db) =>
      sql`ALTER TABLE users ADD COLUMN stock bigint DEFAULT 0`.execute(db),
    );
    await temporary.addUser("swift");
    const add = (): Promise<unknown> =>
      temporary.repo.transaction(async (db) => {
        const { rows } = await sql<{ stock: number }>`SELECT stock FROM users`.execute(db);
        await sql`UPDATE users SET stock = ${rows[0]!.stock + 1}`.execute(db);
      });
    await Promise.all([add(), add(), add()]);
    assert.deepEqual((await sql`SELECT stock FROM users`.execute(temporary.repo.db)).rows, [{ stock: 3 }]);
  });

  test("are given up after five runs, with an error that asks to come back later", async () => {
    await using temporary = await start();
    let runs = 0;
    const failing = temporary.repo.transaction(async (db) => {
      runs += 1;
      await sql`DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '40001'; END $$`.execute(db);
    });
    await assert.rejects(failing, (error) => {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_CONFLICT");
      assert.match((error as Error).message, /5 times.*in the way/);
      assert.equal(exceptionStatus(error), 503);
      return true;
    });
    assert.equal(runs, 5);
  });

  test("end with a query that fails: nothing after it is written, and the end says so", async () => {
    await using temporary = await start();
    const careless = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "a" }).execute();
      await sql`SELECT nothing`.execute(db).catch(() => {});
      await assert.rejects(db.insertInto("users").values({ email: "b" }).execute(), {
        code: "ROOKERY_REPO_TRANSACTION_LOST",
      });
      return "all is well";
    });
    await assert.rejects(careless, (error) => {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_LOST");
      assert.match(((error as Error).cause as Error).message, /nothing/);
      return true;
    });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("send queries that nobody waits for before the commit, in their order", async () => {
    await using temporary = await start();
    await temporary.repo.transaction((db) => {
      for (const email of ["a", "b", "c"]) void db.insertInto("users").values({ email }).execute();
    });
    assert.deepEqual(await temporary.emails(), ["a", "b", "c"]);
  });

  test("free what they have locked when their time is over in the middle of a query", async () => {
    await using temporary = await start({ transactionTimeoutMs: 60_000 });
    await temporary.addUser("a");
    const holding = Promise.withResolvers<void>();
    const slow = temporary.repo.transaction(async (db) => {
      await rename(db, "a", "x");
      holding.resolve();
      await sql`SELECT pg_sleep(600)`.execute(db);
    });
    const ended = assert.rejects(slow, { code: "ROOKERY_REPO_TRANSACTION_TIMEOUT" });
    await holding.promise;
    const waiting = Promise.allSettled([temporary.repo.transaction((db) => rename(db, "a", "y"))]);
    await temporary.untilAsync(async () => {
      const { rows } = await sql`SELECT 1 FROM pg_locks WHERE NOT granted`.execute(temporary.repo.db);
      return rows.length > 0;
    });
    temporary.clock.advance(60_000);
    await ended;
    await waiting;
    await temporary.repo.transaction((db) => rename(db, "a", "z"));
    assert.deepEqual(await temporary.repo.all("users"), [{ id: 1, email: "a", name: "z" }]);
  });

  test("do not stumble over tables that somebody has migrated meanwhile", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    await temporary.addUser("a");
    assert.equal((await repo.all("users")).length, 1);
    const all = (db: Kysely<TestDatabase>): Promise<unknown[]> =>
      db.selectFrom("users").selectAll().execute();
    await repo.transaction(all);
    await repo.transaction((db) => sql`ALTER TABLE users ADD COLUMN age bigint`.execute(db));
    const grown = [{ id: 1, email: "a", name: null, age: null }];
    assert.deepEqual(await repo.transaction(all), grown);
    assert.deepEqual(await repo.all("users"), grown);
    await repo.transaction((db) => sql`ALTER TABLE users DROP COLUMN age`.execute(db));
    assert.deepEqual(await repo.all("users"), [{ id: 1, email: "a", name: null }]);
  });
});

describe.runIf(hasPostgres)("a transaction of PostgreSQL with many queries", () => {
  test("does not stumble over a migration once for each of them", async () => {
    await using temporary = await start({ poolSize: 1 });
    const { repo } = temporary;
    const columns = async (db: Kysely<TestDatabase>): Promise<number[]> => {
      const found: number[] = [];
      for (let limit = 1; limit <= 8; limit += 1) {
        const { rows } = await sql<object>`SELECT * FROM users LIMIT ${sql.lit(limit)}`.execute(db);
        found.push(Object.keys(rows[0]!).length);
      }
      return found;
    };
    await temporary.addUser("a");
    assert.deepEqual(
      await repo.transaction(columns),
      Array.from({ length: 8 }, () => 3),
    );
    await repo.transaction((db) => sql`ALTER TABLE users ADD COLUMN age bigint`.execute(db));
    assert.deepEqual(
      await repo.transaction(columns),
      Array.from({ length: 8 }, () => 4),
    );
  });
});

describe.runIf(hasPostgres)("the pool of a PostgreSQL", () => {
  test("has so many connections at most, and whoever comes later waits", async () => {
    await using temporary = await start({ poolSize: 2 });
    const late = Promise.withResolvers<void>();
    const two = Promise.withResolvers<void>();
    let running = 0;
    const work = (): Promise<void> =>
      temporary.repo.transaction(async () => {
        running += 1;
        if (running === 2) two.resolve();
        await late.promise;
      });
    const asked = [work(), work(), work()];
    await two.promise;
    const emails = temporary.emails();
    const reading = watch(emails);
    await temporary.settle();
    assert.deepEqual([running, reading.state], [2, "pending"]);
    late.resolve();
    await Promise.all(asked);
    assert.equal(running, 3);
    assert.deepEqual(await emails, []);
    const name = "rookery";
    const { rows } = await sql`SELECT pid FROM pg_stat_activity WHERE application_name = ${name}`.execute(
      temporary.repo.db,
    );
    assert.equal(rows.length, 2);
  });

  test("streams a query without end, batch by batch, and has the connection back when it is given up", async () => {
    await using temporary = await start({ poolSize: 1 });
    const { repo } = temporary;
    for (const email of ["a", "b"]) await temporary.addUser(email);
    const numbers = repo.db
      .withRecursive("numbers(n)", (db) =>
        db
          .selectNoFrom(sql<number>`${1}::bigint`.as("n"))
          .unionAll(db.selectFrom("numbers").select(sql<number>`n + 1`.as("n"))),
      )
      .selectFrom("numbers")
      .select("n");
    const seen: number[] = [];
    for await (const { n } of numbers.stream(2)) {
      seen.push(n);
      if (n === 5) break;
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    assert.deepEqual(await temporary.emails(), ["a", "b"]);
  });

  test("prepares each text of a query once on a connection", async () => {
    await using temporary = await start({ poolSize: 1 });
    for (const email of ["a", "b", "c"]) await temporary.addUser(email);
    const { rows } = await sql`SELECT calls FROM (
      SELECT generic_plans + custom_plans AS calls FROM pg_prepared_statements WHERE statement LIKE 'insert into%'
    ) AS prepared`.execute(temporary.repo.db);
    assert.deepEqual(rows, [{ calls: 3 }]);
  });

  test("keeps no query prepared whose text is as long as its list of values", async () => {
    await using temporary = await start({ poolSize: 1 });
    const { db } = temporary.repo;
    const ids = Array.from({ length: 5_000 }, (_, id) => id);
    assert.deepEqual(await db.selectFrom("users").selectAll().where("id", "in", ids).execute(), []);
    const { rows } = await sql`SELECT 1 FROM pg_prepared_statements WHERE length(statement) > 16384`.execute(
      db,
    );
    assert.deepEqual(rows, []);
  });

  test("tells the server how long to let what a client has left behind", async () => {
    await using temporary = await start({ transactionTimeoutMs: 7_000 });
    for (const setting of ["statement_timeout", "idle_in_transaction_session_timeout"]) {
      const { rows } = await sql`SELECT current_setting(${setting}) AS value`.execute(temporary.repo.db);
      assert.deepEqual(rows, [{ value: "7s" }]);
    }
  });

  test("ends its connections with the supervision tree", async () => {
    await using temporary = await start();
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(temporary.repo.db);
    await temporary.runtime.stop(temporary.supervisor);
    const server = await postgres();
    await temporary.untilAsync(async () => {
      const there = await server.query(`SELECT FROM pg_stat_activity WHERE pid = ${rows[0]!.pid}`);
      return there.length === 0;
    });
  });

  test("lets nobody wait too long, nor too many", async () => {
    await using temporary = await start({ poolSize: 1, queueTimeoutMs: 100, queueLengthMax: 1 });
    const late = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const busy = temporary.repo.transaction(() => {
      begun.resolve();
      return late.promise;
    });
    await begun.promise;
    const waiting = assert.rejects(temporary.emails(), (error) => {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_QUEUE_TIMEOUT");
      assert.equal(exceptionStatus(error), 503);
      return true;
    });
    await assert.rejects(temporary.emails(), (error) => {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_QUEUE_FULL");
      assert.equal(exceptionStatus(error), 503);
      return true;
    });
    await temporary.settle();
    temporary.clock.advance(100);
    await waiting;
    late.resolve();
    await busy;
    assert.deepEqual(await temporary.emails(), []);
  });
});
