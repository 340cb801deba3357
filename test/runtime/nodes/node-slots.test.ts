import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { numberIn } from "../../../runtime/nodes/node-slot.ts";
import { collectGarbage } from "../shards/collect-garbage.ts";
import { A, acrossNodes, B, C, type Cluster, doers } from "./cluster.ts";

const RECONNECTS = 200;
/** Looked through at 64 that are gone, and two connections that are up. */
const SLOTS_MAX = 66;

async function reconnect(cluster: Cluster, each: () => Promise<unknown> = async () => {}): Promise<void> {
  for (let time = 0; time < RECONNECTS; time += 1) {
    cluster.loop.partition(A, B);
    cluster.loop.heal(A, B);
    await cluster.settle();
    await each();
    if (time % 30 !== 0) continue;
    // What was looked at in a turn lives until its end.
    await setImmediate();
    collectGarbage();
  }
}

/** How many slots node a keeps, on each of its shards and for all of them. */
function slotsOf(cluster: Cluster): number[] {
  const homes = cluster.nodes[A]!.runtimes.map(({ shard }) => shard.outside!);
  return [homes[0]!.connections!.kept, ...homes.map(({ nodes }) => nodes!.kept.slots)];
}

describe("a node that is lost and found again and again", () => {
  test("leaves nothing behind of connections that nobody can name", async () => {
    await acrossNodes(async (cluster) => {
      await reconnect(cluster, async () => {
        await cluster.sent("hello", [B, 1], [A, 2]);
      });
      for (const slots of slotsOf(cluster)) expect(slots).toBeLessThanOrEqual(SLOTS_MAX);
    }, 1);
  });

  test("is remembered by the pids that somebody has, whatever shard or node they are sent to", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const printed = farHere.toString();
      await reconnect(cluster);
      expect(printed).toContain(B);
      expect(farHere.toString()).toBe(printed);
      const onOther = await cluster.sent(farHere, [A, 2], [A, 1]);
      expect(onOther.toString()).toBe(printed);
      const there = await cluster.sent(farHere, [A, 2], [B, 0]);
      const elsewhere = await cluster.sent(onOther, [A, 1], [C, 0]);
      expect([there.toString(), elsewhere.toString()]).toEqual([far.pid.toString(), printed]);
    }, 1);
  });

  test("has a pid of a connection that was forgotten on its way mentioned as nobody's", async () => {
    await acrossNodes(async (cluster) => {
      const { connections, nodes } = cluster.runtime(A).shard.outside!;
      const forgotten = 1_000;
      nodes!.hear(["forgotten", [], forgotten], undefined);
      const pid = nodes!.pidOf(numberIn(forgotten, 0), 7, false, false);
      expect(pid.toString()).toBe("<?.0.7>");
      const there = await cluster.sent(pid, [A, 0], [B, 0]);
      expect([there.toString(), connections!.kept]).toEqual(["<?.0.7>", 2]);
      expect(cluster.runtime(A).nodes()).toEqual([B, C]);
    }, 1);
  });
});
