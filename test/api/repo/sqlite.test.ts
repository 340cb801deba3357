import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { CompiledQuery } from "kysely";
import { describe, test } from "vitest";
import { openForReading, openForWriting, SqliteConnection } from "../../../api/repo/sqlite.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

const run = (connection: SqliteConnection, sql: string): unknown[] =>
  connection.query(CompiledQuery.raw(sql)).rows;

describe("openForWriting", () => {
  test("creates the file and its folder", () => {
    using folder = new TemporaryFolder();
    const path = folder.file("some/where/new.db");
    openForWriting(path).close();
    assert.ok(existsSync(path));
  });

  test("writes ahead, syncs every commit, checks foreign keys and waits for no lock", () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    const pragmas = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"];
    assert.deepEqual(
      pragmas.map((pragma) => Object.values(run(connection, `PRAGMA ${pragma}`)[0] as object)[0]),
      ["wal", 2, 1, 0],
    );
    connection.close();
  });

  for (const [what, code, prepare] of [
    ["a folder", "ROOKERY_REPO_OPEN", (folder: TemporaryFolder) => folder.path],
    [
      "a file in a file",
      "ROOKERY_REPO_OPEN",
      (folder: TemporaryFolder) => {
        writeFileSync(folder.file("file"), "");
        return folder.file("file/test.db");
      },
    ],
    [
      "no database",
      "ROOKERY_REPO_CORRUPT",
      (folder: TemporaryFolder) => {
        writeFileSync(folder.file("text.db"), "All work and no play makes Jack a dull boy. ".repeat(100));
        return folder.file("text.db");
      },
    ],
    [
      "half a database",
      "ROOKERY_REPO_CORRUPT",
      (folder: TemporaryFolder) => {
        const path = folder.file("half.db");
        const connection = openForWriting(path);
        for (let table = 0; table < 100; table += 1) run(connection, `CREATE TABLE t${table} (a, b, c)`);
        connection.close();
        truncateSync(path, Math.floor(readFileSync(path).length / 2));
        return path;
      },
    ],
  ] as const) {
    test(`says in one sentence that it can't open ${what}`, () => {
      using folder = new TemporaryFolder();
      const path = prepare(folder);
      assert.throws(
        () => openForWriting(path),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, code);
          assert.match(error.message, /^Expected .*: .+$/);
          assert.ok(error.message.includes(path));
          return true;
        },
      );
    });
  }

  // Nothing is write-protected for root.
  test.skipIf(process.getuid?.() === 0)("says so of a database that is write-protected", () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    openForWriting(path).close();
    chmodSync(path, 0o444);
    assert.throws(() => openForWriting(path), { code: "ROOKERY_REPO_OPEN" });
  });

  test("lets no query begin or end a transaction, however it is written", () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    connection.exec("BEGIN");
    for (const sql of [
      "COMMIT",
      "/* ; */ end",
      "ROLLBACK",
      "BEGIN",
      "SAVEPOINT a",
      "RELEASE a",
      "ATTACH 'x' AS x",
    ]) {
      assert.throws(() => run(connection, sql), { code: "ROOKERY_REPO_TRANSACTION_CONTROL" });
    }
    assert.ok(connection.inTransaction);
    connection.close();
  });
});

describe("openForReading", () => {
  test("sees what is committed, as soon as it is, also in statements prepared before the schema changed", () => {
    using folder = new TemporaryFolder();
    const writing = openForWriting(folder.file("test.db"));
    run(writing, "CREATE TABLE t (a)");
    const reading = openForReading(folder.file("test.db"));
    writing.exec("BEGIN");
    run(writing, "INSERT INTO t VALUES (1)");
    assert.deepEqual(run(reading, "SELECT * FROM t"), []);
    writing.exec("COMMIT");
    assert.deepEqual(run(reading, "SELECT * FROM t"), [{ a: 1 }]);
    run(writing, "ALTER TABLE t ADD COLUMN b DEFAULT 2");
    assert.deepEqual(run(reading, "SELECT * FROM t"), [{ a: 1, b: 2 }]);
    writing.close();
    reading.close();
  });

  test("writes nothing, and begins nothing", () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    const writing = openForWriting(path);
    run(writing, "CREATE TABLE t (a)");
    const reading = openForReading(path);
    for (const sql of [
      "INSERT INTO t VALUES (1)",
      "INSERT INTO t VALUES (1) RETURNING a",
      "BEGIN",
      "VACUUM",
      "PRAGMA query_only = OFF",
      "PRAGMA query_only(0)",
      "PRAGMA wal_checkpoint(TRUNCATE)",
      "PRAGMA journal_mode = DELETE",
    ]) {
      assert.throws(() => run(reading, sql), { code: "ROOKERY_REPO_READ_ONLY" });
    }
    writing.close();
    reading.close();
  });

  test("leaves no log beside the file that whoever copies it might forget, if it is the last to close it", () => {
    using folder = new TemporaryFolder();
    const writing = openForWriting(folder.file("test.db"));
    const reading = openForReading(folder.file("test.db"));
    run(writing, "CREATE TABLE t (a)");
    assert.deepEqual(run(reading, "SELECT * FROM t"), []);
    writing.close();
    reading.close();
    assert.deepEqual(readdirSync(folder.path), ["test.db"]);
  });

  test("refuses a file that is not there, or is no database", () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file("text.db"), "All work and no play makes Jack a dull boy. ".repeat(100));
    assert.throws(() => openForReading(folder.file("text.db")), { code: "ROOKERY_REPO_CORRUPT" });
    assert.throws(() => openForReading(folder.file("none.db")), { code: "ROOKERY_REPO_OPEN" });
  });
});

describe("SqliteConnection", () => {
  test("keeps working when there are more different queries than it keeps prepared", () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    for (let round = 0; round < 2; round += 1) {
      for (let number = 0; number < 1_200; number += 1) {
        assert.deepEqual(run(connection, `SELECT ${number} AS n`), [{ n: number }]);
      }
    }
    connection.close();
  });

  test("keeps no query prepared whose text is as long as its list of values", () => {
    const prepared: number[] = [];
    const connection = new SqliteConnection(new Database(":memory:"), (_statement, sql) => {
      prepared.push(sql.length);
    });
    const short = "SELECT 1";
    const long = `SELECT 1 WHERE 1 IN (${"1, ".repeat(10_000)} 1)`;
    for (const sql of [short, long, short, long]) run(connection, sql);
    assert.deepEqual(prepared, [short.length, long.length, long.length]);
    connection.close();
  });

  test("rolls an open transaction back when it is closed", () => {
    using folder = new TemporaryFolder();
    const path = folder.file("test.db");
    const connection = openForWriting(path);
    run(connection, "CREATE TABLE t (a)");
    connection.exec("BEGIN");
    run(connection, "INSERT INTO t VALUES (1)");
    connection.close();
    connection.close();
    assert.equal(connection.isOpen, false);
    const again = openForWriting(path);
    assert.deepEqual(run(again, "SELECT * FROM t"), []);
    again.close();
  });
});
