import { describe, expect, test } from "vitest";
import { GenServer, ok, type Pid } from "../../../runtime/index.ts";
import { FarServer, LateServer } from "./far-server.ts";
import { acrossShards, doerOn, doers, runOn, sent } from "./far.ts";

const there = { on: { shard: 1 } } as const;

describe("a server that is started on another shard", () => {
  test("lives there, and is its starter's child: the parent, linked from the first moment", async () => {
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0, { trap: true });
      let child: Pid | undefined;
      let answers: unknown;
      near.do(async (self) => {
        child = await self.startLink(FarServer, undefined, there);
        answers = [await self.call(child, "pid"), await self.call(child, "parent")];
        self.call(child, { exit: "boom" }).catch(() => {});
      });
      await simulation.settle();
      expect(child?.shard).toBe(1);
      expect(answers).toEqual([child, near.pid]);
      expect(near.messages).toMatchObject([{ type: "EXIT", pid: child, reason: "boom" }]);
    });
  });

  test("ends with its parent, also when it traps exits", async () => {
    await acrossShards(async (simulation) => {
      for (const how of [undefined, "trap"] as const) {
        const near = doerOn(simulation, 0);
        let child: Pid | undefined;
        near.do(async (self) => {
          child = await self.startLink(FarServer, how, there);
        });
        await simulation.settle();
        near.do((self) => self.exit("boom"));
        await simulation.settle();
        expect(simulation.runtime.isAlive(child!)).toBe(false);
      }
    });
  });

  test("is monitored from the moment in which its init is done", async () => {
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0);
      near.do((self) => self.startMonitor(FarServer, "die at once", there));
      await simulation.settle();
      expect(near.messages).toMatchObject([{ type: "DOWN", reason: "boom" }]);
    });
  });

  test("fails to start with the reason of its init, of its name, of its time", async () => {
    await acrossShards(async (simulation) => {
      await runOn(simulation, 2, (self) => self.start(FarServer, undefined, { name: "taken" }));
      const failures: unknown[] = [];
      const near = doerOn(simulation, 0, { trap: true });
      near.do(async (self) => {
        for (const [arg, options] of [
          ["ignore", there],
          [{ stop: ["nope", 1n] }, there],
          ["hang", { ...there, timeoutMs: 10 }],
          [undefined, { ...there, name: "taken" }],
        ] as const)
          await self.start(FarServer, arg, options).catch((error: unknown) => failures.push(error));
      });
      await simulation.advance(10);
      expect(failures).toMatchObject([
        { reason: "ignore" },
        { reason: ["nope", 1n] },
        { reason: "timeout" },
        { reason: ["already_started", simulation.runtime.whereis("taken")] },
      ]);
    });
  });

  test("that is killed in its init is told of once to a starter who traps", async () => {
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0, { trap: true });
      const failures: unknown[] = [];
      near.do((self) => {
        self
          .startLink(FarServer, "hang", { ...there, name: "hanging" })
          .catch((error: unknown) => failures.push((error as { reason: unknown }).reason));
      });
      await simulation.settle();
      simulation.runtimes[2]!.exit("hanging", "kill");
      await simulation.settle();
      expect(failures).toEqual(["killed"]);
      expect(near.messages).toEqual([]);
    });
  });

  test("is not left behind by a starter that dies meanwhile", async () => {
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0);
      near.do((self) => {
        void self.startLink(LateServer, undefined, { ...there, name: "orphan" });
        self.exit("boom");
      });
      await simulation.settle();
      expect(simulation.runtime.whereis("orphan")).toBe(undefined);
    });
  });

  test("must name its module, be found there, and get an argument that can be copied", async () => {
    class Unnamed extends GenServer {
      init() {
        return ok(undefined);
      }
    }
    class Hidden extends FarServer {}
    const failures: unknown[] = [];
    await acrossShards(
      async (simulation) => {
        const near = doerOn(simulation, 0);
        near.do(async (self) => {
          const note = (error: unknown): void => void failures.push(error);
          await self.start(Unnamed, undefined, there).catch(note);
          await self.start(Hidden, undefined, there).catch(note);
          await self.start(FarServer, { stop: () => {} }, there).catch(note);
          failures.push((await self.start(FarServer, undefined, there)).shard);
        });
        await simulation.settle();
      },
      { runs: 1 },
    );
    expect(failures).toMatchObject([
      { code: "ROOKERY_NO_MODULE" },
      { reason: { code: "ROOKERY_NO_SERVER_CLASS" } },
      { code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining("message.stop") },
      1,
    ]);
  });

  test("is refused with options that make no sense as it is on the own shard", async () => {
    const wrong = [{ timeoutMs: -5 }, { hibernateAfterMs: "1" }, { nameScope: "node" }, { timout: 5 }];
    const codes: unknown[] = [];
    await acrossShards(
      async (simulation) => {
        const near = doerOn(simulation, 0);
        near.do(async (self) => {
          for (const options of wrong)
            for (const on of ["here", there.on] as const)
              await self
                .start(FarServer, undefined, { ...options, on } as never)
                .catch((error: { readonly code: unknown }) => codes.push(error.code));
        });
        await simulation.settle();
      },
      { runs: 1 },
    );
    expect(codes).toEqual(Array.from({ length: 2 * wrong.length }, () => "ROOKERY_BADARG"));
  });

  test("is placed where it is wanted: here, where fewest live, or where its key is", async () => {
    await acrossShards(
      async (simulation) => {
        const { near } = await doers(simulation);
        for (let n = 0; n < 5; n += 1) for (const place of [0, 1]) doerOn(simulation, place);
        await simulation.settle();
        const shards: number[] = [];
        near.do(async (self) => {
          for (const on of ["here", "least_loaded", { key: ["user", 7] }, { key: ["user", 7] }] as const)
            shards.push((await self.start(FarServer, undefined, { on })).shard);
        });
        await simulation.settle();
        expect(shards.slice(0, 2)).toEqual([0, 2]);
        expect(shards[2]).toBe(shards[3]);
        const byThird = await runOn(simulation, 2, (self) =>
          self.start(FarServer, undefined, { on: { key: ["user", 7] } }),
        );
        expect((await sent(simulation, 2, 0, byThird)).shard).toBe(shards[2]);
      },
      { runs: 3 },
    );
  });

  test("is placed by equal keys on one shard, whichever shard asks, also where they hold pids or references", async () => {
    await acrossShards(
      async (simulation) => {
        const near = doerOn(simulation, 0);
        const ref = await runOn(simulation, 0, (self) => self.alias());
        const keys = Array.from({ length: 10 }, (_, n) => [
          [near.pid, n],
          { ref, n },
          [new Map([[n, new Date(n)]]), n],
        ]).flat();
        const keysThere = await sent(simulation, 0, 2, keys);
        const placed = async (place: number, of: readonly unknown[]): Promise<number[]> => {
          const start = (key: unknown): Promise<Pid> =>
            runOn(simulation, place, (self) => self.start(FarServer, undefined, { on: { key } }));
          const shards: number[] = [];
          for (const key of of) shards.push((await start(key)).shard);
          return shards;
        };
        const here = await placed(0, keys);
        expect(new Set(here).size).toBe(3);
        expect(await placed(2, keysThere)).toEqual(here);
      },
      { runs: 3 },
    );
  });

  test("is one of many that are started at once: they are spread over the shards where fewest live", async () => {
    await acrossShards(
      async (simulation) => {
        const near = doerOn(simulation, 0);
        let pids: Pid[] = [];
        near.do(async (self) => {
          const starts = Array.from({ length: 30 }, () =>
            self.start(FarServer, undefined, { on: "least_loaded" }),
          );
          pids = await Promise.all(starts);
        });
        await simulation.settle();
        const living = [0, 1, 2].map((shard) => pids.filter((pid) => pid.shard === shard).length);
        expect(living.every((count) => count >= 9 && count <= 11)).toBe(true);
      },
      { runs: 5 },
    );
  });
});
