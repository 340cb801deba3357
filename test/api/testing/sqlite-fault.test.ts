import { describe, expect, test } from "vitest";
import { diskFull, sqliteBusy } from "../../../api/testing.ts";
import { Repo } from "../../../api/index.ts";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { simulate, type Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { chaos, eventually, type Fault } from "../../../supervisors/testing.ts";
import { TemporaryFolder, type TestDatabase, testMigrations } from "../repo/temporary-repo.ts";

class Shop implements AsyncDisposable {
  readonly subject: Simulation | Runtime;
  readonly repo: Repo<TestDatabase>;
  readonly path: string;
  readonly #folder: TemporaryFolder;

  private constructor(subject: Simulation | Runtime, repo: Repo<TestDatabase>, folder: TemporaryFolder) {
    this.subject = subject;
    this.repo = repo;
    this.#folder = folder;
    this.path = folder.file("shop.db");
  }

  static async start(subject: Simulation | Runtime): Promise<Shop> {
    const folder = new TemporaryFolder();
    const repo = new Repo<TestDatabase>({ path: folder.file("shop.db"), migrations: testMigrations });
    const shop = new Shop(subject, repo, folder);
    await shop.run((runtime) =>
      runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] }),
    );
    return shop;
  }

  run<Value>(work: (runtime: Runtime) => Promise<Value>): Promise<Value> {
    return this.subject instanceof Runtime ? work(this.subject) : this.subject.run(work);
  }

  add(email: string): Promise<unknown> {
    return this.run(() =>
      this.repo.transaction((db) => db.insertInto("users").values({ email }).returning("id").execute()),
    );
  }

  async emails(): Promise<string[]> {
    const rows = await this.run(() =>
      this.repo.db.selectFrom("users").select("email").orderBy("id").execute(),
    );
    return rows.map(({ email }) => email);
  }

  get runtime(): Runtime {
    return this.subject instanceof Runtime ? this.subject : this.subject.runtime;
  }

  async inflict(fault: Fault): Promise<void> {
    const script = [{ atMs: 0, fault: fault.name, target: "SQLite" }];
    await chaos(this.subject, { seed: 1, durationMs: 0, faults: [fault], script });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.subject instanceof Runtime) await this.subject.shutdown();
    else await this.subject[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

const kinds: Record<string, () => Promise<Simulation | Runtime>> = {
  "a simulation": () => simulate({ seed: 1, logger: silentLogger }),
  "a runtime that runs": () => Runtime.start({ logger: silentLogger }),
};
const big = "x".repeat(20_000);
/** Whatever is to be so may take this long: only a machine on which nothing goes on needs it. */
const LONG = { within: 60_000 };

for (const [kind, start] of Object.entries(kinds)) {
  describe(`a repo in ${kind}`, () => {
    test("does not write while another connection holds the lock, and loses nothing", async () => {
      await using shop = await Shop.start(await start());
      await shop.add("before");
      const startedMs = shop.runtime.clock.nowMs();
      await shop.inflict(sqliteBusy(shop.path, 1_000));
      let written = false;
      const adding = shop.repo.transaction(async (db) => {
        await db.insertInto("users").values({ email: "after" }).execute();
      });
      adding.then(
        () => (written = true),
        () => {},
      );
      await eventually(shop.subject, () => written, LONG);
      expect(shop.runtime.clock.nowMs() - startedMs).toBeGreaterThanOrEqual(500);
      expect(await shop.emails()).toEqual(["before", "after"]);
    });

    test("is full also if another connection holds the lock when that begins", async () => {
      await using shop = await Shop.start(await start());
      const faults = [sqliteBusy(shop.path, 100), diskFull(shop.repo, 2_000)];
      const script = faults.map(({ name }) => ({ atMs: 0, fault: name, target: "SQLite" }));
      await chaos(shop.subject, { seed: 1, durationMs: 200, faults, script });
      await expect(shop.add(big)).rejects.toMatchObject({ code: "ROOKERY_REPO_DISK_FULL" });
      await eventually(shop.subject, () => shop.add(`after ${big}`), LONG);
    });

    test("refuses what needs room while the disk is full, reads on, and writes again afterwards", async () => {
      await using shop = await Shop.start(await start());
      await shop.add("before");
      await shop.inflict(diskFull(shop.repo, 1_000));
      await expect(shop.add(big)).rejects.toMatchObject({ code: "ROOKERY_REPO_DISK_FULL" });
      await eventually(shop.subject, () => shop.add(`after ${big}`), LONG);
      expect(await shop.emails()).toEqual(["before", `after ${big}`]);
    });
  });
}
