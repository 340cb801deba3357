import { assert, describe, test } from "vitest";
import type { LogEntry, LogStore } from "../../../channels/index.ts";
import { sqliteLogStore } from "../../../api/topic-log/sqlite-log-store.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { logStoreConformance } from "../../channels/resume/log-store-conformance.ts";
import { TemporaryFolder } from "../repo/temporary-repo.ts";

const NONE: ReadonlyMap<string, number> = new Map();
const entry: LogEntry = { topic: "t", offset: 1, event: "said", payload: '"ž"', origin: null, atMs: 5 };

/** A repo on that file, for as long as `use` takes. */
async function withRepo(path: string, use: (repo: Repo<unknown>) => Promise<void>): Promise<void> {
  const runtime = await Runtime.start({ logger: silentLogger });
  const repo = new Repo<unknown>({ path });
  await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
  try {
    await use(repo);
  } finally {
    await runtime.shutdown();
  }
}

async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  using folder = new TemporaryFolder();
  await use(folder.file("log.db"));
}

logStoreConformance("in SQLite", (use) =>
  withFile((path) =>
    withRepo(path, async (repo) => {
      const store = sqliteLogStore(repo)();
      assert.deepEqual(await store.open(true), []);
      await use(store);
    }),
  ),
);

describe("what a SQLite log has when it is opened again", () => {
  const written = async (store: LogStore): Promise<void> => {
    await store.open(true);
    await store.begin("t", "epoch", ["said", "whispered"]);
    await store.begin("empty", "epoch2", ["said"]);
    await store.append([entry, { ...entry, offset: 2 }], NONE);
    await store.append([{ ...entry, offset: 3, payload: new Uint8Array(7) }], new Map([["t", 2]]));
  };

  test("is all of it, after it was closed", () =>
    withFile(async (path) => {
      await withRepo(path, async (repo) => {
        const store = sqliteLogStore(repo)();
        await written(store);
        await store.close();
      });
      await withRepo(path, async (repo) => {
        const store = sqliteLogStore(repo)();
        const topics = await store.open(true);
        assert.sameDeepMembers(
          [...topics],
          [
            { topic: "empty", epoch: "epoch2", events: ["said"], offset: 0, entries: [] },
            {
              topic: "t",
              epoch: "epoch",
              events: ["said", "whispered"],
              offset: 3,
              entries: [
                { payloadBytes: 4, atMs: 5 },
                { payloadBytes: 7, atMs: 5 },
              ],
            },
          ],
        );
        assert.deepEqual(
          (await store.after("t", 0)).map(({ offset }) => offset),
          [2, 3],
        );
      });
    }));

  test("is all of it after a crash of the program, if that was asked for", () =>
    withFile(async (path) => {
      await withRepo(path, async (repo) => written(sqliteLogStore(repo)()));
      await withRepo(path, async (repo) => {
        const opened = (goOn: boolean) => sqliteLogStore(repo, { goOnAfterCrash: true })().open(goOn);
        assert.deepEqual((await opened(true)).map(({ epoch }) => epoch).toSorted(), ["epoch", "epoch2"]);
        assert.deepEqual(await opened(false), []);
      });
    }));

  test("is nothing if it was not closed, or is not to go on", () =>
    withFile(async (path) => {
      await withRepo(path, async (repo) => written(sqliteLogStore(repo)()));
      await withRepo(path, async (repo) => {
        const store = sqliteLogStore(repo)();
        assert.deepEqual(await store.open(true), []);
        assert.deepEqual(await store.after("t", 0), []);
        await store.close();
        const other = sqliteLogStore(repo)();
        await written(other);
        await other.close();
        assert.deepEqual(await sqliteLogStore(repo)().open(false), []);
      });
    }));
});
