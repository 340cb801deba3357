import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, test } from "vitest";
import { exceptionStatus } from "../../../api/exception-status.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { faultOf } from "../../../api/repo/sqlite-fault.ts";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import {
  TemporaryFolder,
  TemporaryRepo,
  type TestDatabase,
  testMigrations,
  watch,
} from "./temporary-repo.ts";

const rejection = async (promise: Promise<unknown>): Promise<Error & { code?: string }> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error, "it did not fail");
  return error;
};

/** Overwrites a part of the file that no first look at it sees. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, Math.floor(bytes.length / 2));
  writeFileSync(path, bytes);
}

describe("a repo whose file is damaged", () => {
  test("says so to who meets the damage, with 500, and goes on", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    {
      await using first = await TemporaryRepo.start({ path });
      for (let user = 0; user < 40; user += 1) await first.addUser(`user${user} ${"x".repeat(2_000)}`);
      // So the writer is the last to close the file, and the log is part of it.
      await first.runtime.stop(first.supervisor, "shutdown");
    }
    damage(path);
    await using temporary = await TemporaryRepo.start({ path });
    const writer = temporary.runtime.whereis("test.writer");
    const reading = await rejection(temporary.emails());
    assert.equal(reading.code, "ROOKERY_REPO_CORRUPT");
    assert.equal(exceptionStatus(reading), 500);
    const streaming = await rejection(
      Array.fromAsync(temporary.repo.stream(temporary.repo.db.selectFrom("users").selectAll())),
    );
    assert.equal(streaming.code, "ROOKERY_REPO_CORRUPT");
    for (let time = 0; time < 20; time += 1) {
      const writing = await rejection(
        temporary.repo.transaction((db) => db.updateTable("users").set({ name: "x" }).execute()),
      );
      assert.equal(writing.code, "ROOKERY_REPO_CORRUPT");
    }
    assert.equal(temporary.runtime.whereis("test.writer"), writer, "the same writer");
    assert.deepEqual(await temporary.repo.get("users", 1).then((user) => user?.id), 1);
  });

  test("does not start on a file that is no database", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    writeFileSync(path, "All work and no play makes Jack a dull boy. ".repeat(100));
    const error = await rejection(TemporaryRepo.start({ path }));
    assert.match(JSON.stringify(error), /ROOKERY_REPO_CORRUPT/);
  });
});

describe("a repo whose disk fails to read", () => {
  test("says so, with 503", async () => {
    await using temporary = await TemporaryRepo.start();
    for (let user = 0; user < 400; user += 1) await temporary.addUser(`user${user} ${"x".repeat(2_000)}`);
    // What has been committed is in the log, of which the end is gone.
    truncateSync(`${temporary.folder.file("test.db")}-wal`, 4_096);
    const error = await rejection(temporary.emails());
    assert.equal(error.code, "ROOKERY_REPO_DISK");
    assert.equal(exceptionStatus(error), 503);
  });
});

describe("a fault below SQL", () => {
  for (const [code, expected, status] of [
    ["SQLITE_FULL", "ROOKERY_REPO_DISK_FULL", 503],
    ["SQLITE_BUSY", "ROOKERY_REPO_BUSY", 503],
    ["SQLITE_BUSY_RECOVERY", "ROOKERY_REPO_BUSY", 503],
    ["SQLITE_IOERR_FSYNC", "ROOKERY_REPO_DISK", 503],
    ["SQLITE_CANTOPEN", "ROOKERY_REPO_DISK", 503],
    ["SQLITE_CORRUPT_VTAB", "ROOKERY_REPO_CORRUPT", 500],
    ["SQLITE_NOTADB", "ROOKERY_REPO_CORRUPT", 500],
    ["SQLITE_CONSTRAINT_UNIQUE", undefined, 500],
  ] as const) {
    test(`${code} is ${expected ?? "none"}, answered with ${status}`, () => {
      const fault = faultOf(new Database.SqliteError("it fails", code));
      assert.equal((fault as { code?: string } | undefined)?.code, expected);
      assert.equal(exceptionStatus(fault), status);
    });
  }
});

describe("a repo of whose streams too many are open", () => {
  test("opens no more until one of them is given up", async () => {
    await using temporary = await TemporaryRepo.start();
    const { repo } = temporary;
    for (const email of ["a", "b"]) await temporary.addUser(email);
    const open = (): AsyncIterableIterator<object> => repo.stream(repo.db.selectFrom("users").selectAll(), 1);
    const streams = Array.from({ length: 100 }, open);
    for (const stream of streams) await stream.next();
    assert.equal((await rejection(open().next())).code, "ROOKERY_REPO_STREAMS");
    await streams[0]!.return?.();
    assert.deepEqual((await Array.fromAsync(open())).length, 2);
    for (const stream of streams) await stream.return?.();
  });
});

describe("a repo whose file is removed", () => {
  test("writes nothing where nobody would find it, with 503, until the file is back", async () => {
    await using temporary = await TemporaryRepo.start();
    const path = temporary.folder.file("test.db");
    await temporary.addUser("before");
    renameSync(path, `${path}.moved`);
    const error = await rejection(temporary.addUser("lost"));
    assert.equal(error.code, "ROOKERY_REPO_FILE_GONE");
    assert.equal(exceptionStatus(error), 503);
    writeFileSync(path, "");
    assert.equal((await rejection(temporary.addUser("lost"))).code, "ROOKERY_REPO_FILE_GONE");
    renameSync(`${path}.moved`, path);
    await temporary.addUser("after");
    assert.deepEqual(await temporary.emails(), ["before", "after"]);
  });
});

describe("a repo whose file another program has locked", () => {
  test("writes when it is free, and answers with 503 who can't wait for that", async () => {
    await using temporary = await TemporaryRepo.start({ transactionTimeoutMs: 1_000 });
    const other = new Database(temporary.folder.file("test.db"));
    other.exec("BEGIN IMMEDIATE");
    const late = watch(temporary.addUser("late"));
    await temporary.settle();
    assert.equal(late.state, "pending");
    for (let step = 0; step < 11; step += 1) {
      temporary.clock.advance(100);
      await temporary.settle();
    }
    assert.equal((late.error as { code?: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    assert.equal(exceptionStatus(late.error), 503);
    assert.deepEqual(await temporary.emails(), []);
    const patient = temporary.addUser("patient");
    await temporary.settle();
    other.exec("COMMIT");
    temporary.clock.advance(100);
    await patient;
    assert.deepEqual(await temporary.emails(), ["patient"]);
    other.close();
  });

  test("waits for a program that is migrating it", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    await (await TemporaryRepo.start({ path, migrations: [] }))[Symbol.asyncDispose]();
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    const runtime = await Runtime.start({ logger: silentLogger });
    const repo = new Repo<TestDatabase>({ path, migrations: testMigrations });
    const children = [repo.childSpec()];
    const starting = runtime.start(Supervisor, { strategy: "one_for_one", children });
    const watched = watch(starting);
    for (let turn = 0; turn < 1_000; turn += 1) await setImmediate();
    assert.equal(watched.state, "pending");
    other.exec("COMMIT");
    other.close();
    await starting;
    assert.deepEqual(await repo.all("users"), []);
    await runtime.shutdown();
  });

  test(
    "migrates and seeds a new file once, however many programs start at the same time",
    { timeout: 240_000 },
    async () => {
      using folder = new TemporaryFolder();
      const path = folder.file("new.db");
      const file = fileURLToPath(new URL("starting-process.ts", import.meta.url));
      const programs = Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, [file, path], { stdio: ["ignore", "ignore", "pipe"] });
        let errors = "";
        child.stderr.on("data", (chunk) => (errors += String(chunk)));
        const [code] = await once(child, "exit");
        return { code: code as number, errors };
      });
      for (const { code, errors } of await Promise.all(programs)) assert.equal(code, 0, errors);
      const database = new Database(path);
      const notes = database.prepare("SELECT text FROM notes ORDER BY rowid").pluck().all();
      assert.deepEqual(notes, ["one", "two", "three", "four", "seed"]);
      database.close();
    },
  );
});
