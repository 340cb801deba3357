import { expect, test } from "vitest";
import { noReply, type Pid, type Self } from "../../../runtime/index.ts";
import { startScripted } from "../scripted-server.ts";
import { acrossShards, doerOn, sent } from "./far.ts";

const text = "x".repeat(3_000);

/** How many bytes wait on a shard for room in the ring to another, at the most that was seen. */
const MOST_WAITING = 1_048_576 + 65_536;

test("a process that floods another shard is held while that is behind, and nothing is lost or overtaken", async () => {
  for (const how of ["in a callback", "in asynchronous code"] as const)
    await acrossShards(
      async (simulation) => {
        const taken: number[] = [];
        const far = simulation.runtimes[1]!.spawn(async (self) => {
          for (;;) taken.push(((await self.receive()) as [number])[0]);
        });
        const farHere = await sent(simulation, 1, 0, far);
        const peer = simulation.runtime.shard.interconnect!.peer(1)!;
        let next = 0;
        let most = 0;
        const flood = (self: Self): void => {
          self.send(farHere, [next, text]);
          next += 1;
          most = Math.max(most, peer.waiting);
        };
        const server = startScripted(simulation.runtime, { info: ({ self }) => (flood(self), noReply()) });
        const body = simulation.runtime.spawn(async (self) => {
          for (;;) {
            await self.receive();
            flood(self);
          }
        });
        await simulation.settle();
        const flooder = how === "in a callback" ? await server : body;
        for (let n = 0; n < 3_000; n += 1) simulation.runtime.send(flooder, "go on");
        await simulation.settle();
        expect(taken).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
        expect(most).toBeGreaterThan(1_000_000);
        expect(most).toBeLessThan(MOST_WAITING);
        expect(simulation.runtime.info(flooder, "status")).toBe("waiting");
      },
      { runs: 2 },
    );
});

test("shards that flood each other in all directions make progress, and all arrives in order", async () => {
  await acrossShards(
    async (simulation) => {
      const collectors = [0, 1, 2].map((place) => doerOn(simulation, place));
      for (const [from, runtime] of simulation.runtimes.entries()) {
        const pids: Pid[] = [];
        for (const [to, { pid }] of collectors.entries()) pids.push(await sent(simulation, to, from, pid));
        for (let sender = 0; sender < 2; sender += 1)
          runtime.spawn((self) => {
            for (let n = 0; n < 300; n += 1)
              for (const pid of pids) self.send(pid, [`${from}.${sender}`, n, text]);
          });
      }
      await simulation.settle();
      for (const { messages } of collectors) {
        const bySender = Map.groupBy(messages as [string, number][], ([sender]) => sender);
        expect(bySender.size).toBe(6);
        for (const received of bySender.values())
          expect(received.map(([, n]) => n)).toEqual(Array.from({ length: 300 }, (_, n) => n));
      }
    },
    { runs: 2 },
  );
});
