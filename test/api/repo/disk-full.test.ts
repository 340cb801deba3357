import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { sql } from "kysely";
import { describe, test } from "vitest";
import { exceptionStatus } from "../../../api/exception-status.ts";
import { SmallDisk } from "./small-disk.ts";
import { TemporaryRepo } from "./temporary-repo.ts";

/** A row of five pages. */
const big = (name: string): string => `${name} ${"x".repeat(20_000)}`;

/** Adds rows one after the other until one is refused. Answers the names of those that were not, and the error. */
async function addUntilRefused(temporary: TemporaryRepo): Promise<{ emails: string[]; error: Error }> {
  const emails: string[] = [];
  for (;;) {
    const email = big(`user${emails.length}`);
    try {
      await temporary.addUser(email);
    } catch (error) {
      return { emails, error: error as Error };
    }
    emails.push(email);
  }
}

function assertDiskFull(error: unknown): void {
  assert.equal((error as { code?: unknown }).code, "ROOKERY_REPO_DISK_FULL");
  assert.equal(exceptionStatus(error), 503);
}

/** A repo that has no room any more, and how it gets some. */
interface FullRepo {
  readonly temporary: TemporaryRepo;
  readonly emails: readonly string[];
  readonly error: Error;
  makeRoom(): Promise<void>;
}

async function onSmallDisk(disk: SmallDisk): Promise<FullRepo & AsyncDisposable> {
  const temporary = await TemporaryRepo.start({ path: disk.folder.file("test.db") });
  return {
    temporary,
    ...(await addUntilRefused(temporary)),
    makeRoom: async () => disk.makeRoom(),
    [Symbol.asyncDispose]: async () => {
      await temporary[Symbol.asyncDispose]();
      disk[Symbol.dispose]();
    },
  };
}

/** Without a disk of its own: the file may not have more pages. */
async function withFewPages(): Promise<FullRepo & AsyncDisposable> {
  const temporary = await TemporaryRepo.start();
  const limit = (pages: number): Promise<unknown> =>
    temporary.repo.transaction((db) => sql`PRAGMA max_page_count = ${sql.lit(pages)}`.execute(db));
  await limit(200);
  return {
    temporary,
    ...(await addUntilRefused(temporary)),
    makeRoom: async () => void (await limit(10_000)),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

const kinds: Record<string, () => Promise<FullRepo & AsyncDisposable> | undefined> = {
  "a file that may not grow": withFewPages,
  // The log is full before its first checkpoint, after 1,000 pages.
  "a disk without room for the log": () => {
    const disk = SmallDisk.mount(3, 1);
    return disk && onSmallDisk(disk);
  },
  // The checkpoint would need as much room again in the file itself.
  "a disk without room for the checkpoint": () => {
    const disk = SmallDisk.mount(9, 2);
    return disk && onSmallDisk(disk);
  },
};

for (const [kind, start] of Object.entries(kinds)) {
  describe(`a repo on ${kind}`, () => {
    test("refuses with 503, keeps what it has acknowledged, and writes again when there is room", async (context) => {
      const starting = start();
      if (starting === undefined) return context.skip();
      await using full = await starting;
      const { temporary, emails, error } = full;
      const writer = temporary.runtime.whereis("test.writer");
      assertDiskFull(error);
      assert.ok(emails.length > 10);
      assert.deepEqual(await temporary.emails(), emails);

      await full.makeRoom();
      await temporary.addUser("after");
      assert.deepEqual(await temporary.emails(), [...emails, "after"]);
      assert.equal(temporary.runtime.whereis("test.writer"), writer, "the same writer");
      const sound = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(temporary.repo.db);
      assert.deepEqual(sound.rows, [{ integrity_check: "ok" }]);
    });

    test("answers each of many callers truthfully", async (context) => {
      const starting = start();
      if (starting === undefined) return context.skip();
      await using full = await starting;
      const { temporary, emails } = full;
      const more = Array.from({ length: 50 }, (_, number) =>
        number % 2 === 0 ? `small${number}` : big(`big${number}`),
      );
      const results = await Promise.allSettled(more.map((email) => temporary.addUser(email)));
      const written = more.filter((_, index) => results[index]!.status === "fulfilled");
      for (const result of results) if (result.status === "rejected") assertDiskFull(result.reason);
      assert.deepEqual((await temporary.emails()).toSorted(), [...emails, ...written].toSorted());
      assert.ok(written.length < more.length);
    });
  });
}

describe("a repo on a full disk", () => {
  test("opens, reads, and refuses to write until there is room", async (context) => {
    const disk = SmallDisk.mount(3, 1);
    if (disk === undefined) return context.skip();
    await using full = await onSmallDisk(disk);
    const { temporary, emails } = full;
    disk.fill();
    await temporary.killWriter();
    assert.deepEqual(await temporary.emails(), emails);
    const error = await temporary.addUser(big("one more")).catch((thrown: unknown) => thrown);
    assertDiskFull(error);
    disk.makeRoom();
    await temporary.addUser("after");
    assert.deepEqual(await temporary.emails(), [...emails, "after"]);
  });

  test("is not left with half a backup", async (context) => {
    const disk = SmallDisk.mount(3, 1);
    if (disk === undefined) return context.skip();
    await using full = await onSmallDisk(disk);
    const { repo } = full.temporary;
    const path = disk.folder.file("backup.db");
    await assert.rejects(repo.backup(path), { code: "ROOKERY_REPO_BACKUP" });
    assert.ok(!existsSync(path));
    const elsewhere = full.temporary.folder.file("backup.db");
    await repo.backup(elsewhere);
    assert.ok(statSync(elsewhere).size > 0);
  });
});
