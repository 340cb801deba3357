import { describe, expect, test } from "vitest";
import type { Dest, Pid } from "../../../runtime/index.ts";
import { SeededRandom } from "../../../runtime/seeded-random.ts";
import type { Doer } from "../doer.ts";
import { A, acrossNodes, B, C, type Cluster, doer } from "./cluster.ts";

const NODES = [A, B, C];
const ROUNDS = 6;

interface Worker extends Doer {
  readonly node: string;
  readonly place: number;
  readonly name: string;
}

async function workers(cluster: Cluster): Promise<Worker[]> {
  const all = NODES.flatMap((node) =>
    [0, 1].map((place) => {
      const name = `worker ${place}`;
      return { ...doer(cluster, node, { place, name }), node, place, name };
    }),
  );
  await cluster.settle();
  return all;
}

describe("signals between two processes of different nodes", () => {
  test("keep their order, by pid and by name, however many send", async () => {
    await acrossNodes(async (cluster) => {
      const all = await workers(cluster);
      const random = new SeededRandom(7);
      const pids = new Map<string, Pid>();
      for (const from of all)
        for (const to of all)
          pids.set(
            `${from.node}${from.name}${to.node}${to.name}`,
            await cluster.sent(to.pid, [to.node, to.place], [from.node, from.place]),
          );
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const from of all) {
          from.do((self) => {
            for (let i = 0; i < 40; i += 1) {
              const to = all[random.below(all.length)]!;
              const byName: Dest = { name: to.name, node: to.node };
              const dest =
                random.below(3) === 0 ? byName : pids.get(`${from.node}${from.name}${to.node}${to.name}`)!;
              self.send(dest, {
                from: from.node + from.name,
                at: round * 1_000 + i,
                of: "x".repeat(random.below(400)),
              });
            }
          });
        }
        if (round % 2 === 1) await cluster.settle();
      }
      await cluster.settle();
      let received = 0;
      for (const { messages } of all) {
        const lastOf = new Map<string, number>();
        for (const { from, at } of messages as { from: string; at: number }[]) {
          expect(at).toBeGreaterThan(lastOf.get(from) ?? -1);
          lastOf.set(from, at);
          received += 1;
        }
      }
      expect(received).toBe(all.length * ROUNDS * 40);
    }, 3);
  });

  test("arrive up to some point when the nodes lose each other, none twice and none after a gap", async () => {
    await acrossNodes(async (cluster) => {
      const all = await workers(cluster);
      const sender = all[0]!;
      const receiver = all.find(({ node, place }) => node === B && place === 1)!;
      const dest = { name: receiver.name, node: B };
      for (let round = 0; round < 4; round += 1) {
        sender.do((self) => {
          for (let i = 0; i < 100; i += 1) {
            self.send(dest, [round, i]);
            if (round > 0 && i === 25 * round) cluster.loop.partition(A, B);
          }
        });
        await cluster.settle();
        cluster.loop.heal(A, B);
        await cluster.settle();
        const got = (receiver.messages.splice(0) as [number, number][]).map(
          ([of, i]) => (expect(of).toBe(round), i),
        );
        expect(got).toEqual(Array.from(got, (_, i) => i));
        expect(got.length).toBeLessThanOrEqual(100);
        if (round === 0) expect(got).toHaveLength(100);
      }
    }, 3);
  });
});

/** The last of several shards dies, with the third worker, and another one takes its place, with another worker. */
async function losesShard(cluster: Cluster, node: string): Promise<void> {
  const simulation = cluster.nodes[node]!;
  if (simulation.runtimes.length < 3) return;
  simulation.loseShard(2);
  await simulation.startShard(2);
  doer(cluster, node, { place: 2, name: "worker 2" });
}

describe("nodes, and shards of them, that come and go at random", () => {
  test("leave nobody waiting: each call ends, each monitor tells once", async () => {
    await acrossNodes(async (cluster) => {
      const random = new SeededRandom(11);
      const watchers = await workers(cluster);
      let [asked, ended, watched, told] = [0, 0, 0, 0];
      for (let round = 0; round < 12; round += 1) {
        for (const watcher of watchers) {
          const node = NODES[random.below(3)]!;
          if (node === watcher.node) continue;
          const dest = { name: `worker ${random.below(3)}`, node };
          watcher.do((self) => {
            watched += 1;
            self.spawn(async (child) => {
              const ref = child.monitor(dest);
              await child.receive({ ref });
              told += 1;
            });
            asked += 1;
            self.runtime.call(dest, "never answered").then(
              () => expect.unreachable(),
              () => (ended += 1),
            );
          });
        }
        const [one, other] = [NODES[random.below(3)]!, NODES[random.below(3)]!];
        if (random.below(2) === 0) cluster.loop.blink(one, other);
        else cluster.loop.partition(one, other);
        await losesShard(cluster, NODES[random.below(3)]!);
        if (random.below(2) === 0) await cluster.settle();
        cluster.loop.heal(one, other);
      }
      await cluster.settle();
      for (const node of NODES) expect(cluster.runtime(node).nodes()).toHaveLength(2);
      for (const [one, other] of [
        [A, B],
        [A, C],
        [B, C],
      ] as const)
        cluster.loop.partition(one, other);
      await cluster.settle();
      expect([ended, told]).toEqual([asked, watched]);
      expect(asked).toBeGreaterThan(10);
    }, 4);
  });
});
