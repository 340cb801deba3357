import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Pid, Runtime, type ShardMessage, silentLogger } from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";
import { EveryShard } from "../../supervisors/index.ts";
import { FarListener, ShardTree } from "./shard-tree.ts";

const TOPIC = "room:1";

let runtime: Runtime;
beforeEach(async () => {
  runtime = await Runtime.start({ shards: 2, logger: silentLogger });
  await runtime.start(EveryShard, { start: [ShardTree, {}] });
});
afterEach(() => runtime.shutdown());

function listenerOn(shard: number): Promise<Pid<FarListener>> {
  return runtime.start(FarListener, TOPIC, { on: { shard } });
}

/** Asks again until that is the answer. */
async function answers(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  for (;;) {
    const answer = await ask();
    if (JSON.stringify(answer) === JSON.stringify(expected)) return;
    await new Promise(setImmediate);
  }
}

describe("PubSub and Presence on threads", () => {
  test("what is broadcast on one is heard on all, in order", async () => {
    const listeners = [await listenerOn(0), await listenerOn(1)];
    const sent = Array.from({ length: 1_000 }, (_, index) => ({ index }));
    for (const broadcaster of listeners) {
      for (const message of sent) runtime.cast(broadcaster, ["broadcast", message]);
      // Answered behind the last of them; what it has sent elsewhere is on its way before the answer.
      await runtime.call(broadcaster, "heard");
      for (const listener of listeners) {
        const heard = (await runtime.call(listener, "heard")) as unknown[];
        expect(heard.slice(-sent.length)).toEqual(sent);
      }
    }
  });

  test("who is tracked on one is listed on all, until its thread is gone; the next one hears and is listed again", async () => {
    const [here, there] = [await listenerOn(0), await listenerOn(1)];
    await runtime.call(here, ["track", "alice"]);
    await runtime.call(there, ["track", "bob"]);
    for (const listener of [here, there])
      await answers(() => runtime.call(listener, "listed"), ["alice", "bob"]);
    await runInProcess(runtime, async (self) => {
      self.monitorShards(true);
      self.cast(there, "end thread");
      for (const type of ["shard_down", "shard_up"])
        await self.receive((message) => (message as ShardMessage).type === type);
    });
    await answers(() => runtime.call(here, "listed"), ["alice"]);
    let again: Pid<FarListener> | undefined;
    // The tree of the new shard takes a moment: its listener doesn't start without it.
    while (again === undefined) again = await listenerOn(1).catch(() => undefined);
    await runtime.call(again, ["track", "carol"]);
    for (const listener of [here, again])
      await answers(() => runtime.call(listener, "listed"), ["alice", "carol"]);
    runtime.cast(here, ["broadcast", "welcome back"]);
    await answers(
      async () => ((await runtime.call(again, "heard")) as unknown[]).includes("welcome back"),
      true,
    );
  });
});
