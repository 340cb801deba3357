import { describe, expect, test } from "vitest";
import {
  Agent,
  GenServer,
  ok,
  type Ok,
  reply,
  type Reply,
  Runtime,
  silentLogger,
} from "../../../runtime/index.ts";
import { runInProcess, simulate, type Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { assertionsOf, chaos, eventually, kill, under } from "../../../supervisors/testing.ts";
import { Counter } from "./counter.ts";
import { shop } from "./shop.ts";

/** Answers after a while, whatever it is asked. */
class Slow extends GenServer<undefined, "value" | "nothing"> {
  init(): Ok<undefined> {
    return ok(undefined);
  }
  override async handleCall(request: "value" | "nothing"): Promise<Reply<string | undefined>> {
    await this.self.sleep(100);
    return reply(request === "value" ? "at last" : undefined);
  }
}

const kinds: Record<
  string,
  () => Promise<AsyncDisposable & { runtime: Runtime; subject: Simulation | Runtime }>
> = {
  "a simulation": async () => {
    const simulation = await simulate({ seed: 1, logger: silentLogger });
    await simulation.run((runtime) => shop(runtime));
    return {
      runtime: simulation.runtime,
      subject: simulation,
      [Symbol.asyncDispose]: () => simulation[Symbol.asyncDispose](),
    };
  },
  "a runtime that runs": async () => {
    const runtime = await Runtime.start({ logger: silentLogger });
    await shop(runtime);
    return { runtime, subject: runtime, [Symbol.asyncDispose]: () => runtime.shutdown() };
  },
};

const failure = (assertion: Promise<unknown>): Promise<unknown> => assertion.catch((error: unknown) => error);

for (const [kind, start] of Object.entries(kinds)) {
  describe(`assertions about ${kind}`, () => {
    test("a child that was killed is restarted; one that was not is not", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      it.runtime.exit("stock", "kill");
      await system.assertRestarted("stock", { within: 1_000 });
      const error = await failure(system.assertRestarted("orders", { within: 10 }));
      expect(error).toMatchObject({
        code: "ROOKERY_EVENTUALLY",
        message: expect.stringContaining("the same process as before") as string,
      });
    });

    test("who is not restarted is down", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      const stock = it.runtime.whereis("stock")!;
      it.runtime.exit("stock", "kill");
      await system.assertDown(stock);
      const error = await failure(system.assertDown("orders", { within: 10 }));
      expect(String(error)).toContain("it lives");
      it.runtime.exit("shop", "kill");
      await system.assertDown("shop");
      await system.assertDown("orders");
      const unknown = await failure(system.assertDown("stokc", { within: 10 }));
      expect(String(unknown)).toContain("nobody had the name in the beginning");
    });

    test("a tree that heals has its shape; one that has lost a child does not", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      it.runtime.exit("stock", "kill");
      await system.assertTreeShape("shop");
      await system.assertTreeShape("shop", ["stock", "audit", "orders"]);
      const error = await failure(
        system.assertTreeShape("shop", ["stock", "audit", { orders: ["Counter"] }], { within: 10 }),
      );
      expect(String(error)).toContain("there is [audit, orders, stock]");
    });

    test("what is left over is named", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      it.runtime.exit("stock", "kill");
      await system.assertRestarted("stock");
      await system.assertNoLeaks({ within: 1_000 });
      const left = it.runtime.spawn(async (self) => {
        self.register("left");
        self.monitor("orders");
        self.sendAfter(1_000_000, self.pid, "late");
        await self.receive();
        await self.receive();
      });
      const error = String(await failure(system.assertNoLeaks({ within: 50 })));
      for (const text of ["processes: 4", "names: 4", "monitors:", "timers: 0 before, 1 now", "new: left"])
        expect(error).toContain(text);
      it.runtime.exit(left, "kill");
      await system.assertNoLeaks({ within: 1_000 });
    });

    test("a mailbox that nobody reads does not drain", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      for (let n = 0; n < 100; n += 1) it.runtime.cast("orders" as never, "add" as never);
      await system.assertMailboxesDrain();
      const deaf = it.runtime.spawn((self) => self.receive((message) => message === "never"));
      it.runtime.register("deaf", deaf);
      it.runtime.send(deaf, "something");
      const error = await failure(system.assertMailboxesDrain({ within: 50 }));
      expect(String(error)).toContain("messages lie in those of: deaf");
    });

    test("a process whose parent is gone is an orphan", async () => {
      await using it = await start();
      const system = await assertionsOf(it.subject);
      await system.assertNoOrphans();
      const agent = it.runtime.spawn(async (self) => {
        await Agent.start(self, () => 1, { name: "orphan" });
      });
      await eventually(it.subject, () => !it.runtime.isAlive(agent) && it.runtime.whereis("orphan"));
      const error = await failure(system.assertNoOrphans({ within: 10 }));
      expect(String(error)).toContain("lost who has started them: orphan");
    });
  });
}

describe("assertions refuse", () => {
  test.each([{ within: 10 }, "stock", ["stock", { orders: "Counter" }], [undefined]])(
    "a shape that is none: %o",
    async (shape) => {
      await using simulation = await simulate({ seed: 1, logger: silentLogger });
      await simulation.run((runtime) => shop(runtime));
      const system = await assertionsOf(simulation);
      expect(await failure(system.assertTreeShape("shop", shape as never))).toMatchObject({
        code: "ROOKERY_SUPERVISOR_OPTION",
        message: expect.stringContaining('such as ["orders", { workers: ["Worker"] }], as shape') as string,
      });
    },
  );

  test.each([undefined, {}, "shop"])("a subject that is no system: %o", async (subject) => {
    const expected = {
      code: "ROOKERY_SUPERVISOR_OPTION",
      message: expect.stringContaining("Expected a simulation, or a runtime on real time,") as string,
    };
    expect(await failure(assertionsOf(subject as never))).toMatchObject(expected);
    expect(await failure(eventually(subject as never, () => true))).toMatchObject(expected);
    expect(await failure(chaos(subject as never, { seed: 1, durationMs: 1 }))).toMatchObject(expected);
  });
});

describe("assertions about a simulation", () => {
  test("hold after an hour of chaos, which passes at once", async () => {
    await using simulation = await simulate({ seed: 3, shards: 3, logger: silentLogger });
    await simulation.run((runtime) => shop(runtime));
    const system = await assertionsOf(simulation);
    await chaos(simulation, {
      seed: 3,
      durationMs: 3_600_000,
      rateHz: 0.1,
      targets: [under("shop")],
      faults: [kill()],
    });
    await system.assertRestarted("stock");
    await system.assertNoOrphans();
    await system.assertTreeShape("shop");
    await system.assertMailboxesDrain();
    await system.assertNoLeaks();
  });

  test("see children on other shards", async () => {
    await using simulation = await simulate({ seed: 3, shards: 2, logger: silentLogger });
    const child = { id: "far", name: "far", start: [Counter, undefined] as const, on: { shard: 1 } };
    await simulation.run((runtime) =>
      runtime.start(Supervisor, { strategy: "one_for_one", children: [child] }, { name: "shop" }),
    );
    const system = await assertionsOf(simulation);
    await system.assertTreeShape("shop", ["far"]);
    simulation.runtime.exit("far", "kill");
    await system.assertRestarted("far");
    await system.assertNoOrphans();
  });
});

describe("eventually", () => {
  test("asks in simulated time, and resolves to the answer", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    let answer = 0;
    simulation.clock.setTimer(59_000, () => (answer = 42));
    expect(await eventually(simulation, () => answer, { within: 60_000 })).toBe(42);
    expect(simulation.clock.nowMs()).toBe(59_000);
  });

  test("waits for calls", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const { runtime } = simulation;
    await simulation.run(() => shop(runtime));
    simulation.clock.setTimer(100, () => runtime.cast("stock" as never, "add" as never));
    const value = () => runtime.call("stock" as never, "value" as never);
    expect(await eventually(simulation, value)).toBe(1);
  });

  test("waits for an answer that takes its time", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const slow = await simulation.run((runtime) => runtime.start(Slow, undefined));
    expect(await eventually(simulation, () => simulation.runtime.call(slow, "value"))).toBe("at last");
    const never = () => simulation.runtime.call(slow, "nothing");
    expect(String(await failure(eventually(simulation, never)))).toContain("it answered undefined");
  });

  test("rejects with what was expected and what came", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const error = await failure(
      eventually(
        simulation,
        () => {
          throw new Error("not so soon");
        },
        { within: 100, text: "a miracle" },
      ),
    );
    expect(String(error)).toContain("Expected a miracle within 100 ms, but it was not so: not so soon");
    expect(simulation.clock.nowMs()).toBe(100);
  });

  test("fails for what throws in a process, too", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const asked = () => runInProcess(simulation.runtime, () => Promise.reject(new Error("in a process")));
    expect(String(await failure(eventually(simulation, asked, { within: 1 })))).toContain("in a process");
  });
});
