import { describe, expect, test } from "vitest";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { fairLock } from "../../../runtime/shards/fair-locks.ts";
import { LockHolder } from "./lock-holder.ts";

function holderOn(runtime: Runtime, shard: number): Promise<Pid<LockHolder>> {
  return runtime.start(LockHolder, "turns", { on: { shard } });
}

describe("a lock of the runtime", () => {
  test("is not there where there is one shard", async () => {
    const runtime = await Runtime.start();
    expect(await fairLock(runtime, "turns")).toBeUndefined();
    await runtime.shutdown();
  });

  test("is one for all shards, and another one under another name", async () => {
    const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
    const holder = await holderOn(runtime, 1);
    await runtime.call(holder, "acquire");
    const turn = (await fairLock(runtime, "turns"))!.acquire();
    expect(turn.held).toBe(false);
    expect((await fairLock(runtime, "other turns"))!.acquire().held).toBe(true);
    await runtime.call(holder, "release");
    await turn.granted;
    await runtime.shutdown();
  });

  test("is given back for a shard that dies, and the one that takes its place gets it in its turn", async () => {
    const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
    for (let round = 0; round < 3; round += 1) {
      const holder = await holderOn(runtime, 1);
      await runtime.call(holder, "acquire");
      const turn = (await fairLock(runtime, "turns"))!.acquire();
      expect(turn.held).toBe(false);
      const back = shardIsBack(runtime);
      runtime.cast(holder, "exit");
      await turn.granted;
      turn.release();
      await back;
    }
    await runtime.shutdown();
  });
});

function shardIsBack(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => {
    runtime.spawn(async (self) => {
      self.monitorShards(true);
      await self.receive((message) => (message as { type: string }).type === "shard_up");
      resolve();
    });
  });
}
