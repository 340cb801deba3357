import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { describe, test } from "vitest";
import { change } from "../../../api/repo/changeset.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { connCase, dataCase, openSandbox } from "../../../api/testing.ts";
import { GenServer, type InitResult, ok } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { Registrar } from "./registrar.ts";
import { migrations, type Shop, shopAt } from "./shop.ts";

async function emails(repo: Repo<Shop>): Promise<string[]> {
  return (await repo.all("users")).map(({ email }) => email);
}

describe("dataCase", () => {
  test("gives each test a database of its own, migrated once", async () => {
    await using one = await dataCase({ repo: shopAt });
    await using other = await dataCase({ repo: shopAt });
    await one.repo.insert("users", change({ email: "ada@example.com" }));
    assert.deepEqual(await emails(one.repo), ["ada@example.com"]);
    assert.deepEqual(await emails(other.repo), []);
    assert.equal(migrations(), 1);
  });

  test("fills the template once, for all tests", async () => {
    let filled = 0;
    const fill = async (repo: Repo<Shop>): Promise<void> => {
      filled += 1;
      await repo.insert("users", change({ email: "everybody@example.com" }));
    };
    for (let run = 0; run < 2; run += 1) {
      await using it = await dataCase({ repo: shopAt, fill });
      assert.deepEqual(await emails(it.repo), ["everybody@example.com"]);
      await it.repo.insert("users", change({ email: "ada@example.com" }));
    }
    assert.equal(filled, 1);
  });

  test("leaves nothing behind", async () => {
    const it = await dataCase({ repo: shopAt });
    assert.ok(existsSync(it.database));
    await it[Symbol.asyncDispose]();
    assert.ok(!existsSync(dirname(it.database)));
    await assert.rejects(it.repo.insert("users", change({ email: "late@example.com" })));
  });

  test("ends with the test when it is handed what ends things", async () => {
    const ends: (() => Promise<void>)[] = [];
    const { database } = await dataCase({ repo: shopAt, onTestFinished: (end) => ends.push(end) });
    assert.ok(existsSync(database));
    for (const end of ends) await end();
    assert.ok(!existsSync(dirname(database)));
  });

  test("has the processes that a test starts in its sandbox, also those of other shards", async () => {
    await using it = await dataCase({ repo: shopAt, shards: 2 });
    const { runtime, database } = it;
    const registrar = await runtime.start(Registrar, database, { on: { shard: 1 } });
    assert.equal(await runtime.call(registrar, "register"), 1);
    assert.deepEqual(await emails(it.repo), ["elsewhere@example.com"]);
  });

  test("commits as in production: what is acknowledged is there, what throws is not", async () => {
    await using it = await dataCase({ repo: shopAt });
    const refused = it.repo.transaction(async (_db, transaction) => {
      await transaction.insert("users", change({ email: "gone@example.com" }));
      throw new Error("no");
    });
    await assert.rejects(refused, /no/);
    await Promise.all(
      [1, 2, 3].map((n) => it.repo.insert("users", change({ email: `user${n}@example.com` }))),
    );
    assert.equal((await emails(it.repo)).length, 3);
  });

  test("starts what else is needed, with the repo at hand, and ends it before the repo", async () => {
    const seen: string[] = [];
    const it = await dataCase({
      repo: shopAt,
      children: ({ repo }) => [{ id: "witness", start: [Witness, { repo, seen }] }],
    });
    assert.deepEqual(seen, ["0 users"]);
    await it.startSupervised({ id: "witness", start: [Witness, { repo: it.repo, seen }] });
    await it[Symbol.asyncDispose]();
    assert.deepEqual(seen.slice(1), ["0 users", "ended with 0", "ended with 0"]);
  });

  test("rejects with what went wrong itself, and leaves nothing behind", async () => {
    let database = "";
    const broken = (path: string): Repo<Shop> => {
      database = path;
      return shopAt(path);
    };
    const children = (): never => {
      throw new Error("no such thing");
    };
    await assert.rejects(dataCase({ repo: broken, children }), /no such thing/);
    assert.ok(!existsSync(dirname(database)));
    await assert.rejects(dataCase({ sead: 1 } as object), { code: "ROOKERY_BADARG" });
    await assert.rejects(dataCase({ seed: 0.5 }), { code: "ROOKERY_TEST_OPTION" });
  });

  test("rejects with the migration that fails", async () => {
    const up = (): never => {
      throw new Error("no such column");
    };
    const broken = (path: string): Repo<Shop> =>
      new Repo<Shop>({ path, migrations: [{ version: 1, name: "break it", up }] });
    const expected = { code: "ROOKERY_REPO_MIGRATION", message: /break it .*no such column/ };
    await assert.rejects(dataCase({ repo: broken }), expected);
    await assert.rejects(connCase({ repo: broken, router: defineRouter(() => []) }), expected);
  });

  test("takes the time of a clock that it is handed", async () => {
    const clock = new VirtualClock();
    await using it = await dataCase({ repo: shopAt, clock });
    clock.advance(60_000);
    assert.equal(it.runtime.clock.nowMs(), 60_000);
    assert.ok((await it.repo.insert("users", change({ email: "ada@example.com" }))).ok);
  });

  test("logs nowhere but in the test's log", async () => {
    await using it = await dataCase({ repo: shopAt });
    const lines = await it.log.during(() => it.runtime.logger.warn({ left: 0 }, "out of paper"));
    assert.deepEqual(lines, [{ level: "warn", message: "out of paper", fields: { left: 0 } }]);
  });
});

describe("openSandbox", () => {
  test("is gone with the process also when nobody has disposed of it", async () => {
    const program = `
      import { openSandbox } from "rookery/api/testing";
      import { shopAt } from ${JSON.stringify(new URL("shop.ts", import.meta.url).href)};
      console.log((await openSandbox(shopAt)).database);`;
    const flags = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    assert.match(stdout, /test\.db\n$/);
    assert.ok(!existsSync(dirname(stdout.trim())));
  });

  test("leaves it to the test who runs the repo", async () => {
    await using sandbox = await openSandbox(shopAt);
    assert.ok(existsSync(sandbox.database));
    await assert.rejects(sandbox.repo.all("users"), { code: "ROOKERY_REPO_NOT_RUNNING" });
  });
});

/** Says when it starts and ends, and what it sees then. */
class Witness extends GenServer<{ readonly repo: Repo<Shop>; readonly seen: string[] }> {
  async init(state: {
    readonly repo: Repo<Shop>;
    readonly seen: string[];
  }): Promise<InitResult<{ readonly repo: Repo<Shop>; readonly seen: string[] }>> {
    this.self.trapExit(true);
    state.seen.push(`${(await state.repo.all("users")).length} users`);
    return ok(state);
  }

  override async terminate(): Promise<void> {
    this.state.seen.push(`ended with ${(await this.state.repo.all("users")).length}`);
  }
}
