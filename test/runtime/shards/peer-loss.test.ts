import { describe, expect, test } from "vitest";
import { noReply, type Pid, type Ref } from "../../../runtime/index.ts";
import type { Simulation } from "../../../runtime/testing.ts";
import { startScripted } from "../scripted-server.ts";
import { FarServer } from "./far-server.ts";
import { acrossShards, doerOn, doers, runOn, sent } from "./far.ts";

const reasonsOf = (messages: readonly unknown[]): unknown[] =>
  messages.map((message) => (message as { reason: unknown }).reason);

describe("a shard that is gone", () => {
  test("is noconnection to links and monitors of its processes, and to all that waits for them", async () => {
    await acrossShards(async (simulation) => {
      const { near, farHere } = await doers(simulation, { trap: true });
      const started = startScripted(simulation.runtimes[1]!, { call: () => noReply() });
      await simulation.settle();
      const server = await sent<Pid>(simulation, 1, 0, await started);
      const linked = doerOn(simulation, 0);
      linked.do((self) => self.link(farHere));
      const failures: unknown[] = [];
      near.do((self) => {
        self.link(farHere);
        self.monitor(farHere);
        self.sendRequest(server, "x");
        for (const waiting of [
          self.call(server, "x"),
          self.start(FarServer, "hang", { on: { shard: 1 } }),
          self.stop(farHere),
        ])
          waiting.catch((error: unknown) => failures.push((error as { reason: unknown }).reason));
      });
      await simulation.settle();
      simulation.loseShard(1);
      await simulation.settle();
      expect(reasonsOf(near.messages)).toEqual(["noconnection", "noconnection", "noconnection"]);
      expect(failures.flat()).toEqual(
        expect.arrayContaining(["noconnection", "noconnection", "noconnection"]),
      );
      expect(simulation.runtime.isAlive(linked.pid)).toBe(false);
      expect(simulation.runtime.isAlive(farHere)).toBe(false);
    });
  });

  test("takes what is sent to it without a word, and its pids stay what they were", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      const farThird = await sent(simulation, 1, 2, far.pid);
      near.do((self) => self.send(farHere, self.alias()));
      await simulation.settle();
      const alias = await sent(simulation, 1, 2, far.messages[0]);
      expect(alias).toBeDefined();
      far.do((self) => self.send(nearThere, self.alias()));
      await simulation.settle();
      const farAlias = near.messages[0] as Ref;
      const peer = simulation.runtime.shard.interconnect!.peer(1)!;
      simulation.loseShard(1);
      await simulation.settle();
      await runOn(simulation, 0, async (self) => {
        self.send(farHere, { a: 1 });
        self.send(farAlias, "nothing keeps this");
        expect(peer.waiting).toBe(0);
        self.cast(farHere, 1);
        self.exit(farHere, "kill");
        await expect(self.call(farHere, 1)).rejects.toMatchObject({ reason: ["noproc", expect.anything()] });
      });
      expect(await sent(simulation, 2, 0, farThird)).toBe(farHere);
      expect(await sent(simulation, 0, 2, farHere)).toBe(farThird);
    });
  });

  test("frees the names of its processes, and no other", async () => {
    await acrossShards(async (simulation) => {
      const { near, far } = await doers(simulation);
      far.do((self) => self.register("far away"));
      near.do((self) => self.register("near"));
      await simulation.settle();
      simulation.loseShard(1);
      await simulation.settle();
      expect(simulation.runtimes[2]!.whereis("far away")).toBe(undefined);
      expect(String(simulation.runtimes[2]!.whereis("near"))).toBe(String(near.pid));
      await runOn(simulation, 2, (self) => self.register("far away"));
    });
  });

  test("comes back empty and under another number, and works", async () => {
    await acrossShards(async (simulation) => {
      const { farHere } = await doers(simulation);
      simulation.loseShard(1);
      await simulation.settle();
      await simulation.startShard(1);
      await simulation.settle();
      const pid = await started(simulation);
      expect(pid.shard).not.toBe(farHere.shard);
      expect(simulation.runtime.isAlive(farHere)).toBe(false);
      expect(await runOn(simulation, 2, (self) => self.call("again", "pid"))).toMatchObject({ id: pid.id });
      simulation.loseShard(1);
      await simulation.settle();
      expect(simulation.runtime.isAlive(pid)).toBe(false);
      await simulation.startShard(1);
      await simulation.settle();
      expect((await started(simulation)).shard).not.toBe(pid.shard);
    });
  });

  test("in the middle of a flood in all directions leaves the others in order", async () => {
    await acrossShards(
      async (simulation) => {
        const collectors = [0, 1, 2].map((place) => doerOn(simulation, place));
        for (const [place, from] of simulation.runtimes.entries())
          for (const [to, collector] of collectors.entries()) {
            const pid = await sent(simulation, to, place, collector.pid);
            from.spawn(async (self) => {
              for (let n = 0; n < 60; n += 1) {
                self.send(pid, [place, n, "x".repeat(n)]);
                if (n % 5 === 0) await self.sleep(1);
              }
            });
          }
        await simulation.advance(3 + (simulation.seed % 5));
        simulation.loseShard(1);
        await simulation.advance(50);
        for (const place of [0, 2])
          for (const to of [0, 2]) {
            const numbers = (collectors[to]!.messages as [number, number][])
              .filter(([from]) => from === place)
              .map(([, n]) => n);
            expect(numbers).toEqual(Array.from({ length: 60 }, (_, n) => n));
          }
        const lost = (collectors[0]!.messages as [number, number][]).filter(([from]) => from === 1);
        expect(lost.map(([, n]) => n)).toEqual(lost.map((_, n) => n));
      },
      { runs: 10 },
    );
  });
});

function started(simulation: Simulation): Promise<Pid> {
  return runOn(simulation, 0, (self) =>
    self.start(FarServer, undefined, { on: { shard: 1 }, name: "again" }),
  );
}
