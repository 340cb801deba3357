import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, Ref, Runtime, silentLogger, TIMEOUT } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("monitors", () => {
  test("the death of the target is told once, also a normal one, and the monitor is gone (57, 61)", async () => {
    await runInProcess(runtime, async (self) => {
      const { pid, ref } = self.spawnMonitor(() => {});
      expect(await self.receive()).toEqual(new DownMessage("DOWN", ref, pid, "normal"));
      expect(self.demonitor(ref, { info: true })).toBe(false);
      expect(self.info(self.pid)?.monitors).toEqual([]);
    });
  });

  test("a monitor by name names the name (59, 60)", async () => {
    await runInProcess(runtime, async (self) => {
      const ref = self.monitor("nobody");
      expect(await self.receive()).toMatchObject({ ref, process: { name: "nobody" }, reason: "noproc" });
    });
  });

  test("two monitors tell twice (62)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const refs = [self.monitor(pid), self.monitor(pid)];
      expect(self.info(pid)?.monitoredBy).toEqual([self.pid, self.pid]);
      self.exit(pid, "kill");
      expect([await self.receive(), await self.receive()]).toMatchObject(refs.map((ref) => ({ ref })));
    });
  });

  test("monitoring oneself never tells (63)", async () => {
    await runInProcess(runtime, (self) => {
      self.monitor(self.pid);
      expect(self.info(self.pid)?.monitors).toEqual([]);
    });
  });

  test("demonitor: before the death nothing comes, after it the DOWN stays unless it is flushed (64-68)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const [early, kept, flushed] = [self.monitor(pid), self.monitor(pid), self.monitor(pid)];
      expect(self.demonitor(early, { info: true })).toBe(true);
      self.exit(pid, "kill");
      expect(self.demonitor(kept)).toBe(true);
      expect(self.demonitor(flushed, { flush: true, info: true })).toBe(false);
      expect(await self.receive()).toMatchObject({ ref: kept });
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("a tag takes the place of DOWN (71)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn(() => {});
      self.monitor(pid, { tag: ["mine", 1] });
      expect(await self.receive()).toMatchObject({ type: ["mine", 1] });
    });
  });

  test("a watcher that dies leaves no trace at its target (70)", async () => {
    const { pid } = collector(runtime);
    await runInProcess(runtime, (self) => self.monitor(pid));
    await settle(runtime);
    expect(runtime.info(pid)?.monitoredBy).toEqual([]);
  });

  test("monitoring the dead is no error: the DOWN says noproc (58)", async () => {
    await runInProcess(runtime, async (self) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      const ref = self.monitor(dead);
      expect(await self.receive()).toEqual(new DownMessage("DOWN", ref, dead, "noproc"));
    });
  });

  test("demonitor of a stranger's or a made-up reference does nothing (69)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const ref = self.monitor(pid);
      const answers = await runInProcess(runtime, (stranger) => [
        stranger.demonitor(ref),
        stranger.demonitor(ref, { info: true }),
        stranger.demonitor(new Ref(), { info: true }),
      ]);
      expect(answers).toEqual([true, false, false]);
      self.exit(pid, "r");
      expect(await self.receive()).toMatchObject({ ref, reason: "r" });
      expect(() => self.demonitor("foo" as never)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
    });
  });

  test.each([false, true])(
    "spawnMonitor tells the error of a child that crashes at once, whether one traps (%s) or not (72-74)",
    async (trap) => {
      const boom = new Error("boom");
      await runInProcess(runtime, async (self) => {
        self.trapExit(trap);
        const { pid, ref } = self.spawnMonitor(() => {
          throw boom;
        });
        expect(await self.receive()).toEqual(new DownMessage("DOWN", ref, pid, boom));
      });
    },
  );

  test("what is neither a pid nor a name is refused (75)", async () => {
    await runInProcess(runtime, (self) => {
      for (const dest of [42, undefined, self.alias()])
        expect(() => self.monitor(dest as never)).toThrow(
          expect.objectContaining({ code: "ROOKERY_BADARG" }),
        );
    });
  });

  test("demonitor takes the monitor off the lists of both, whichever way round they watch (64, 119)", async () => {
    await runInProcess(runtime, async (self) => {
      const others = Array.from({ length: 6 }, () =>
        self.spawn(async (other) => {
          const back = other.monitor(self.pid);
          await other.receive((m) => m === "demonitor");
          other.demonitor(back);
          await other.receive((m) => m === "end");
        }),
      );
      const refs = others.map((other) => self.monitor(other));
      await settle(runtime);
      const lists = (): unknown => self.info(self.pid, ["monitors", "monitoredBy"]);
      expect(lists()).toEqual({ monitors: others, monitoredBy: others });
      self.demonitor(refs[2]!);
      self.demonitor(refs[5]!);
      self.exit(others[0]!, "kill");
      for (const index of [1, 5]) self.send(others[index]!, "demonitor");
      await settle(runtime);
      const [, second, third, fourth, fifth, sixth] = others;
      expect(lists()).toEqual({
        monitors: [second, fourth, fifth],
        monitoredBy: [third, fourth, fifth],
      });
      expect(self.info(sixth!, ["monitors", "monitoredBy"])).toEqual({ monitors: [], monitoredBy: [] });
    });
  });

  test("what demonitor tells agrees with the mailbox, whichever targets are dead by then (64-67)", async () => {
    await runInProcess(runtime, async (self) => {
      const pids = Array.from({ length: 100 }, () => self.spawn((child) => child.receive()));
      const refs = pids.map((pid) => self.monitor(pid));
      for (const [index, pid] of pids.entries()) if (index % 3 === 0) self.exit(pid, "bang");
      const active = refs.filter((ref) => self.demonitor(ref, { info: true }));
      for (const pid of pids) self.exit(pid, "late");
      await settle(runtime);
      const messages = self.info(self.pid, "messages") as DownMessage[];
      const told = new Set(messages.map(({ ref }) => ref as Ref));
      expect(messages.every(({ reason }) => reason === "bang")).toBe(true);
      expect(active).toEqual(refs.filter((ref) => !told.has(ref)));
      expect([active.length, told.size]).toEqual([66, 34]);
    });
  });

  test("a reason arrives as it was given, however large (40, 57)", async () => {
    await runInProcess(runtime, async (self) => {
      const reason = { deep: [["tuple", 1n], new Map([["k", Array.from({ length: 10_000 }, (_, i) => i)]])] };
      const { pid, ref } = self.spawnMonitor((child) => child.exit(reason));
      expect(await self.receive()).toEqual(new DownMessage("DOWN", ref, pid, reason));
    });
  });

  test("a target that kills its watcher tells nobody any more (70)", async () => {
    const witness = collector(runtime);
    const watcher = runtime.spawn(async (self) => {
      const target = self.spawn(async (other) => {
        await other.receive();
        other.exit(self.pid, "foo");
        other.send(witness.pid, other.info(other.pid, "monitoredBy"));
      });
      self.monitor(target);
      self.send(target, "go");
      await self.receive((m) => m === "never");
    });
    await settle(runtime);
    expect(runtime.isAlive(watcher)).toBe(false);
    expect(witness.messages).toEqual([[]]);
  });

  test("what is sent to a name, and the death of who has it, keep their order (7, 59)", async () => {
    await runInProcess(runtime, async (self) => {
      self.register("boss");
      const pid = self.spawn(async (child) => {
        child.register("named");
        await child.receive();
        child.send("boss", 1);
        child.send(self.pid, 2);
      });
      await settle(runtime);
      const ref = self.monitor("named");
      self.send("named", "end");
      expect([await self.receive(), await self.receive()]).toEqual([1, 2]);
      expect(await self.receive()).toEqual(
        new DownMessage("DOWN", ref, { name: "named", node: runtime.node }, "normal"),
      );
      expect(self.isAlive(pid)).toBe(false);
      self.unregister("boss");
    });
  });
});
