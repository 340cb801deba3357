import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, ExitMessage, Runtime, silentLogger } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import { runInProcess, settle, simulateEach } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("signals", () => {
  test("messages of one sender arrive in the order in which they were sent (1)", async () => {
    const { pid, messages } = collector(runtime);
    await runInProcess(runtime, (self) => [1, 2, 3].forEach((n) => self.send(pid, n)));
    await settle(runtime);
    expect(messages).toEqual([1, 2, 3]);
  });

  test("an exit signal keeps its place between the messages of its sender (2, 3)", async () => {
    const trapping = collector(runtime, { trap: true });
    const plain = collector(runtime);
    await settle(runtime);
    await runInProcess(runtime, (self) => {
      for (const { pid } of [trapping, plain]) {
        self.send(pid, "a");
        self.exit(pid, "r");
        self.send(pid, "b");
      }
    });
    await settle(runtime);
    expect(trapping.messages).toEqual(["a", expect.objectContaining({ type: "EXIT", reason: "r" }), "b"]);
    expect(plain.messages).not.toContain("b");
    expect(runtime.isAlive(plain.pid)).toBe(false);
  });

  test("after a kill the target is dead to its sender at once, and a monitor says noproc (4, 5)", async () => {
    const { pid } = collector(runtime);
    await runInProcess(runtime, async (self) => {
      self.exit(pid, "kill");
      expect(self.isAlive(pid)).toBe(false);
      expect(self.info(pid)).toBe(undefined);
      const ref = self.monitor(pid);
      expect(await self.receive()).toMatchObject({ type: "DOWN", ref, process: pid, reason: "noproc" });
    });
  });

  test("who hears of a death finds the name free, and hears of the link before the monitor (8, 9, 91)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const pid = self.spawnLink(async (child) => {
        child.register("held");
        await child.receive();
      });
      self.monitor(pid);
      await settle(runtime);
      self.send("held", "end");
      expect(await self.receive()).toBeInstanceOf(ExitMessage);
      self.register("held", self.pid);
      expect(await self.receive()).toBeInstanceOf(DownMessage);
    });
  });

  test("sending to the dead is dropped, to a name that nobody has it throws (10, 11)", async () => {
    const { pid } = collector(runtime);
    runtime.exit(pid, "kill");
    expect(() => runtime.send(pid, "m")).not.toThrow();
    expect(() => runtime.send("nobody", "m")).toThrow(expect.objectContaining({ code: "ROOKERY_BADARG" }));
  });

  test("a message to oneself is in one's mailbox at once (13)", async () => {
    await runInProcess(runtime, async (self) => {
      self.send(self.pid, "a");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe("a");
    });
  });

  test("an exit signal can't be caught, and what the dead go on to do has no effect (14, 16)", async () => {
    const { pid: witness, messages } = collector(runtime);
    const aborted: boolean[] = [];
    const pid = runtime.spawn(async (self) => {
      self.signal.addEventListener("abort", () => aborted.push(true));
      try {
        await self.receive();
      } finally {
        self.send(witness, "finally");
      }
    });
    const suicide = runtime.spawn(async (self) => {
      try {
        self.exit(self.pid, "foo");
      } catch {
        self.send(witness, "caught");
      }
    });
    await settle(runtime);
    runtime.exit(pid, "foo");
    await settle(runtime);
    expect(messages).toEqual([]);
    expect(aborted).toEqual([true]);
    expect(runtime.isAlive(suicide)).toBe(false);
  });

  test("trapping exits afterwards doesn't save from a signal that was sent before (15)", async () => {
    const died = await runInProcess(runtime, async (self) => {
      const victim = self.spawn(async (child) => {
        const partner = child.spawn((other) => other.receive());
        child.link(partner);
        child.exit(partner, "boom");
        child.trapExit(true);
        await child.receive();
      });
      self.monitor(victim);
      return self.receive();
    });
    expect(died).toMatchObject({ reason: "boom" });
  });

  test("exit to oneself is a message when trapping (17, 29)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      expect(self.exit(self.pid, "normal")).toBe(true);
      expect(await self.receive()).toEqual(new ExitMessage(self.pid, "normal"));
    });
  });

  test("a monitor that is older than the kill says killed (6)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      self.monitor(pid);
      self.exit(pid, "kill");
      expect(await self.receive()).toMatchObject({ type: "DOWN", reason: "killed" });
    });
  });

  test("what the dead had sent arrives before the news of their death (7)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const pid = self.spawnLink((child) => {
        child.send(self.pid, 1);
        child.send(self.pid, 2);
      });
      self.monitor(pid);
      expect([await self.receive(), await self.receive()]).toEqual([1, 2]);
      expect(await self.receive()).toBeInstanceOf(ExitMessage);
      expect(await self.receive()).toBeInstanceOf(DownMessage);
    });
  });

  test("of two exit signals the first is the reason (31, 36)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      self.monitor(pid);
      for (const reason of ["first", "second", "kill"]) self.exit(pid, reason);
      expect(await self.receive()).toMatchObject({ type: "DOWN", reason: "first" });
    });
  });

  test("what is no destination is refused (12)", async () => {
    const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
    await runInProcess(runtime, (self) => {
      for (const dest of [42, undefined, null, {}, []])
        expect(() => self.send(dest as never, "m")).toThrow(badarg);
    });
  });

  test("what the dead had not read is gone, and nobody is told (19)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive((m) => m === "never"));
      self.send(pid, 1);
      self.send(pid, 2);
      expect(self.info(pid)?.messageQueueLength).toBe(2);
      self.exit(pid, "kill");
      await settle(runtime);
      expect(runtime.processes()).toEqual([self.pid]);
      expect(self.info(self.pid)?.messageQueueLength).toBe(0);
    });
  });

  test("an exit signal to the dead is dropped; a process sends it to pids only (36)", async () => {
    await runInProcess(runtime, async (self) => {
      self.register("named");
      const dead = self.spawn(() => {});
      await settle(runtime);
      expect(self.exit(dead, "r")).toBe(true);
      expect(() => self.exit("named" as never, "r")).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
    });
  });
});

describe("many senders", () => {
  test("at once: each keeps its own order, whatever the order of turns (1, 84)", async () => {
    await simulateEach({ runs: 20, logger: silentLogger }, async (simulation) => {
      const { pid, messages } = collector(simulation.runtime);
      simulation.runtime.register("collector", pid);
      for (let sender = 0; sender < 10; sender += 1) {
        simulation.runtime.spawn(async (self) => {
          for (let n = 0; n < 10; n += 1) {
            self.send(n % 2 === 0 ? pid : "collector", [sender, n]);
            if (n % 3 === 0) await self.receive(undefined, { timeoutMs: 0 });
          }
        });
      }
      await simulation.settle();
      for (let sender = 0; sender < 10; sender += 1) {
        const own = (messages as [number, number][]).filter(([from]) => from === sender);
        expect(own.map(([, n]) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }
    });
  });
});

describe("the messages", () => {
  test("are frozen when they are sent, so that sharing them to change them fails where it happens (18)", async () => {
    const { pid } = collector(runtime);
    const message = { list: [1], map: new Map([["k", { deep: 1 }]]), pid };
    runtime.send(pid, message);
    expect(() => message.list.push(2)).toThrow(TypeError);
    expect(() => message.map.set("k", { deep: 2 })).toThrow(
      expect.objectContaining({ code: "ROOKERY_FROZEN" }),
    );
    expect(() => {
      message.map.get("k")!.deep = 2;
    }).toThrow(TypeError);
    await settle(runtime);
  });

  test("are left alone where the runtime is told so", async () => {
    const lax = await Runtime.start({ freezeMessages: false, logger: silentLogger });
    const message = { list: [1] };
    lax.send(
      lax.spawn(() => {}),
      message,
    );
    expect(message.list.push(2)).toBe(2);
    await lax.shutdown();
  });
});

test("a process is dead from the moment it begins to exit, before anybody is told (128)", async () => {
  const { pid } = collector(runtime);
  await settle(runtime);
  const seen: boolean[] = [];
  onProcessExit(pid, () => seen.push(runtime.isAlive(pid), runtime.processes().includes(pid)));
  runtime.exit(pid, "boom");
  expect(seen).toEqual([false, false]);
});
