import assert from "node:assert/strict";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, test } from "vitest";
import { exceptionStatus } from "../../../../api/exception-status.ts";
import { Repo } from "../../../../api/repo/repo.ts";
import { Runtime, silentLogger, StartError } from "../../../../runtime/index.ts";
import { Supervisor } from "../../../../supervisors/index.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../support/postgres-server.ts";
import { type TemporaryOptions, TemporaryRepo } from "../temporary-repo.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

async function start(options: TemporaryOptions = {}): Promise<TemporaryRepo> {
  return TemporaryRepo.start({ ...options, url: await server.freshUrl() });
}

const unavailable = (error: unknown): boolean => {
  assert.equal((error as { code: string }).code, "ROOKERY_REPO_UNAVAILABLE");
  assert.equal(exceptionStatus(error), 503);
  return true;
};

describe.runIf(hasPostgres)("a repo whose PostgreSQL goes away", () => {
  test("says so, and goes on by itself once it is back, without a restart of its own", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    const pool = temporary.runtime.whereis("test.pool");
    await server.stop();
    try {
      await assert.rejects(temporary.emails(), unavailable);
      await assert.rejects(temporary.addUser("eva"), unavailable);
    } finally {
      await server.restart();
    }
    // It was ended without a farewell, and is recovering: as soon as it answers, the repo does.
    await temporary.addUser("ida");
    assert.deepEqual(await temporary.emails(), ["ada", "ida"]);
    assert.equal(temporary.runtime.whereis("test.pool"), pool);
  });

  test("fails the transaction whose connection is lost, and writes nothing of it", async () => {
    await using temporary = await start();
    const lost = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db);
      await server.query(`SELECT pg_terminate_backend(${rows[0]!.pid})`);
      await db.selectFrom("users").selectAll().execute();
    });
    await assert.rejects(lost, unavailable);
    await temporary.addUser("ada");
    assert.deepEqual(await temporary.emails(), ["ada"]);
  });

  test("fails the transaction also if it does not notice", async () => {
    await using temporary = await start();
    const lost = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db);
      await server.query(`SELECT pg_terminate_backend(${rows[0]!.pid})`);
      await db
        .selectFrom("users")
        .selectAll()
        .execute()
        .catch(() => {});
      return "all is well";
    });
    await assert.rejects(lost, unavailable);
    assert.deepEqual(await temporary.emails(), []);
  });

  test("doesn't know of a commit whether it happened if the connection is lost meanwhile", async () => {
    await using temporary = await start();
    // A constraint that is checked with the commit, and kills it.
    const { repo } = temporary;
    await repo.transaction(async (db) => {
      await sql`CREATE FUNCTION farewell() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END'`.execute(
        db,
      );
      await sql`CREATE CONSTRAINT TRIGGER farewell AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION farewell()`.execute(db);
    });
    await assert.rejects(temporary.addUser("ada"), (error) => {
      assert.equal((error as { code: string }).code, "ROOKERY_REPO_COMMIT_UNKNOWN");
      assert.doesNotMatch((error as Error).message, /nothing was written/i);
      return true;
    });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("gives up a query that a server which says nothing has, and can be asked again later", async () => {
    await using temporary = await start({ transactionTimeoutMs: 1_000 });
    await temporary.addUser("ada");
    server.pause();
    try {
      const reading = assert.rejects(temporary.emails(), (error) => {
        assert.equal((error as { code: string }).code, "ROOKERY_REPO_QUERY_TIMEOUT");
        assert.equal(exceptionStatus(error), 503);
        return true;
      });
      // The only connection that there is has the first one: this one needs another.
      const writing = assert.rejects(temporary.addUser("eva"), unavailable);
      await temporary.settle();
      temporary.clock.advance(1_000);
      await reading;
      temporary.clock.advance(4_000);
      await writing;
    } finally {
      server.resume();
    }
    assert.deepEqual(await temporary.emails(), ["ada"]);
  });

  test("has its pool started anew while the server is away", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    const pool = temporary.runtime.whereis("test.pool");
    await server.stop();
    try {
      temporary.runtime.exit("test.pool", "kill");
      await temporary.until(() => ![undefined, pool].includes(temporary.runtime.whereis("test.pool")));
      await assert.rejects(temporary.emails());
    } finally {
      await server.restart();
    }
    await temporary.untilAsync(async () => (await temporary.emails()).length === 1);
  });

  test("rolls back what is running when its pool is killed, and its callers hear of it", async () => {
    await using temporary = await start();
    const running = Promise.withResolvers<void>();
    const lost = temporary.repo.transaction(async (db) => {
      await db.insertInto("users").values({ email: "bad" }).execute();
      running.resolve();
      await sql`SELECT pg_sleep(10)`.execute(db);
    });
    const heard = assert.rejects(lost, unavailable);
    await running.promise;
    temporary.runtime.exit("test.pool", "kill");
    await heard;
    await temporary.untilAsync(async () => (await temporary.emails()).length === 0);
  });

  test("fails its start with one error that says which it is, without the password", async () => {
    const runtime = await Runtime.start({ logger: silentLogger });
    const url = "postgres://somebody:secret@127.0.0.1:1/nowhere";
    const repo = new Repo({ url });
    assert.equal(repo.name, "postgres://127.0.0.1:1/nowhere");
    const starting = runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof StartError);
      const text = JSON.stringify(error.reason, (_key, value: unknown) =>
        value instanceof Error ? { ...value, message: value.message } : value,
      );
      assert.match(text, /ROOKERY_REPO_OPEN/);
      assert.match(text, /127\.0\.0\.1:1\/nowhere/);
      assert.doesNotMatch(text, /secret/);
      return true;
    });
    await runtime.shutdown();
  });
});
