import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  GenServer,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  type Self,
  silentLogger,
  sys,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

const never = (self: Self): Promise<unknown> => self.receive((m) => m === "never");
const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });

class Sleeper extends GenServer<number[]> {
  init() {
    return ok([] as number[]);
  }
  override handleCall(request: unknown) {
    return request === "sleep" ? reply(this.state.length, { hibernate: true }) : reply(this.state.length);
  }
  override handleCast(n: number) {
    this.state.push(n);
    return noReply();
  }
}

describe("info", () => {
  test("of the dead is undefined, of an unknown item badarg (115)", async () => {
    const pid = runtime.spawn(never);
    expect(runtime.info(pid, [])).toEqual({});
    expect(() => runtime.info(pid, "heap" as never)).toThrow(badarg);
    expect(() => runtime.info(pid, ["links", "heap" as "links"])).toThrow(badarg);
    expect(() => runtime.info("name" as never)).toThrow(badarg);
    runtime.exit(pid, "kill");
    expect(runtime.info(pid)).toBeUndefined();
    expect(runtime.info(pid, "links")).toBeUndefined();
    expect(runtime.info(pid, ["links"])).toBeUndefined();
  });

  test("of a list has its items in the order asked for, of one item its value (116)", () => {
    const pid = runtime.spawn(never);
    const info = runtime.info(pid, ["trapExit", "links"])!;
    expect(Object.entries(info)).toEqual([
      ["trapExit", false],
      ["links", []],
    ]);
    expect(runtime.info(pid, "priority")).toBe("normal");
  });

  test("without an item leaves out the messages (117)", () => {
    const pid = runtime.spawn(never);
    expect(Object.keys(runtime.info(pid)!)).toContain("messageQueueLength");
    expect(Object.keys(runtime.info(pid)!)).not.toContain("messages");
  });

  test("shows the messages in the order of the mailbox, requests as the tuples they are (118)", async () => {
    const pid = runtime.spawn(never);
    runtime.send(pid, 1);
    runtime.cast(pid, 2);
    const call = runtime.call(pid, 3);
    runtime.send(pid, 4);
    const messages = runtime.info(pid, "messages");
    expect(messages).toEqual([1, ["$gen_cast", 2], ["$gen_call", expect.anything(), 3], 4]);
    expect(runtime.info(pid, "messageQueueLength")).toBe(4);
    runtime.exit(pid, "kill");
    await expect(call).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
  });

  test("has an entry for each monitor: the pid, or the name by which it was made (119)", async () => {
    await runInProcess(runtime, (self) => {
      const pid = self.spawn(never);
      self.register("watched", pid);
      self.monitor(pid);
      self.monitor("watched");
      self.monitor(pid);
      const name = { name: "watched", node: runtime.node };
      expect(self.info(self.pid, "monitors")).toEqual([pid, name, pid]);
      expect(self.info(pid, "monitoredBy")).toEqual([self.pid, self.pid, self.pid]);
    });
  });

  test("tells whether it runs, could run or waits (120)", async () => {
    await runInProcess(runtime, async (self) => {
      expect(self.info(self.pid, "status")).toBe("running");
      const pid = self.spawn(never);
      expect(self.info(pid, "status")).toBe("runnable");
      await settle(runtime);
      expect(self.info(pid, "status")).toBe("waiting");
      self.suspendProcess(pid);
      expect(self.info(pid, "status")).toBe("suspended");
    });
  });

  test("knows the initial call and the parent (121, 132)", async () => {
    await runInProcess(runtime, async (self) => {
      const body = self.spawnLink(never);
      expect(self.info(body, ["initialCall", "parent"])).toEqual({
        initialCall: ["erlang", "apply", 2],
        parent: self.pid,
      });
      const server = await self.startLink(Sleeper, undefined as never);
      expect(self.info(server, "initialCall")).toEqual(["Sleeper", "init", 1]);
    });
  });

  test("shows the dictionary, which children do not inherit (122, 123)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.put("k", 1)).toBeUndefined();
      expect(self.put("k", 2)).toBe(1);
      self.put("l", 3);
      expect(self.erase("l")).toBe(3);
      expect(self.get("l")).toBeUndefined();
      expect([...self.info(self.pid, "dictionary")!]).toEqual([["k", 2]]);
      expect([...self.info(self.spawn(never), "dictionary")!]).toEqual([]);
    });
  });

  test("shows the label that a process gives itself, and its timers", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.info(self.pid, "label")).toBeUndefined();
      self.setLabel(["worker", 7]);
      const timer = self.sendAfter(1_000, self.pid, "m");
      expect(self.info(self.pid, ["label", "timers"])).toEqual({ label: ["worker", 7], timers: 1 });
      self.cancelTimer(timer);
      expect(self.info(self.pid, "timers")).toBe(0);
    });
  });
});

describe("hibernate", () => {
  test("lets go of the room of a long mailbox, and keeps all else (124, 194)", async () => {
    const pid = await runtime.start(Sleeper, undefined as never);
    const timer = runtime.sendAfter(1_000, pid, "m");
    for (let i = 0; i < 1_000; i += 1) runtime.cast(pid, i);
    expect(await runtime.call(pid, "awake")).toBe(1_000);
    expect(runtime.info(pid, "mailboxSlots")).toBeGreaterThanOrEqual(1_000);
    expect(await runtime.call(pid, "sleep")).toBe(1_000);
    expect(runtime.info(pid, ["mailboxSlots", "timers"])).toEqual({ mailboxSlots: 0, timers: 1 });
    runtime.cancelTimer(timer);
    runtime.cast(pid, 1);
    expect(await runtime.call(pid, "awake")).toBe(1_001);
  });

  test("comes by itself after a time without messages, if the server was started so (194)", async () => {
    const pid = await runtime.start(Sleeper, undefined as never, { hibernateAfterMs: 100 });
    const slots = (): unknown => runtime.info(pid, "mailboxSlots");
    for (const message of [1, 2]) runtime.cast(pid, message);
    await settle(runtime);
    clock.advance(80);
    await runtime.call(pid, "awake");
    clock.advance(80);
    expect(slots()).toBeGreaterThan(0);
    clock.advance(21);
    expect(slots()).toBe(0);
    for (const message of [3, 4]) runtime.cast(pid, message);
    expect(await runtime.call(pid, "awake")).toBe(4);
    expect(slots()).toBeGreaterThan(0);
    await sys.suspend(runtime, pid);
    await sys.resume(runtime, pid);
    await settle(runtime);
    clock.advance(101);
    expect(slots()).toBe(0);
    expect(runtime.info(pid, "behaviour")).toBe("Sleeper");
  });

  test("of a plain process keeps the messages that wait (124)", async () => {
    await runInProcess(runtime, async (self) => {
      for (let i = 0; i < 100; i += 1) self.send(self.pid, i);
      self.hibernate();
      expect(self.info(self.pid, "messageQueueLength")).toBe(100);
      for (let i = 0; i < 100; i += 1) expect(await self.receive()).toBe(i);
      self.hibernate();
      expect(self.info(self.pid, "mailboxSlots")).toBe(0);
    });
  });
});

describe("setPriority", () => {
  test("answers the old one; a wrong level is badarg (125)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.setPriority("high")).toBe("normal");
      expect(self.info(self.pid, "priority")).toBe("high");
      expect(() => self.setPriority("max" as "high")).toThrow(badarg);
    });
  });
});

describe("suspendProcess", () => {
  /** A process that notes what it receives. */
  function noting(notes: unknown[], timeoutMs = Number.POSITIVE_INFINITY): Pid {
    return runtime.spawn(async (self) => {
      for (;;) notes.push(await self.receive(undefined, { timeoutMs }));
    });
  }

  test("lets messages wait until it is resumed (127)", async () => {
    const notes: unknown[] = [];
    const pid = noting(notes);
    const server = await runtime.start(Sleeper, undefined as never);
    await runInProcess(runtime, async (self) => {
      expect(self.suspendProcess(pid)).toBe(true);
      self.suspendProcess(server);
      self.send(pid, 1);
      self.send(pid, 2);
      self.cast(server, 1);
      await settle(runtime);
      expect(notes).toEqual([]);
      expect(self.info(server, "messageQueueLength")).toBe(1);
      expect(self.resumeProcess(pid)).toBe(true);
      self.resumeProcess(server);
      await settle(runtime);
      expect(notes).toEqual([1, 2]);
      expect(self.info(server, "messageQueueLength")).toBe(0);
    });
  });

  test("nests, and ends with the process that did it (127)", async () => {
    const notes: unknown[] = [];
    const pid = noting(notes);
    await runInProcess(runtime, async (self) => {
      self.suspendProcess(pid);
      self.suspendProcess(pid);
      const other = self.spawn((suspender) => {
        suspender.suspendProcess(pid);
        return never(suspender);
      });
      await settle(runtime);
      expect(self.info(self.pid, "suspending")).toEqual([{ pid, count: 2 }]);
      self.send(pid, 1);
      self.resumeProcess(pid);
      self.resumeProcess(pid);
      expect(self.info(self.pid, "suspending")).toEqual([]);
      await settle(runtime);
      expect(notes).toEqual([]);
      self.exit(other, "kill");
      await settle(runtime);
      expect(notes).toEqual([1]);
    });
  });

  test("does not protect from a kill (127)", async () => {
    const pid = noting([]);
    await runInProcess(runtime, (self) => {
      self.suspendProcess(pid);
      self.exit(pid, "kill");
      expect(self.isAlive(pid)).toBe(false);
      expect(self.info(self.pid, "suspending")).toEqual([]);
    });
  });

  test("of the dead or of oneself is badarg, resume of one that is not suspended, too (127)", async () => {
    await runInProcess(runtime, (self) => {
      const pid = self.spawn(never);
      expect(() => self.resumeProcess(pid)).toThrow(badarg);
      expect(() => self.suspendProcess(self.pid)).toThrow(badarg);
      self.exit(pid, "kill");
      expect(() => self.suspendProcess(pid)).toThrow(badarg);
      expect(() => self.resumeProcess(pid)).toThrow(badarg);
    });
  });

  test("keeps one that was just spawned from its first turn (127)", async () => {
    const notes: unknown[] = [];
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn(() => void notes.push("ran"));
      self.suspendProcess(pid);
      await settle(runtime);
      expect(notes).toEqual([]);
      self.resumeProcess(pid);
      await settle(runtime);
      expect(notes).toEqual(["ran"]);
    });
  });

  test("holds back the timeout of a receive; a message that came meanwhile wins over it (127)", async () => {
    const notes: unknown[] = [];
    const pid = noting(notes, 50);
    await runInProcess(runtime, async (self) => {
      await settle(runtime);
      self.suspendProcess(pid);
      clock.advance(60);
      await settle(runtime);
      expect(notes).toEqual([]);
      self.resumeProcess(pid);
      await settle(runtime);
      expect(notes).toEqual([TIMEOUT]);
      self.suspendProcess(pid);
      clock.advance(60);
      self.send(pid, "m");
      self.resumeProcess(pid);
      await settle(runtime);
      expect(notes).toEqual([TIMEOUT, "m"]);
    });
  });
});
