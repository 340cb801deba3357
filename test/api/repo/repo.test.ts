import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { describe, test } from "vitest";
import { Repo } from "../../../api/repo/repo.ts";
import { openForReading } from "../../../api/repo/sqlite.ts";
import { CompiledQuery } from "kysely";
import { Runtime, silentLogger, StartError } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { TemporaryFolder, TemporaryRepo, type TestDatabase, testMigrations } from "./temporary-repo.ts";

type Nested<Reason> = readonly [string, readonly [string, unknown, Reason]];

describe("a repo", () => {
  test("refuses to work before it is started", async () => {
    const repo = new Repo<TestDatabase>({ path: "never.db", name: "shop" });
    const expected = { code: "ROOKERY_REPO_NOT_RUNNING", message: /shop/ };
    await assert.rejects(repo.all("users"), expected);
    await assert.rejects(
      repo.transaction(() => 1),
      expected,
    );
  });

  test("may stand beside others, in one tree and in one runtime", async () => {
    using folder = new TemporaryFolder();
    const runtime = await Runtime.start({ logger: silentLogger });
    const repos = ["a", "b"].map(
      (name) => new Repo<TestDatabase>({ path: folder.file(`${name}.db`), migrations: testMigrations }),
    );
    const children = repos.map((repo) => repo.childSpec());
    await runtime.start(Supervisor, { strategy: "one_for_one", children });
    await Promise.all(
      repos.map((repo, index) =>
        repo.transaction((db) =>
          db
            .insertInto("users")
            .values({ email: `user of ${index}` })
            .execute(),
        ),
      ),
    );
    const emails = await Promise.all(
      repos.map((repo) => repo.one(repo.db.selectFrom("users").select("email"))),
    );
    assert.deepEqual(emails, [{ email: "user of 0" }, { email: "user of 1" }]);
    await runtime.shutdown();
  });

  test("finds again what was written before it was stopped", async () => {
    using folder = new TemporaryFolder();
    const runtime = await Runtime.start({ logger: silentLogger });
    for (const email of ["first", "second"]) {
      const repo = new Repo<TestDatabase>({ path: folder.file("test.db"), migrations: testMigrations });
      const tree = await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
      await repo.transaction((db) => db.insertInto("users").values({ email }).execute());
      await runtime.stop(tree);
      await assert.rejects(repo.all("users"), { code: "ROOKERY_REPO_NOT_RUNNING" });
      await assert.rejects(
        repo.transaction(() => 1),
        { code: "ROOKERY_NOPROC" },
      );
    }
    const reading = openForReading(folder.file("test.db"));
    assert.deepEqual(reading.query(CompiledQuery.raw("SELECT email FROM users")).rows, [
      { email: "first" },
      { email: "second" },
    ]);
    reading.close();
    await runtime.shutdown();
  });

  test("whose file can't be opened fails its start with one error that says so", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.file("test.db"));
    const runtime = await Runtime.start({ logger: silentLogger });
    const repo = new Repo<TestDatabase>({ path: folder.file("test.db") });
    const start = runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
    await assert.rejects(start, (error) => {
      assert.ok(error instanceof StartError);
      // ["shutdown", ["failed_to_start_child", id, reason]], once for each supervisor.
      const [, [, id, [, [, child, reason]]]] = error.reason as never as Nested<
        Nested<Error & { code: string }>
      >;
      assert.deepEqual([id, child], [repo.name, "writer"]);
      assert.equal(reason.code, "ROOKERY_REPO_OPEN");
      return true;
    });
    await runtime.shutdown();
  });

  test("reads on, by the same Kysely, when the process that holds its connection is killed", async () => {
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("ada");
    const query = temporary.repo.db.selectFrom("users").select("email");
    temporary.runtime.exit("test.reader", "kill");
    await assert.rejects(query.execute(), { code: "ROOKERY_REPO_NOT_RUNNING" });
    await temporary.settle();
    assert.deepEqual(await query.execute(), [{ email: "ada" }]);
  });

  test("reads only, by its own Kysely", async () => {
    await using temporary = await TemporaryRepo.start();
    const { db } = temporary.repo;
    const expected = { code: "ROOKERY_REPO_READ_ONLY" };
    await assert.rejects(db.insertInto("users").values({ email: "x" }).execute(), expected);
    await assert.rejects(
      db.transaction().execute(async () => 1),
      expected,
    );
    assert.deepEqual(await temporary.emails(), []);
  });

  test("streams rows", async () => {
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("ada");
    await temporary.addUser("eva");
    const emails: string[] = [];
    for await (const row of temporary.repo.db.selectFrom("users").select("email").stream())
      emails.push(row.email);
    assert.deepEqual(emails, ["ada", "eva"]);
  });

  test("has on the disk what it has answered, when Node itself is killed", { timeout: 240_000 }, async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    const script = new URL("./inserting-process.ts", import.meta.url);
    const child = execFile(process.execPath, [script.pathname, path]);
    let output = "";
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk: string) => {
        output += chunk;
        if (output.split("\n").length > 500) child.kill("SIGKILL");
      });
      child.on("close", () => resolve());
    });
    const answered = output.split("\n").slice(0, -1);
    assert.ok(answered.length >= 500);
    const reading = openForReading(path);
    const { rows } = reading.query(CompiledQuery.raw("SELECT email FROM users"));
    const written = new Set(rows.map((row) => (row as { email: string }).email));
    assert.deepEqual(
      answered.filter((email) => !written.has(email)),
      [],
    );
    reading.close();
  });
});
