import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CompiledQuery } from "kysely";
import { afterEach, beforeEach, describe, test } from "vitest";
import { openForReading } from "../../../api/repo/sqlite.ts";
import { nameOn, type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { EveryShard } from "../../../supervisors/index.ts";
import { type Inserted, RepoUser, type RepoUserStats } from "./repo-user.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

const SHARDS = [0, 1, 2];

let folder: TemporaryFolder;
let runtime: Runtime;
let witness: Witness;

beforeEach(async () => {
  folder = new TemporaryFolder();
  runtime = await Runtime.start({ shards: 3, logger: silentLogger });
  witness = new Witness(runtime);
  await runtime.start(EveryShard, {
    start: [RepoUser, { path: folder.file("test.db"), witness: witness.pid }],
    name: "user",
    intensity: 1_000,
  });
});

afterEach(async () => {
  await runtime.shutdown();
  folder[Symbol.dispose]();
});

/** Hears from all shards what became of their insertions. */
class Witness {
  readonly pid: Pid;
  readonly answered: Inserted[] = [];
  readonly refused: Inserted[] = [];
  #wanted: { readonly isThere: () => boolean; readonly resolve: () => void } | undefined = undefined;

  constructor(onRuntime: Runtime) {
    this.pid = onRuntime.spawn(async (self) => {
      for (;;) {
        const inserted = (await self.receive()) as Inserted;
        (inserted.error === undefined ? this.answered : this.refused).push(inserted);
        if (this.#wanted?.isThere() === true) this.#wanted.resolve();
      }
    });
  }

  until(isThere: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { isThere, resolve };
    });
  }

  of(place: number): number {
    return this.answered.filter((inserted) => inserted.place === place).length;
  }
}

function user(shard: number): Pid<RepoUser> {
  return runtime.whereis(nameOn(shard, "user")) as Pid<RepoUser>;
}

function insertForever(shard: number): void {
  runtime.cast(user(shard), { insertForever: 8 });
}

/** Inserts from the shard, and answers what it reads right after. */
function insert(shard: number, name: string): Promise<string[]> {
  return runtime.call(user(shard), { insert: name }) as Promise<string[]>;
}

function names(shard: number): Promise<string[]> {
  return runtime.call(user(shard), "names") as Promise<string[]>;
}

/** Everybody stops, and has done what was begun. */
async function stopAll(): Promise<void> {
  for (const shard of runtime.shards()) {
    runtime.cast(user(shard), "stop");
    await insert(shard, `last of ${shard}`);
  }
}

describe("a repo on every shard", () => {
  test("reads what its shard was answered, and what the others were", async () => {
    for (const shard of SHARDS) {
      const seen = await insert(shard, `row ${shard}`);
      assert.equal(seen.length, shard + 1);
      for (const other of SHARDS) assert.deepEqual(await names(other), seen);
    }
  });

  test("gets its turn to write as often as the others, and groups its commits", async () => {
    for (const shard of SHARDS) insertForever(shard);
    await witness.until(() => SHARDS.every((shard) => witness.of(shard) > 0));
    const before = SHARDS.map((shard) => witness.of(shard));
    await witness.until(() => witness.answered.length >= 3_000);
    const counts = SHARDS.map((shard, index) => witness.of(shard) - before[index]!);
    await stopAll();
    assert.ok(Math.max(...counts) < 3 * Math.min(...counts), `${counts.join(", ")} rows of the shards`);
    for (const shard of SHARDS) {
      const { commits, transactions } = (await runtime.call(user(shard), "stats")) as RepoUserStats;
      assert.ok(commits * 2 < transactions, `${commits} commits for ${transactions} transactions`);
    }
    assert.deepEqual(witness.refused, []);
  });

  test("loses nothing that was answered, and writes nothing twice, whoever dies when", async () => {
    const faults = ["kill writer", "exit", "exit in a transaction"] as const;
    for (const shard of SHARDS) insertForever(shard);
    for (let round = 0; round < 12; round += 1) {
      const { length } = witness.answered;
      await witness.until(() => witness.answered.length > length + 200);
      const victim = round % 3;
      const fault = victim === 0 ? "kill writer" : faults[Math.floor(round / 3) % 3]!;
      const before = user(victim);
      runtime.cast(before, fault);
      if (fault === "kill writer") continue;
      // The others go on writing meanwhile, however the dead one left the lock.
      const others = witness.answered.length;
      await witness.until(() => witness.answered.length > others + 200 && isBack(victim, before));
      insertForever(victim);
    }
    await stopAll();
    await runtime.shutdown();
    const file = openForReading(folder.file("test.db"));
    const { rows } = file.query(CompiledQuery.raw("SELECT name FROM rows"));
    file.close();
    const written = rows.map((row) => (row as { name: string }).name);
    const onDisk = new Set(written);
    assert.equal(onDisk.size, written.length);
    for (const { name } of witness.answered) assert.ok(onDisk.has(name), `${name} is lost`);
    for (const { name } of witness.refused) assert.ok(!onDisk.has(name), `${name} was refused`);
    assert.ok(!written.some((name) => name.startsWith("doomed")));
    assert.ok(witness.refused.length > 0, "some were refused, or nobody died in the middle of it");
    const codes = new Set(witness.refused.map(({ error }) => error));
    codes.delete("ROOKERY_CALL_EXIT");
    codes.delete("ROOKERY_NOPROC");
    assert.deepEqual([...codes], []);
  });

  test("is not held up by a transaction that never returns on another shard", async () => {
    const program = fileURLToPath(new URL("stalling-transaction.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, folder.file("stalling.db")]);
    const { code, names: written } = JSON.parse(stdout) as { code: string; names: string[] };
    assert.equal(code, "ROOKERY_CALL_EXIT");
    assert.deepEqual(written.toSorted(), ["first", "second", "stalling", "third"]);
  });
});

function isBack(shard: number, before: Pid): boolean {
  const now = user(shard);
  return now !== undefined && now !== before;
}
