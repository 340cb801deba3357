import { describe, expect, test } from "vitest";
import type { Pid, Ref } from "../../../runtime/index.ts";
import { NodeTerms } from "../../../runtime/nodes/node-terms.ts";
import { A, acrossNodes, B, C, type Cluster, doer, doers } from "./cluster.ts";

/** `value` as it arrives when it is encoded on one node and decoded on another, beside what signals carry. */
function told<Value>(
  cluster: Cluster,
  value: Value,
  from: readonly [string, number],
  to: readonly [string, number],
): Value {
  const bytes = new NodeTerms(cluster.runtime(...from), from[0]).encode([value]);
  return (new NodeTerms(cluster.runtime(...to), to[0]).decode(from[0], bytes) as [Value])[0];
}

describe("pids in what nodes tell each other beside signals", () => {
  test("are those of signals where the nodes are connected: sent to, watched, and found dead", async () => {
    await acrossNodes(async (cluster) => {
      const far = doer(cluster, B, { place: 1 });
      const near = doer(cluster, A, { place: 2 });
      await cluster.settle();
      const pid = told(cluster, far.pid, [B, 1], [A, 2]);
      expect(await cluster.sent(far.pid, [B, 1], [A, 2])).toBe(pid);
      expect(told(cluster, pid, [A, 2], [B, 1])).toBe(far.pid);
      const atThird = told(cluster, pid, [A, 2], [C, 1]);
      expect(atThird).toBe(await cluster.sent(far.pid, [B, 1], [C, 1]));
      expect(told(cluster, atThird, [C, 1], [B, 1])).toBe(far.pid);
      near.do((self) => {
        self.monitor(pid);
        self.send(pid, "hello");
      });
      await cluster.settle();
      expect(far.messages).toEqual(["hello"]);
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(near.messages).toMatchObject([{ process: pid, reason: "boom" }]);
    });
  });

  test("are themselves when they come home, also of a connection that is gone", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const home: Pid = doer(cluster, A, { place: 2 }).pid;
      cluster.loop.partition(A, B);
      await cluster.settle();
      expect(told(cluster, farHere, [A, 2], [B, 1])).toBe(far.pid);
      const dead = told(cluster, home, [A, 2], [B, 1]);
      const runtime = cluster.runtime(B, 1);
      expect([runtime.isAlive(dead), runtime.nodeOf(dead)]).toEqual([false, A]);
      far.do((self) => self.monitor(dead));
      await cluster.settle();
      expect(far.messages).toMatchObject([{ process: dead, reason: "noconnection" }]);
      expect(told(cluster, dead, [B, 1], [A, 2])).toBe(home);
    });
  });

  test("of a node that was started again are not taken for those that it has now", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const old = new NodeTerms(cluster.runtime(B, 1), B).encode([far.pid]);
      await cluster.nodes[B]![Symbol.asyncDispose]();
      await cluster.start(B);
      const again = doer(cluster, B, { place: 1 });
      await cluster.settle();
      expect(again.pid.id).toBe(far.pid.id);
      for (const [node, place] of [
        [A, 2],
        [B, 1],
      ] as const) {
        const fresh = node === B ? again.pid : await cluster.sent(again.pid, [B, 1], [node, place]);
        const runtime = cluster.runtime(node, place);
        const late = (new NodeTerms(runtime, node).decode(B, old) as [Pid])[0];
        const byOther = told(cluster, farHere, [A, 2], [node, place]);
        for (const dead of [late, byOther]) {
          expect(dead).not.toBe(fresh);
          expect(runtime.isAlive(dead)).toBe(false);
        }
      }
    });
  });

  test("references, too: an alias takes what is sent to it", async () => {
    await acrossNodes(async (cluster) => {
      const near = doer(cluster, A, { place: 2 });
      let alias: Ref | undefined;
      near.do((self) => (alias = self.alias()));
      await cluster.settle();
      const there = told(cluster, alias!, [A, 2], [B, 1]);
      cluster.runtime(B, 1).send(there, "to the alias");
      await cluster.settle();
      expect(near.messages).toEqual(["to the alias"]);
      const atThird = told(cluster, there, [B, 1], [C, 0]);
      cluster.runtime(C).send(atThird, "from the third");
      await cluster.settle();
      expect(near.messages).toEqual(["to the alias", "from the third"]);
    });
  });
});
