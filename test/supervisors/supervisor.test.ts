import { describe, expect, test } from "vitest";
import {
  ExitMessage,
  GenServer,
  ignore,
  noReply,
  ok,
  Registry,
  reply,
  type Self,
  StartError,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import {
  type ChildSpec,
  DynamicSupervisor,
  Supervisor,
  type SupervisorOptions,
} from "../../supervisors/index.ts";
import { type Script, ScriptedWorker, type Start } from "./scripted-worker.ts";
import {
  a,
  b,
  c,
  children,
  clock,
  happened,
  journal,
  progress,
  reports,
  runtime,
  start,
} from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

describe("Supervisor, starting", () => {
  test("starts its children in order, each completely before the next, and ends them in reverse (225)", async () => {
    const events: string[] = [];
    class Slow extends GenServer<string> {
      async init(id: string) {
        events.push(`begin ${id}`);
        await this.self.receive(() => false, { timeoutMs: 10 });
        events.push(`started ${id}`);
        this.self.trapExit(true);
        return ok(id);
      }
      override async terminate() {
        await this.self.receive(() => false, { timeoutMs: 10 });
        events.push(`ended ${this.state}`);
      }
    }
    const started = start([
      { id: "a", start: [Slow, "a"] },
      { id: "b", start: [Slow, "b"] },
    ]);
    for (let i = 0; i < 2; i += 1) {
      await settle(runtime);
      clock.advance(10);
    }
    const stopped = Supervisor.stop(runtime, await started, "shutdown");
    for (let i = 0; i < 2; i += 1) {
      await settle(runtime);
      clock.advance(10);
    }
    await stopped;
    expect(events).toEqual(["begin a", "started a", "begin b", "started b", "ended b", "ended a"]);
  });

  test("links it to who starts it with startLink, not with start", async () => {
    await runInProcess(runtime, async (self) => {
      const alone = await Supervisor.start(self, { strategy: "one_for_one" }, { name: "alone" });
      const linked = await Supervisor.startLink(self, { strategy: "one_for_one" }, { name: "linked" });
      expect(self.info(self.pid, "links")).toEqual([linked]);
      expect([self.whereis("alone"), self.whereis("linked")]).toEqual([alone, linked]);
      self.unlink(linked);
    });
  });

  test("ends those already started, in reverse, when a child fails to start (227)", async () => {
    const failed = start([a({ trapExit: true }), b({ trapExit: true }), c({ starts: [{ stop: "why" }] })]);
    await expect(failed).rejects.toBeInstanceOf(StartError);
    await expect(failed).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "c", "why"]],
    });
    expect(await happened()).toEqual(["start a", "start b", "try c", "end b shutdown", "end a shutdown"]);
    expect(reports).toEqual(["start_error c why"]);
  });

  test("names each supervisor on the way to the child that failed (227)", async () => {
    const inner: SupervisorOptions = {
      strategy: "one_for_one",
      children: [b({ starts: [{ stop: "why" }] })],
    };
    await expect(start([{ id: "n", start: [Supervisor, inner] }])).rejects.toMatchObject({
      reason: [
        "shutdown",
        ["failed_to_start_child", "n", ["shutdown", ["failed_to_start_child", "b", "why"]]],
      ],
    });
  });

  test.each<[string, ChildSpec["start"], unknown]>([
    ["answers a failure: its reason", () => ({ ok: false, reason: "why" }), "why"],
    ["answers anything else: the answer", () => 42 as never, 42],
    [
      "throws something: what it throws",
      () => {
        throw "ball";
      },
      "ball",
    ],
    ["exits: a tagged reason", (self) => self.exit("bad"), ["EXIT", "bad"]],
  ])("a start function that %s (228)", async (_sentence, startFunction, reason) => {
    await expect(start([{ id: "f", start: startFunction }])).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "f", reason]],
    });
  });

  test("a start function may answer a pid, or fail as startLink does (228)", async () => {
    const starts: Start[] = ["ok", { stop: "why" }, "ignore"];
    const script: Script = { id: "a", journal, starts, trapExit: false, terminateMs: 0, terminate: () => {} };
    await start([{ id: "a", start: (self) => self.startLink(ScriptedWorker, script, { name: "a" }) }]);
    expect(await Supervisor.whichChildren(runtime, "top")).toMatchObject([
      { id: "a", pid: runtime.whereis("a") },
    ]);
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: false, reason: "why" });
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: true, pid: undefined });
  });

  test("a start function that throws an error: the error, tagged (228)", async () => {
    const error = new Error("boom");
    const failed = start([
      {
        id: "f",
        start: () => {
          throw error;
        },
      },
    ]);
    await expect(failed).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "f", ["EXIT", error]]],
    });
  });

  test("keeps a child that was ignored, without a process, unless it is temporary (229)", async () => {
    await start([a({ starts: ["ignore", "ok"] }), b({ starts: ["ignore"], restart: "temporary" })]);
    expect(await children()).toBe("a-");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toMatchObject({
      ok: true,
      pid: runtime.whereis("a"),
    });
  });

  test.each<[string, object, string]>([
    [
      "two children with one id",
      {
        children: [
          { id: "x", start: [Supervisor] },
          { id: "x", start: [Supervisor] },
        ],
      },
      "ROOKERY_DUPLICATE_CHILD",
    ],
    ["a misspelled option", { intensty: 1 }, "ROOKERY_SUPERVISOR_OPTION"],
    ["an invalid child", { children: [{ id: "x" }] }, "ROOKERY_CHILD_SPEC"],
  ])("does not start with %s (230)", async (_sentence, options, code) => {
    await expect(start([], options)).rejects.toMatchObject({ reason: { code } });
  });

  test("is linked to its children, also to those that are added later (233)", async () => {
    const top = await start([a()]);
    await Supervisor.startChild(runtime, top, b());
    expect(runtime.info(top)?.links).toEqual([runtime.whereis("a"), runtime.whereis("b")]);
    expect(runtime.info(top)?.trapExit).toBe(true);
  });

  test("answers under a via name as under any other (312)", async () => {
    await runtime.start(Registry, { keys: "unique" }, { name: "registry" });
    const name = Registry.via<Supervisor>("registry", ["sup", 1]);
    await runtime.start(Supervisor, { strategy: "one_for_one", children: [a()] }, { name });
    expect(await Supervisor.startChild(runtime, name, b())).toMatchObject({ ok: true });
    expect(await Supervisor.countChildren(runtime, name)).toMatchObject({ specs: 2, active: 2 });
    await Supervisor.stop(runtime, name);
    expect(runtime.whereis(name)).toBeUndefined();
  });

  test("reports each child that runs at debug level (142)", async () => {
    await start([a(), b({ starts: ["ignore"] })]);
    expect(progress).toEqual(["a"]);
  });
});

describe("a class of Supervisors", () => {
  test("may answer ignore from its init; what that throws is the reason, rubbish a bad return (231)", async () => {
    class Absent extends Supervisor {
      override async init() {
        return ignore;
      }
    }
    class Broken extends Supervisor {
      override async init(): Promise<never> {
        throw new RangeError("broken");
      }
    }
    class Wrong extends Supervisor {
      override async init() {
        return "rubbish" as never;
      }
    }
    await expect(runtime.start(Absent, undefined as never)).rejects.toMatchObject({ reason: "ignore" });
    await expect(runtime.start(Broken, undefined as never)).rejects.toMatchObject({
      reason: new RangeError("broken"),
    });
    await expect(runtime.start(Wrong, undefined as never)).rejects.toMatchObject({
      reason: ["bad_return_value", "rubbish"],
    });
    await start([{ id: "absent", start: [Absent] }, a()]);
    expect(await children()).toBe("a absent-");
  });

  test("is never simple_one_for_one: that is what a DynamicSupervisor is, and it takes no children (232)", async () => {
    const option = { reason: { code: "ROOKERY_SUPERVISOR_OPTION" } };
    const simple = "simple_one_for_one" as never;
    await expect(start([a()], { strategy: simple })).rejects.toMatchObject(option);
    for (const options of [{ strategy: simple }, { children: [a(), b()] }]) {
      await expect(runtime.start(DynamicSupervisor, options as never)).rejects.toMatchObject(option);
    }
  });
});

describe("a child that asks its own Supervisor", () => {
  const asking: ChildSpec["start"] = (parent) =>
    parent.spawnLink(async (self) => journal.push(`asked ${(await count(self)).specs}`));
  const count = (self: Self) => Supervisor.countChildren(self, "top");

  test("is answered once the supervisor is done with what it is doing (259)", async () => {
    await start([a()]);
    await Supervisor.startChild(runtime, "top", { id: "asking", start: asking, restart: "temporary" });
    expect(await happened()).toEqual(["start a", "asked 2"]);
  });

  test("waits for ever in its init, for the supervisor waits for that (259)", async () => {
    class Asking extends GenServer {
      async init() {
        return ok(await count(this.self));
      }
    }
    const tree = start([{ id: "asking", start: [Asking] }]);
    const outcome = Promise.race([tree.catch(() => "failed"), settle(runtime).then(() => "waits")]);
    expect(await outcome).toBe("waits");
  });

  test("calls itself in a start function, which the supervisor runs (259)", async () => {
    await start([]);
    const started = await Supervisor.startChild(runtime, "top", {
      id: "asking",
      start: async (parent) => ({ ok: false, reason: await count(parent) }),
    });
    expect(started).toMatchObject({
      reason: [["EXIT", ["calling_self", expect.anything()]], { id: "asking" }],
    });
  });
});

describe("a child of a Supervisor", () => {
  test("is known to its starter's parent only by the link of the supervisor (245)", async () => {
    const exit = await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      await self.startLink(Supervisor, { strategy: "one_for_one", intensity: 0, children: [a()] });
      self.cast("a", "boom");
      return self.receive();
    });
    expect(exit).toBeInstanceOf(ExitMessage);
    expect(exit).toMatchObject({ reason: "shutdown" });
  });

  test("may have asynchronous callbacks: what it did not finish is gone with it", async () => {
    class Late extends GenServer<number, "get" | "hang"> {
      init(value: number) {
        return ok(value);
      }
      override async handleCall(request: "get" | "hang") {
        if (request === "hang") await this.self.receive(() => false);
        return reply(this.state);
      }
      override handleInfo() {
        return noReply();
      }
    }
    await start([{ id: "late", start: [Late, 7], name: "late" }]);
    const hanging = runtime.call("late", "hang");
    await settle(runtime);
    runtime.exit("late", "kill");
    await expect(hanging).rejects.toMatchObject({ reason: ["killed", expect.anything()] });
    await settle(runtime);
    expect(await runtime.call("late", "get")).toBe(7);
  });
});
