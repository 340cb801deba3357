import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, test } from "vitest";
import { openForWriting } from "../../../api/repo/sqlite.ts";
import { fairLock } from "../../../runtime/internal.ts";
import { SimulatedShards } from "./simulated-shards.ts";
import { watch } from "./temporary-repo.ts";

const SHARDS = [0, 1, 2];

describe("writers of several shards", () => {
  test("never meet in SQLite, so none of them has to wait and ask again", async () => {
    await using shards = await SimulatedShards.start();
    const { simulation } = shards;
    const added = Array.from({ length: 60 }, (_, index) =>
      shards.addLate(index % 3, `user${index}`, index % 4 === 0 ? Promise.resolve() : undefined),
    );
    const atMs = simulation.clock.nowMs();
    await simulation.settle();
    await Promise.all(added);
    assert.equal(simulation.clock.nowMs(), atMs);
    assert.equal((await shards.emails(0)).length, 60);
  });

  test("commit the transactions of many callers together, each those of its shard", async () => {
    await using shards = await SimulatedShards.start();
    const added = SHARDS.flatMap((shard) =>
      Array.from({ length: 20 }, (_, index) => shards.addUser(shard, `user${index} of ${shard}`)),
    );
    await shards.simulation.settle();
    await Promise.all(added);
    for (const shard of SHARDS) {
      const { commits, transactions } = shards.writerState(shard);
      assert.deepEqual({ commits, transactions }, { commits: 1, transactions: 20 });
    }
  });

  test("let a shard read what it was answered at once, and the others, too", async () => {
    await using shards = await SimulatedShards.start();
    let read: string[][] = [];
    const added = shards.addUser(1, "a").then(async () => {
      read = await Promise.all(SHARDS.map((shard) => shards.emails(shard)));
    });
    await shards.simulation.settle();
    await added;
    assert.deepEqual(read, [["a"], ["a"], ["a"]]);
  });

  test("migrate the file once", async () => {
    await using shards = await SimulatedShards.start();
    const rows = await shards.repos[2]!.db.selectFrom("schema_migrations" as "users")
      .select("version" as "id")
      .execute();
    assert.equal(rows.length, 2);
  });

  test("hand the turn on with each commit, also when they have more to do", async () => {
    await using shards = await SimulatedShards.start();
    const order: string[] = [];
    const chain = async (shard: number): Promise<void> => {
      for (let number = 0; number < 5; number += 1) {
        await Promise.all([0, 1].map((part) => shards.addUser(shard, `${shard} ${number} ${part}`)));
        order.push(String(shard));
      }
    };
    const chains = SHARDS.map(chain);
    await shards.simulation.settle();
    await Promise.all(chains);
    // Nobody is served a third time before the others were served once.
    for (let at = 3; at <= 12; at += 3)
      assert.ok(new Set(order.slice(at - 3, at + 2)).size === 3, order.join(" "));
  });
});

describe("a transaction that dawdles while another shard wants to write", () => {
  test("is set aside, though it is alone, and run again", async () => {
    await using shards = await SimulatedShards.start();
    const late = Promise.withResolvers<void>();
    const slow = watch(shards.addLate(0, "slow", late.promise));
    await shards.simulation.settle();
    const other = watch(shards.addUser(1, "other"));
    await shards.simulation.advance(5);
    assert.deepEqual([slow.state, other.state], ["pending", "resolved"]);
    late.resolve();
    await shards.simulation.settle();
    assert.equal(slow.state, "resolved");
    assert.deepEqual(await shards.emails(2), ["other", "slow"]);
    assert.equal(shards.writerState(0).setAside, 1);
  });

  test("is left in peace until then", async () => {
    await using shards = await SimulatedShards.start({ transactionTimeoutMs: 1_000 });
    const slow = watch(shards.addLate(0, "slow", new Promise(() => {})));
    await shards.simulation.advance(999);
    assert.deepEqual([slow.state, shards.writerState(0).setAside], ["pending", 0]);
    await shards.simulation.advance(1);
    assert.equal((slow.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    const next = watch(shards.addUser(1, "next"));
    await shards.simulation.settle();
    assert.equal(next.state, "resolved");
  });

  test("may take longer each time, so that it comes to its end however much others write", async () => {
    await using shards = await SimulatedShards.start();
    const { simulation } = shards;
    let runs = 0;
    const slow = watch(
      shards.repos[0]!.transaction(async (db) => {
        runs += 1;
        await db.insertInto("users").values({ email: "slow" }).execute();
        await new Promise<void>((done) => simulation.clock.setTimer(100, done));
      }),
    );
    let longestMs = 0;
    let number = 0;
    const others = (async (): Promise<void> => {
      while (slow.state === "pending") {
        const atMs = simulation.clock.nowMs();
        await shards.addUser(1, `other${(number += 1)}`);
        longestMs = Math.max(longestMs, simulation.clock.nowMs() - atMs);
        await new Promise<void>((done) => simulation.clock.setTimer(1, done));
      }
    })();
    await simulation.advance(500);
    assert.equal(slow.state, "resolved");
    await others;
    assert.ok(runs > 2 && runs < 8, `${runs} runs`);
    assert.ok(longestMs <= 105, `another shard waited for ${longestMs} ms`);
  });

  test("and never ends keeps nobody from writing", async () => {
    await using shards = await SimulatedShards.start();
    const slow = watch(shards.addLate(0, "slow", new Promise(() => {})));
    for (let number = 0; number < 20; number += 1) {
      const other = watch(shards.addUser(1, `other${number}`));
      await shards.simulation.advance(1_100);
      assert.equal(other.state, "resolved");
    }
    assert.equal((slow.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
  });
});

describe("a writer that is killed", () => {
  test("in its turn gives it back, and nothing of its transaction is written", async () => {
    await using shards = await SimulatedShards.start();
    const slow = watch(shards.addLate(0, "slow", new Promise(() => {})));
    await shards.simulation.settle();
    const other = watch(shards.addUser(1, "other"));
    await shards.simulation.settle();
    assert.equal(other.state, "pending");
    shards.killWriter(0);
    await shards.simulation.settle();
    assert.deepEqual([slow.state, other.state], ["rejected", "resolved"]);
    const again = watch(shards.addUser(0, "again"));
    await shards.simulation.settle();
    assert.equal(again.state, "resolved");
    assert.deepEqual(await shards.emails(1), ["other", "again"]);
  });

  test("while it waits leaves the queue", async () => {
    await using shards = await SimulatedShards.start();
    const late = Promise.withResolvers<void>();
    const first = watch(shards.addLate(0, "first", late.promise));
    await shards.simulation.settle();
    const second = watch(shards.addUser(1, "second"));
    await shards.simulation.settle();
    const third = watch(shards.addUser(2, "third"));
    await shards.simulation.settle();
    shards.killWriter(1);
    late.resolve();
    await shards.simulation.settle();
    assert.deepEqual([first.state, second.state, third.state], ["resolved", "rejected", "resolved"]);
  });
});

describe("a shard that does not get its turn", () => {
  test("answers in time those who wait, and writes again when it gets it", async () => {
    await using shards = await SimulatedShards.start({ transactionTimeoutMs: 1_000 });
    const lock = await fairLock(
      shards.simulation.runtimes[2]!,
      `sqlite:${resolve(shards.folder.file("test.db"))}`,
    );
    const turn = lock!.acquire();
    await turn.granted;
    const waiting = watch(shards.addUser(0, "late"));
    await shards.simulation.advance(1_100);
    assert.equal((waiting.error as { code: string }).code, "ROOKERY_REPO_TRANSACTION_TIMEOUT");
    const next = watch(shards.addUser(0, "next"));
    turn.release();
    await shards.simulation.settle();
    assert.equal(next.state, "resolved");
    assert.deepEqual(await shards.emails(0), ["next"]);
  });

  test("does not keep it while another program has the lock of the file", async () => {
    await using shards = await SimulatedShards.start();
    const other = openForWriting(shards.folder.file("test.db"));
    other.exec("BEGIN IMMEDIATE");
    const added = SHARDS.map((shard) => watch(shards.addUser(shard, `user${shard}`)));
    await shards.simulation.advance(100);
    assert.deepEqual(
      added.map(({ state }) => state),
      ["pending", "pending", "pending"],
    );
    other.close();
    await shards.simulation.advance(5);
    assert.deepEqual(
      added.map(({ state }) => state),
      ["resolved", "resolved", "resolved"],
    );
  });
});
