import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, test } from "vitest";
import { TemporaryFolder, TemporaryRepo } from "./temporary-repo.ts";

describe("backup", () => {
  test("is a sound copy of one moment, while others write", async () => {
    await using temporary = await TemporaryRepo.start();
    const { repo } = temporary;
    await repo.insertAll(
      "users",
      Array.from({ length: 5_000 }, (_, number) => ({ email: `user${number} ${"x".repeat(500)}` })),
    );
    const path = temporary.folder.file("backup.db");
    let done = false;
    const writing = (async () => {
      let count = 0;
      // Two rows at a time: one alone would show that the copy is of no moment.
      for (; !done; count += 1)
        await repo.insertAll("users", [{ email: `a${count}` }, { email: `b${count}` }]);
      return count;
    })();
    await repo.backup(path);
    done = true;
    const written = await writing;
    assert.ok(written > 0);
    const copy = new Database(path, { readonly: true });
    assert.deepEqual(copy.prepare("PRAGMA integrity_check").pluck().all(), ["ok"]);
    const [count] = copy.prepare("SELECT count(*) FROM users").pluck().all() as number[];
    assert.ok(count! >= 5_000 && count! < 5_000 + 2 * written && count! % 2 === 0);
    copy.close();
    assert.deepEqual(
      readdirSync(temporary.folder.path).filter((name) => name.includes("backup.db")),
      ["backup.db"],
    );
  });

  test("replaces an older one only when it is complete", async () => {
    await using temporary = await TemporaryRepo.start();
    const path = temporary.folder.file("backup.db");
    writeFileSync(path, "the older one");
    await temporary.addUser("ada");
    const backing = temporary.repo.backup(path);
    assert.equal(readFileSync(path, "utf8"), "the older one");
    await backing;
    const copy = new Database(path, { readonly: true });
    assert.deepEqual(copy.prepare("SELECT email FROM users").pluck().all(), ["ada"]);
    copy.close();
  });

  test("can be opened by a repo", async () => {
    using folder = new TemporaryFolder();
    await using temporary = await TemporaryRepo.start();
    await temporary.addUser("ada");
    await temporary.repo.backup(folder.file("copy.db"));
    await using second = await TemporaryRepo.start({ path: folder.file("copy.db") });
    await second.addUser("bob");
    assert.deepEqual(await second.emails(), ["ada", "bob"]);
  });

  test("that can't be written is an error, and leaves nothing behind", async () => {
    await using temporary = await TemporaryRepo.start();
    mkdirSync(temporary.folder.file("folder"));
    for (const path of ["no/such/folder.db", "folder"])
      await assert.rejects(temporary.repo.backup(temporary.folder.file(path)), {
        code: "ROOKERY_REPO_BACKUP",
      });
    assert.ok(!existsSync(temporary.folder.file("no")));
    assert.deepEqual(
      readdirSync(temporary.folder.path).filter((name) => name.startsWith(".")),
      [],
    );
  });

  test("does not go where a database is in use", async () => {
    await using temporary = await TemporaryRepo.start();
    const path = temporary.folder.file("test.db");
    await temporary.addUser("ada");
    await assert.rejects(temporary.repo.backup(path), { code: "ROOKERY_REPO_BACKUP" });
    assert.deepEqual(await temporary.emails(), ["ada"]);
    // Nor where its log happens to be empty.
    const checkpoint = new Database(path);
    checkpoint.pragma("wal_checkpoint(TRUNCATE)");
    checkpoint.close();
    await assert.rejects(temporary.repo.backup(path), { code: "ROOKERY_REPO_BACKUP" });
    await temporary.addUser("eva");
  });
});
