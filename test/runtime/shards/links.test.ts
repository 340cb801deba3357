import { describe, expect, test } from "vitest";
import { ExitMessage } from "../../../runtime/index.ts";
import { onProcessExit } from "../../../runtime/internal.ts";
import { acrossShards, doerOn, doers, sent } from "./far.ts";

const reasonsOf = (messages: readonly unknown[]): unknown[] =>
  messages.map((message) => (message as { reason: unknown }).reason);

describe("a link between shards", () => {
  test("ends the other side with the same reason, whichever of them dies", async () => {
    for (const dies of ["near", "far"] as const) {
      await acrossShards(async (simulation) => {
        const { near, far, farHere } = await doers(simulation);
        const watcher = doerOn(simulation, 2);
        const watched = [await sent(simulation, 0, 2, near.pid), await sent(simulation, 1, 2, far.pid)];
        watcher.do((self) => watched.forEach((pid) => self.monitor(pid)));
        near.do((self) => self.link(farHere));
        await simulation.settle();
        ({ near, far })[dies].do((self) => self.exit("boom"));
        await simulation.settle();
        expect(reasonsOf(watcher.messages)).toEqual(["boom", "boom"]);
      });
    }
  });

  test("tells one who traps of every end, also of a normal one, and of a kill as killed", async () => {
    const reasons = ["normal", "shutdown", ["shutdown", 1], { a: new Map([[1, 2n]]) }, "kill"];
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0, { trap: true });
      for (const reason of reasons) {
        const far = doerOn(simulation, 1);
        const farHere = await sent(simulation, 1, 0, far.pid);
        near.do((self) => self.link(farHere));
        await simulation.settle();
        near.do((self) => self.exit(farHere, "normal"));
        if (reason === "normal") far.do((self) => self.exit(reason));
        else near.do((self) => self.exit(farHere, reason));
        await simulation.settle();
        expect(near.messages.at(-1)).toEqual(new ExitMessage(farHere, reason === "kill" ? "killed" : reason));
        expect(simulation.runtime.isAlive(farHere)).toBe(false);
      }
      expect(near.messages.length).toBe(reasons.length);
    });
  });

  test("hands on the reason kill of one who ends itself with it as a reason like any other", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere } = await doers(simulation, { trap: true });
      far.do((self) => {
        self.link(nearThere);
        self.exit("kill");
      });
      await simulation.settle();
      expect(reasonsOf(near.messages)).toEqual(["kill"]);
    });
  });

  test("to one known to be dead is refused as within a shard; if that is not known yet, it ends with noproc", async () => {
    const ends: unknown[] = [];
    await acrossShards(async (simulation) => {
      const { far, farHere } = await doers(simulation);
      simulation.runtimes[1]!.exit(far.pid, "boom");
      const known = simulation.seed % 2 === 0;
      if (known) await simulation.settle();
      const linking = simulation.runtime.spawn((self) => {
        try {
          self.link(farHere);
        } catch (error) {
          self.exit((error as { code: unknown }).code);
        }
        return self.receive();
      });
      onProcessExit(linking, (reason) => ends.push(reason));
      await simulation.settle();
      expect(ends.at(-1)).toBe(known ? "ROOKERY_NOPROC" : "noproc");
    });
  });

  test("to one known to be dead, or not yet known to be, tells one who traps that there is none", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation, { trap: true });
      const exits: unknown[] = [];
      simulation.runtimes[1]!.exit(far.pid, "kill");
      simulation.runtime.spawn(async (self) => {
        self.trapExit(true);
        self.link(farHere);
        exits.push(await self.receive());
      });
      near.do((self) => self.link(farHere));
      await simulation.settle();
      expect([...exits, ...near.messages]).toEqual([
        new ExitMessage(farHere, "noproc"),
        new ExitMessage(farHere, "noproc"),
      ]);
    });
  });

  test("is over with unlink, whatever was under way from the other side", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      near.do((self) => {
        // Its end may be known here already: then a link is refused.
        if (self.isAlive(farHere)) self.link(farHere);
        self.unlink(farHere);
      });
      far.do((self) => {
        self.link(nearThere);
        self.unlink(nearThere);
        self.exit("boom");
      });
      await simulation.settle();
      expect(simulation.runtime.info(near.pid)?.links).toEqual([]);
    });
  });

  test("that was ended and entered again is not broken by what came of the first one", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation, { trap: true });
      near.do((self) => self.link(farHere));
      await simulation.settle();
      let hasEnded = false;
      far.do((self) => {
        hasEnded = true;
        self.exit("first");
      });
      let dead: boolean | undefined;
      let endedBefore: boolean | undefined;
      near.do((self) => {
        endedBefore = hasEnded;
        self.unlink(farHere);
        dead = !self.isAlive(farHere);
        self.link(farHere);
      });
      await simulation.settle();
      // If the near one knew of the end before, the first link told of it. If the far one lived when it was linked anew, the second did.
      const second = endedBefore === true ? "noproc" : expect.toBeOneOf(["noproc", "first"]);
      expect(reasonsOf(near.messages)).toEqual(dead === true ? ["first", "noproc"] : [second]);
      expect(simulation.runtime.info(near.pid)?.links).toEqual([]);
    });
  });

  test("is one of which both sides think the same, after any links and unlinks from both", async () => {
    await acrossShards(
      async (simulation) => {
        const { near, far, nearThere, farHere } = await doers(simulation);
        for (let round = 0; round < 40; round += 1) {
          const chance = simulation.runtime.random.next();
          const [doer, other] = round % 2 === 0 ? [near, farHere] : [far, nearThere];
          if (chance < 0.4) doer.do((self) => self.link(other));
          else if (chance < 0.8) doer.do((self) => self.unlink(other));
          else await simulation.settle();
        }
        await simulation.settle();
        const linked = simulation.runtime.info(near.pid, "links")!.includes(farHere);
        expect(simulation.runtimes[1]!.info(far.pid, "links")!.includes(nearThere)).toBe(linked);
      },
      { runs: 100 },
    );
  });

  test("breaks with the text of a reason that can't be copied", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere } = await doers(simulation, { trap: true });
      far.do((self) => {
        self.link(nearThere);
        self.exit({ socket: () => {} });
      });
      await simulation.settle();
      expect(reasonsOf(near.messages)).toEqual([expect.stringContaining("socket")]);
    });
  });
});

describe("an exit signal from another shard", () => {
  test("keeps its place between the messages of its sender", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      const trapping = doerOn(simulation, 1, { trap: true });
      const trappingHere = await sent(simulation, 1, 0, trapping.pid);
      near.do((self) => {
        for (const pid of [farHere, trappingHere]) {
          self.send(pid, "a");
          self.exit(pid, "r");
          self.send(pid, "b");
        }
      });
      await simulation.settle();
      expect(trapping.messages).toEqual(["a", expect.objectContaining({ reason: "r" }), "b"]);
      expect(far.messages).not.toContain("b");
      expect(simulation.runtimes[1]!.isAlive(far.pid)).toBe(false);
    });
  });

  test("that is normal is ignored, that is kill can't be trapped", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      near.do((self) => self.exit(farHere, "normal"));
      await simulation.settle();
      expect(simulation.runtimes[1]!.isAlive(far.pid)).toBe(true);
      far.do((self) => self.trapExit(true));
      near.do((self) => {
        self.monitor(farHere);
        self.exit(farHere, "kill");
      });
      await simulation.settle();
      expect(near.messages).toMatchObject([{ type: "DOWN", process: farHere, reason: "killed" }]);
    });
  });

  test("with a reason that can't be copied is refused where it is sent", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      let error: unknown;
      near.do((self) => {
        try {
          self.exit(farHere, { deep: [() => {}] });
        } catch (thrown) {
          error = thrown;
        }
      });
      await simulation.settle();
      expect(error).toMatchObject({
        code: "ROOKERY_NOT_COPYABLE",
        message: expect.stringContaining("message.deep[0]"),
      });
      expect(simulation.runtimes[1]!.isAlive(far.pid)).toBe(true);
    });
  });
});

describe("a monitor on another shard", () => {
  test("gets one DOWN with the reason, behind what the process has sent before, each of several monitors its own", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      const refs: unknown[] = [];
      near.do((self) => refs.push(self.monitor(farHere), self.monitor(farHere, { tag: "gone" })));
      await simulation.settle();
      far.do((self) => {
        self.send(nearThere, "last words");
        self.exit(["boom", 1]);
      });
      await simulation.settle();
      expect(near.messages).toEqual([
        "last words",
        { type: "DOWN", ref: refs[0], process: farHere, reason: ["boom", 1] },
        { type: "gone", ref: refs[1], process: farHere, reason: ["boom", 1] },
      ]);
    });
  });

  test("of the dead gets noproc, whether its end is known already or not", async () => {
    const known: boolean[] = [];
    await acrossShards(async (simulation) => {
      const { far, farHere } = await doers(simulation);
      const messages: unknown[] = [];
      simulation.runtimes[1]!.exit(far.pid, "boom");
      if (simulation.seed % 2 === 0) await simulation.settle();
      simulation.runtime.spawn(async (self) => {
        known.push(!self.isAlive(farHere));
        self.monitor(farHere);
        for (;;) messages.push(await self.receive());
      });
      await simulation.settle();
      expect(reasonsOf(messages)).toEqual(["noproc"]);
    });
    expect(new Set(known)).toEqual(new Set([true, false]));
  });

  test("that was removed says nothing any more, and a DOWN under way is dropped", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      let active: boolean | undefined;
      near.do(async (self) => {
        const ref = self.monitor(farHere);
        await self.receive((message) => message === "go");
        active = self.demonitor(ref, { flush: true, info: true });
      });
      await simulation.settle();
      far.do((self) => self.exit("boom"));
      simulation.runtime.send(near.pid, "go");
      await simulation.settle();
      expect(active).toBeTypeOf("boolean");
      expect(near.messages).toEqual([]);
    });
  });

  test("by a name gets DOWN with the name", async () => {
    await acrossShards(async (simulation) => {
      const { near, far } = await doers(simulation);
      far.do((self) => self.register("far away"));
      await simulation.settle();
      near.do((self) => self.monitor("far away"));
      await simulation.settle();
      far.do((self) => self.exit("boom"));
      await simulation.settle();
      expect(near.messages).toMatchObject([
        { process: { name: "far away", node: simulation.runtime.node }, reason: "boom" },
      ]);
    });
  });
});

describe("the end of a process", () => {
  test("is known wherever its pid is, also where it came by way of a third shard or a name", async () => {
    await acrossShards(async (simulation) => {
      const far = doerOn(simulation, 1);
      const near = await sent(simulation, 1, 0, far.pid);
      const third = await sent(simulation, 0, 2, near);
      simulation.runtimes[1]!.register(
        "named",
        simulation.runtimes[1]!.spawn((self) => self.receive()),
      );
      const named = simulation.runtimes[2]!.whereis("named")!;
      expect([near, third, named].map((pid) => simulation.runtime.isAlive(pid))).toEqual([true, true, true]);
      simulation.runtimes[1]!.exit(far.pid, "boom");
      simulation.runtimes[2]!.exit("named", "boom");
      await simulation.settle();
      expect([near, third, named].map((pid) => simulation.runtime.isAlive(pid))).toEqual([
        false,
        false,
        false,
      ]);
      expect(simulation.runtimes[0]!.isAlive(await sent(simulation, 2, 0, named))).toBe(false);
    });
  });
});
