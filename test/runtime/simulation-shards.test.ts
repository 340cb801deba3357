import { describe, expect, test } from "vitest";
import { DownMessage, ExitMessage, type Pid, type Runtime, silentLogger } from "../../runtime/index.ts";
import { simulate, simulateEach } from "../../runtime/testing.ts";

/** What a process of the first shard hears that is linked to one, and watches another. */
function watching(here: Runtime, linked: string, watched: string): unknown[] {
  const heard: unknown[] = [];
  here.spawn(async (self) => {
    self.trapExit(true);
    self.monitorShards(true);
    self.link(self.whereis(linked)!);
    self.monitor(watched);
    for (;;) heard.push(await self.receive());
  });
  return heard;
}

function named(runtime: Runtime, name: string): Pid {
  const pid = runtime.spawn((self) => self.receive());
  runtime.register(name, pid);
  return pid;
}

describe("Simulation.loseShard", () => {
  test("ends what runs there without a word of it; others get their DOWN and EXIT", async () => {
    await simulateEach({ runs: 30, shards: 3, logger: silentLogger }, async (simulation) => {
      const [here, there] = simulation.runtimes as [Runtime, Runtime];
      let turns = 0;
      there.spawn(async (self) => {
        for (; ; turns += 1) await self.sleep(10);
      });
      named(there, "linked");
      named(there, "watched");
      const heard = watching(here, "linked", "watched");
      await simulation.advance(25);
      simulation.loseShard(1);
      await simulation.advance(100);
      expect(turns).toBe(2);
      expect(simulation.runtime.shards()).toEqual([0, 2]);
      expect(simulation.runtime.whereis("watched")).toBeUndefined();
      const reasons = heard.map((message) =>
        message instanceof DownMessage || message instanceof ExitMessage ? message.reason : message,
      );
      expect(reasons.slice(0, 2)).toEqual(["noconnection", "noconnection"]);
      expect(reasons.slice(2)).toEqual([{ type: "shard_down", shard: 1 }]);
    });
  });

  test("leaves names to others that the shard was about to register", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const there = simulation.runtimes[1]!;
    const awaited = Promise.withResolvers<void>();
    let isThere = false;
    there.spawn(async (self) => {
      await awaited.promise;
      self.register("late");
      isThere = true;
      await self.receive();
    });
    await simulation.settle();
    simulation.loseShard(1);
    awaited.resolve();
    await simulation.settle();
    expect(isThere).toBe(true);
    await simulation.startShard(1);
    await simulation.settle();
    expect(() => named(simulation.runtimes[1]!, "late")).not.toThrow();
  });

  test("refuses the first shard, one that is not there, and one that is lost already", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    simulation.loseShard(1);
    const refused = expect.objectContaining({ code: "ROOKERY_BADARG" });
    for (const place of [0, 1, 2]) expect(() => simulation.loseShard(place)).toThrow(refused);
    await using alone = await simulate({ seed: 1 });
    expect(() => alone.loseShard(0)).toThrow(refused);
  });
});

test.each([0, -1, 1.5, 65, "2"])("simulate refuses %o shards", async (shards) => {
  await expect(simulate({ seed: 1, shards: shards as number })).rejects.toMatchObject({
    code: "ROOKERY_BADARG",
    message: expect.stringContaining("Expected 1 to 64 shards") as string,
  });
});

describe("Simulation.startShard", () => {
  test("puts an empty shard in the place of one that was lost, connected with all", async () => {
    await simulateEach({ runs: 30, shards: 3, logger: silentLogger }, async (simulation) => {
      const [here, former, other] = simulation.runtimes as [Runtime, Runtime, Runtime];
      named(former, "name");
      simulation.loseShard(1);
      await simulation.startShard(1);
      await simulation.settle();
      const again = simulation.runtimes[1]!;
      expect([again === former, again.place, again.processes()]).toEqual([false, 1, []]);
      for (const runtime of simulation.runtimes) expect(runtime.shards()).toEqual([0, 1, 2]);
      named(again, "name");
      expect(here.whereis("name")).toBeDefined();
      const got: unknown[] = [];
      for (const runtime of [here, other]) {
        const sender = runtime === here ? "here" : "other";
        const pid = again.spawn(async (self) => {
          self.register(sender);
          got.push(await self.receive());
        });
        expect(pid).toBeDefined();
      }
      await simulation.settle();
      here.send("here", 1);
      other.send("other", 2);
      await simulation.settle();
      expect(got.toSorted()).toEqual([1, 2]);
    });
  });

  test("refuses a place whose shard runs, and one that there never was", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    for (const place of [0, 1, 2]) {
      await expect(simulation.startShard(place)).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
    }
  });
});

describe("Simulation.settle", () => {
  test("calls no rejection unhandled that a process is about to handle", async () => {
    await using simulation = await simulate({ seed: 1, inOrder: true });
    const { runtime } = simulation;
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const server = runtime.spawn((self) => self.receive());
      await simulation.settle();
      const heard: unknown[] = [];
      runtime.spawn(async (self) => {
        const asked = async (): Promise<unknown> => self.call(server, "anything");
        await asked().catch((error: unknown) => heard.push(error));
      });
      runtime.spawn(() => runtime.exit(server, "kill"));
      await simulation.settle();
      expect(heard).toHaveLength(1);
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
