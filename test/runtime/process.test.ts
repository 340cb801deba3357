import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitError,
  ExitMessage,
  type Pid,
  Runtime,
  type Self,
  silentLogger,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

const clock = new VirtualClock();
let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

/** A process that collects what it gets. */
function collector(options: { trap?: boolean } = {}): { pid: Pid; messages: unknown[] } {
  const messages: unknown[] = [];
  const pid = runtime.spawn(async (self) => {
    self.trapExit(options.trap ?? false);
    for (;;) messages.push(await self.receive());
  });
  return { pid, messages };
}

async function reasonOf(body: (self: Self) => unknown): Promise<unknown> {
  return runInProcess(runtime, async (self) => {
    const { ref } = self.spawnMonitor(body);
    const down = await self.receive((m): m is DownMessage => m instanceof DownMessage && m.ref === ref);
    return down.reason;
  });
}

describe("signals", () => {
  test("messages of one sender arrive in the order in which they were sent (1)", async () => {
    const { pid, messages } = collector();
    await runInProcess(runtime, (self) => [1, 2, 3].forEach((n) => self.send(pid, n)));
    await settle(runtime);
    expect(messages).toEqual([1, 2, 3]);
  });

  test("an exit signal keeps its place between the messages of its sender (2, 3)", async () => {
    const trapping = collector({ trap: true });
    const plain = collector();
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
    const { pid } = collector();
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
    const { pid } = collector();
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
    const { pid: witness, messages } = collector();
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
});

describe("exit reasons", () => {
  const boom = new Error("boom");
  test.each<[string, (self: Self) => unknown, unknown]>([
    ["a body that returns: normal (20)", () => 1, "normal"],
    ["an async body that returns: normal (20)", async () => 1, "normal"],
    ["exit(r): r, without a stack (21)", (self) => self.exit("r"), "r"],
    [
      "an uncaught error: the error (22)",
      () => {
        throw boom;
      },
      boom,
    ],
    ["a rejected body: the error (22)", () => Promise.reject(boom), boom],
    [
      "an uncaught throw of anything else: nocatch (23)",
      () => {
        throw "ball";
      },
      ["nocatch", "ball"],
    ],
    ["exit(self, normal) is deadly to oneself (28)", (self) => self.exit(self.pid, "normal"), "normal"],
    ["exit(kill), the form with one argument: kill (33)", (self) => self.exit("kill"), "kill"],
    ["exit(self, kill): killed (31)", (self) => self.exit(self.pid, "kill"), "killed"],
    ["any data is a reason (40)", (self) => self.exit({ any: ["term"] }), { any: ["term"] }],
  ])("%s", async (_, body, reason) => {
    expect(await reasonOf(body)).toEqual(reason);
  });

  test("exit(r) can be caught (25)", async () => {
    await runInProcess(runtime, (self) => {
      expect(() => self.exit("r")).toThrow(expect.objectContaining({ reason: "r" }));
      expect(self.isAlive(self.pid)).toBe(true);
    });
  });

  test("a normal exit signal of another is ignored, unless it is trapped (26, 27)", async () => {
    const plain = collector();
    const trapping = collector({ trap: true });
    await settle(runtime);
    runtime.exit(plain.pid, "normal");
    runtime.exit(trapping.pid, "normal");
    await settle(runtime);
    expect(runtime.isAlive(plain.pid)).toBe(true);
    expect(trapping.messages).toMatchObject([{ reason: "normal" }]);
  });

  test("kill ends a trapping process with killed; killed itself is an ordinary reason (31, 32)", async () => {
    const first = collector({ trap: true });
    const second = collector({ trap: true });
    await settle(runtime);
    runtime.exit(first.pid, "killed");
    runtime.exit(second.pid, "kill");
    await settle(runtime);
    expect(first.messages).toMatchObject([{ reason: "killed" }]);
    expect(runtime.isAlive(second.pid)).toBe(false);
  });

  test("a link passes on killed, and kill of exit/1 as an ordinary reason (33, 34)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const [how, reason] of [
        ["signal", "killed"],
        ["own", "kill"],
      ] as const) {
        const { pid } = self.spawnMonitor(async (middle) => {
          middle.spawnLink(async (child) =>
            how === "own" ? child.exit("kill") : child.exit(child.pid, "kill"),
          );
          await middle.receive();
        });
        expect(await self.receive()).toMatchObject({ process: pid, reason });
      }
    });
  });

  test("turning trapExit off leaves the exits in the mailbox as messages (37, 38)", async () => {
    await runInProcess(runtime, async (self) => {
      expect(self.trapExit(true)).toBe(false);
      self.exit(self.pid, "r");
      expect(self.trapExit(false)).toBe(true);
      expect(await self.receive()).toMatchObject({ reason: "r" });
    });
  });
});

describe("links", () => {
  test("there is one link between two processes, and either may end it (42, 43, 48)", async () => {
    await runInProcess(runtime, async (self) => {
      const other = self.spawn((child) => child.receive());
      self.link(other);
      self.link(other);
      expect(self.info(self.pid)?.links).toEqual([other]);
      expect(self.unlink(other)).toBe(true);
      expect(self.unlink(other)).toBe(true);
      expect(self.info(other)?.links).toEqual([]);
      self.exit(other, "boom");
    });
  });

  test("linking to oneself does nothing (44)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.link(self.pid)).toBe(true);
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("linking to the dead throws noproc, or sends the exit to one who traps (45, 46)", async () => {
    await runInProcess(runtime, async (self) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      expect(() => self.link(dead)).toThrow(expect.objectContaining({ code: "ROOKERY_NOPROC" }));
      self.trapExit(true);
      self.link(dead);
      expect(await self.receive()).toEqual(new ExitMessage(dead, "noproc"));
    });
  });

  test("a normal exit of a partner is only told to one who traps (50, 51, 53)", async () => {
    await runInProcess(runtime, async (self) => {
      self.spawnLink(() => {});
      await settle(runtime);
      self.trapExit(true);
      const pid = self.spawnLink(() => {});
      expect(await self.receive()).toEqual(new ExitMessage(pid, "normal"));
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("a ring of links dies as one, each once (54)", async () => {
    const downs = await runInProcess(runtime, async (self) => {
      const pids = Array.from({ length: 50 }, () =>
        self.spawn((child) =>
          child.receive().then((next) => {
            child.link(next as Pid);
            return child.receive();
          }),
        ),
      );
      pids.forEach((pid, i) => self.send(pid, pids[(i + 1) % pids.length]));
      await settle(runtime);
      for (const pid of pids) self.monitor(pid);
      self.exit(pids[7]!, "r");
      const reasons: unknown[] = [];
      for (const _ of pids) reasons.push(((await self.receive()) as DownMessage).reason);
      return reasons;
    });
    expect(downs).toEqual(Array.from({ length: 50 }, () => "r"));
  });

  test("a chain of 100,000 links dies without a stack overflow", async () => {
    await runInProcess(runtime, async (self) => {
      let next: Pid | undefined;
      for (let i = 0; i < 100_000; i += 1) {
        const linked = next;
        next = self.spawn((child) => {
          if (linked !== undefined) child.link(linked);
          return child.receive();
        });
      }
      await settle(runtime);
      self.exit(next!, "r");
      expect(runtime.processes()).toEqual([self.pid]);
    });
  });

  test("a process that kills its partner dies of the link, once its own code has been left (55)", async () => {
    expect(
      await reasonOf(async (self) => {
        const partner = self.spawnLink((child) => child.receive());
        self.exit(partner, "r");
        await self.receive();
      }),
    ).toBe("r");
  });
});

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
    const { pid } = collector();
    await runInProcess(runtime, (self) => self.monitor(pid));
    await settle(runtime);
    expect(runtime.info(pid)?.monitoredBy).toEqual([]);
  });
});

describe("aliases", () => {
  test("an alias delivers until it is taken back (76-78)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias();
      runtime.send(alias, "m");
      expect(self.unalias(alias)).toBe(true);
      expect(self.unalias(alias)).toBe(false);
      runtime.send(alias, "late");
      expect(await self.receive()).toBe("m");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("an alias for a reply delivers once (79)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias({ reply: true });
      runtime.send(alias, 1);
      runtime.send(alias, 2);
      expect(await self.receive()).toBe(1);
      expect(self.unalias(alias)).toBe(false);
    });
  });

  test.each([
    ["demonitor", [], true],
    ["explicit_unalias", ["late"], true],
    ["reply_demonitor", [], false],
  ] as const)("a monitor with the alias %s (80-82)", async (mode, afterDown, downComes) => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const ref = self.monitor(pid, { alias: mode });
      runtime.send(ref, "first");
      expect(await self.receive()).toBe("first");
      self.exit(pid, "kill");
      if (downComes) expect(await self.receive()).toBeInstanceOf(DownMessage);
      runtime.send(ref, "late");
      const late = await self.receive(undefined, { timeoutMs: 0 });
      expect(late === TIMEOUT ? [] : [late]).toEqual(afterDown);
    });
  });
});

describe("names", () => {
  test("a name belongs to one process, a process has one name (85-88, 90)", async () => {
    await runInProcess(runtime, async (self) => {
      self.register("n");
      expect(self.whereis("n")).toBe(self.pid);
      expect(self.whereis("other")).toBe(undefined);
      const taken = expect.objectContaining({ code: "ROOKERY_NAME_TAKEN" });
      expect(() => self.register("n")).toThrow(taken);
      expect(() => self.register("m")).toThrow(taken);
      const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
      expect(() => self.register("undefined")).toThrow(badarg);
      expect(() => self.unregister("m")).toThrow(badarg);
      self.unregister("n");
      self.register("m");
    });
    await settle(runtime);
    expect(runtime.registered()).toEqual([]);
  });
});

describe("receive", () => {
  test("takes the oldest message that matches and leaves the others in order (108, 109)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const message of ["x", 1, "y", 2]) self.send(self.pid, message);
      expect(await self.receive((m) => typeof m === "number")).toBe(1);
      expect(await self.receive((m) => m === 2)).toBe(2);
      expect([await self.receive(), await self.receive()]).toEqual(["x", "y"]);
    });
  });

  test("times out from its start, whatever else comes meanwhile (110, 111)", async () => {
    const result = runInProcess(runtime, async (self) => {
      self.register("waiting");
      return self.receive((m) => m === "never", { timeoutMs: 100 });
    });
    await settle(runtime);
    clock.advance(60);
    runtime.send("waiting", "other");
    await settle(runtime);
    clock.advance(60);
    expect(await result).toBe(TIMEOUT);
  });

  test("a match that throws does not match, and the message stays (114)", async () => {
    await runInProcess(runtime, async (self) => {
      self.send(self.pid, undefined);
      const match = (m: unknown): boolean => (m as { deep: { er: boolean } }).deep.er;
      expect(await self.receive(match, { timeoutMs: 0 })).toBe(TIMEOUT);
      expect(await self.receive()).toBe(undefined);
    });
  });

  test("a second receive at the same time is refused", async () => {
    await runInProcess(runtime, (self) => {
      void self.receive();
      expect(() => self.receive()).toThrow(expect.objectContaining({ code: "ROOKERY_RECEIVING" }));
    });
  });

  test("a body that always finds a message does not keep the thread", async () => {
    const pid = runtime.spawn(async (self) => {
      for (;;) {
        self.send(self.pid, "again");
        await self.receive();
      }
    });
    // Two turns of the event loop are all it takes to get here.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    runtime.exit(pid, "kill");
  });
});

describe("timers", () => {
  test("send and wrap their message when the time has come (94, 102)", async () => {
    const { pid, messages } = collector();
    const ref = await runInProcess(runtime, (self) => {
      self.sendAfter(10, pid, "plain");
      expect(() => self.sendAfter(-1, pid, "m")).toThrow(expect.objectContaining({ code: "ROOKERY_BADARG" }));
      return self.startTimer(20, pid, "wrapped");
    });
    clock.advance(9);
    await settle(runtime);
    expect(messages).toEqual([]);
    clock.advance(11);
    await settle(runtime);
    expect(messages).toEqual(["plain", { type: "timeout", ref, message: "wrapped" }]);
  });

  test("cancelling tells what was left, and false once it is over (95-97)", async () => {
    const { pid, messages } = collector();
    await runInProcess(runtime, (self) => {
      const timer = self.sendAfter(50, pid, "m");
      expect(self.readTimer(timer)).toBe(50);
      expect(self.cancelTimer(timer)).toBe(50);
      expect(self.cancelTimer(timer)).toBe(false);
    });
    clock.advance(100);
    await settle(runtime);
    expect(messages).toEqual([]);
  });

  test("a timer to a process ends with it, one to a name finds who has it then (98-100)", async () => {
    const { pid } = collector();
    const timers = await runInProcess(runtime, (self) => [
      self.sendAfter(50, pid, "m"),
      self.sendAfter(50, "later", "m"),
    ]);
    runtime.exit(pid, "kill");
    expect(runtime.cancelTimer(timers[0]!)).toBe(false);
    const late = collector();
    await settle(runtime);
    runtime.register("later", late.pid);
    clock.advance(50);
    await settle(runtime);
    expect(late.messages).toEqual(["m"]);
  });
});

describe("the messages", () => {
  test("are frozen when they are sent, so that sharing them to change them fails where it happens", async () => {
    const { pid } = collector();
    const message = { list: [1], map: new Map([["k", { deep: 1 }]]), pid };
    runtime.send(pid, message);
    expect(() => message.list.push(2)).toThrow(TypeError);
    expect(() => message.map.set("k", { deep: 2 })).toThrow(TypeError);
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

test("an ExitError that nobody catches ends its process with its own reason", async () => {
  expect(await reasonOf((self) => self.call("nobody", "m"))).toEqual([
    "noproc",
    ["GenServer", "call", ["nobody", "m", 5000]],
  ]);
  expect(new ExitError("C", "text", "r").reason).toBe("r");
});
