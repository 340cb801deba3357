import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DownMessage } from "../../runtime/index.ts";
import {
  type Action,
  ExitMessage,
  type From,
  GenServer,
  ignore,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  type Self,
  stop,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: reportingLogger(reports), clock });
});

afterEach(() => runtime.shutdown());

type Script = (server: Scripted, input: unknown, from?: From) => unknown;

/** A server whose callbacks are handed in, and that notes what is called. */
class Scripted extends GenServer<unknown, unknown, unknown, unknown> {
  notes: unknown[] = [];
  script: Partial<Record<"init" | "continue" | "call" | "cast" | "info" | "terminate", Script>> = {};

  init(script: Scripted["script"] & { notes?: unknown[] }): never {
    this.script = script;
    this.notes = script.notes ?? [];
    return (script.init?.(this, undefined) ?? ok(0)) as never;
  }
  override handleContinue(term: unknown): never {
    this.notes.push(["continue", term]);
    return (this.script.continue?.(this, term) ?? noReply()) as never;
  }
  override handleCall(request: unknown, from: From): never {
    this.notes.push(["call", request]);
    return (this.script.call?.(this, request, from) ?? reply(request)) as never;
  }
  override handleCast(request: unknown): never {
    this.notes.push(["cast", request]);
    return (this.script.cast?.(this, request) ?? noReply()) as never;
  }
  override handleInfo(message: unknown): never {
    this.notes.push(["info", message]);
    return (this.script.info?.(this, message) ?? noReply()) as never;
  }
  override terminate(reason: unknown): unknown {
    this.notes.push(["terminate", reason]);
    return this.script.terminate?.(this, reason);
  }
}

function start(script: Scripted["script"], notes: unknown[] = []): Promise<Pid<Scripted>> {
  return runtime.start(Scripted, { ...script, notes } as never);
}

/** How a server ends after `provoke`. */
async function endOf(
  script: Scripted["script"],
  provoke: (self: Self, pid: Pid) => void,
  notes: unknown[] = [],
): Promise<unknown> {
  const pid = await start(script, notes);
  return runInProcess(runtime, async (self) => {
    self.monitor(pid);
    provoke(self, pid);
    return ((await self.receive()) as DownMessage).reason;
  });
}

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("start", () => {
  test("answers when init is done, also an asynchronous one (144)", async () => {
    const pid = await start({
      init: async (server) => {
        await server.self.receive((m) => m === "go", { timeoutMs: 0 });
        return ok("ready");
      },
    });
    expect(runtime.isAlive(pid)).toBe(true);
  });

  test.each<[string, Script, unknown]>([
    ["stop(r): r (145)", () => stop("r"), "r"],
    ["ignore (145)", () => ignore, "ignore"],
    ["an error: the error (147)", raise(boom), boom],
    ["exit(r): r (147)", (server) => server.self.exit("r"), "r"],
    ["a rejected promise: its error (147)", () => Promise.reject(boom), boom],
    ["rubbish: bad_return_value (148)", () => "rubbish", ["bad_return_value", "rubbish"]],
    ["a thrown value counts as returned (147)", raise("rubbish"), ["bad_return_value", "rubbish"]],
  ])("init ends with %s", async (_, init, reason) => {
    await expect(start({ init })).rejects.toMatchObject({ code: "ROOKERY_START_FAILED", reason });
    expect(runtime.processes()).toEqual([]);
  });

  test("a thrown ok starts the server (147)", async () => {
    expect(runtime.isAlive(await start({ init: raise(ok(1)) }))).toBe(true);
  });

  test("startLink: a failing init takes a caller along that does not trap (146)", async () => {
    const watched = runtime.spawn((self) => self.startLink(Scripted, { init: () => stop("r") } as never));
    const reason = runInProcess(runtime, async (self) => {
      self.monitor(watched);
      return ((await self.receive()) as DownMessage).reason;
    });
    expect(await reason).toBe("r");
  });

  test("a taken name: already_started, and init is not called (149)", async () => {
    const first = await runtime.start(Scripted, {} as never, { name: "one" });
    const notes: unknown[] = [];
    const second = runtime.start(Scripted, { init: () => notes.push("called") } as never, { name: "one" });
    await expect(second).rejects.toMatchObject({ reason: ["already_started", first] });
    expect(notes).toEqual([]);
  });

  test("the name is there in init, and free again when init has failed (150)", async () => {
    let seen: unknown;
    const init: Script = (server) => {
      seen = server.self.whereis("one") === server.self.pid;
      return stop("r");
    };
    await expect(runtime.start(Scripted, { init } as never, { name: "one" })).rejects.toMatchObject({
      reason: "r",
    });
    expect(seen).toBe(true);
    expect(runtime.whereis("one")).toBe(undefined);
  });

  test("an init that takes too long is killed (151)", async () => {
    const started = runtime.start(Scripted, { init: (server: Scripted) => server.self.receive() } as never, {
      timeoutMs: 50,
    });
    const failed = expect(started).rejects.toMatchObject({ reason: "timeout" });
    await settle(runtime);
    clock.advance(50);
    await failed;
    expect(runtime.processes()).toEqual([]);
  });

  test("a continuation of init comes before any message, even init's own (152)", async () => {
    const notes: unknown[] = [];
    await start(
      {
        init: (server) => {
          server.self.send(server.self.pid, "own");
          return ok(0, { continue: "c" });
        },
      },
      notes,
    );
    await settle(runtime);
    expect(notes).toEqual([
      ["continue", "c"],
      ["info", "own"],
    ]);
  });
});

describe("call", () => {
  test("answers, also later and from another process (169)", async () => {
    const pid = await start({
      call: (server, request, from) => {
        if (request !== "later") return reply("now");
        server.self.spawn((helper) => helper.reply(from!, "later"));
        return noReply();
      },
    });
    expect(await runtime.call(pid, "x")).toBe("now");
    expect(await runtime.call(pid, "later")).toBe("later");
  });

  test("to nobody fails with noproc, to oneself with calling_self (158, 159, 161)", async () => {
    const dead = await start({});
    await runtime.stop(dead);
    for (const dest of [dead, "nobody"]) {
      await expect(runtime.call(dest, "m")).rejects.toMatchObject({
        code: "ROOKERY_NOPROC",
        reason: ["noproc", ["GenServer", "call", [dest, "m", 5000]]],
      });
    }
    const calling = await start({ call: (server) => server.self.call(server.self.pid, "again") });
    await expect(runtime.call(calling, "m")).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
    expect(reports[0]?.fields["reason"]).toContain("calling_self");
  });

  test("times out without disturbing the server, and a late reply is dropped (83, 162, 168)", async () => {
    let pending: From | undefined;
    const pid = await start({
      call: (_, request, from) => {
        if (request !== "slow") return reply(request);
        pending = from;
        return noReply();
      },
    });
    await runInProcess(runtime, async (self) => {
      const failed = expect(self.call(pid, "slow", 100)).rejects.toMatchObject({
        code: "ROOKERY_CALL_TIMEOUT",
      });
      await settle(runtime);
      clock.advance(100);
      await failed;
      runtime.reply(pending!, "late");
      expect(await self.call(pid, "next")).toBe("next");
      expect(self.info(self.pid)?.messageQueueLength).toBe(0);
    });
  });

  test.each<[string, Script, unknown]>([
    ["stops with r (163)", () => stop("r"), "r"],
    ["stops with normal (163)", () => stop("normal"), "normal"],
    ["crashes (164)", raise(boom), boom],
    ["is killed (164)", (server) => server.self.exit(server.self.pid, "kill"), "killed"],
  ])("fails with the reason of a server that %s", async (_, callback, reason) => {
    const pid = await start({ call: callback });
    const call = ["GenServer", "call", [pid, "m", 5000]];
    await expect(runtime.call(pid, "m")).rejects.toMatchObject({
      code: "ROOKERY_CALL_EXIT",
      reason: [reason, call],
    });
  });

  test("leaves the caller's other messages alone (171)", async () => {
    const pid = await start({});
    await runInProcess(runtime, async (self) => {
      self.send(self.pid, "waiting");
      expect(await self.call(pid, 1)).toBe(1);
      expect(await self.receive()).toBe("waiting");
    });
  });

  test("casts to whatever never fail (172)", () => {
    expect(() => runtime.cast("nobody", "m")).not.toThrow();
  });
});

describe("callbacks", () => {
  test.each<[string, Script, unknown]>([
    ["reply from handleCast: bad_return_value (179)", () => reply("x"), ["bad_return_value", reply("x")]],
    ["nothing: bad_return_value (179)", raise(undefined), ["bad_return_value", undefined]],
    ["a thrown value: taken as the return (180)", raise("boom"), ["bad_return_value", "boom"]],
    ["an error: the error (181)", raise(boom), boom],
    ["exit(r): r (181)", (server) => server.self.exit("r"), "r"],
    ["a rejected promise: its error (181)", () => Promise.reject(boom), boom],
    ["stop(r): r (183)", () => stop("r"), "r"],
    ["stop(shutdown): no report (183)", () => stop(["shutdown", 1]), ["shutdown", 1]],
  ])("handleCast ends with %s", async (_, cast, reason) => {
    const notes: unknown[] = [];
    expect(await endOf({ cast }, (self, pid) => self.cast(pid, "m"), notes)).toEqual(reason);
    expect(notes).toEqual([
      ["cast", "m"],
      ["terminate", reason],
    ]);
    const orderly = Array.isArray(reason) && reason[0] === "shutdown";
    expect(reports).toHaveLength(orderly ? 0 : 1);
  });

  test("a wrong return is reported with every right one", async () => {
    await endOf({ cast: () => "rubbish" }, (self, pid) => self.cast(pid, "m"));
    for (const form of ["noReply()", "stop(reason)", "rubbish"]) expect(reports[0]?.message).toContain(form);
  });

  const action: Action = { continue: "c" };
  test.each<[string, Partial<Record<"call" | "cast" | "info" | "continue", Script>>, unknown[]]>([
    ["reply(value)", { call: () => reply(1) }, ["answer 1"]],
    ["reply(value, action)", { call: () => reply(1, action) }, ["answer 1", "continue"]],
    ["noReply()", {}, []],
    ["noReply(action)", { call: () => noReply(action) }, ["continue"]],
    ["stop(reason, value)", { call: () => stop("r", 1) }, ["answer 1", "terminate r"]],
    ["stop(reason)", { call: () => stop("r") }, ["terminate r"]],
  ])("handleCall may return %s (178)", async (_, script, expected) => {
    const seen: unknown[] = [];
    const pid = await start({
      call: () => noReply(),
      ...script,
      continue: () => (seen.push("continue"), noReply()),
      terminate: (_server, reason) => seen.push(`terminate ${String(reason)}`),
    });
    runtime.call(pid, "m").then(
      (value) => seen.push(`answer ${String(value)}`),
      () => {},
    );
    await settle(runtime);
    expect(seen.toSorted()).toEqual(expected);
    expect(runtime.isAlive(pid)).toBe(!seen.includes("terminate r"));
  });

  test.each(["cast", "info", "continue"] as const)(
    "the callback for a %s may return noReply, with an action or without, and stop (178)",
    async (callback) => {
      for (const result of [noReply(), noReply({ timeoutMs: 5 }), noReply({ hibernate: true }), stop("r")]) {
        const pid = await start({ call: () => reply(1, action), [callback]: () => result });
        if (callback === "cast") runtime.cast(pid, "m");
        else if (callback === "info") runtime.send(pid, "m");
        else await runtime.call(pid, "m");
        await settle(runtime);
        expect(runtime.isAlive(pid)).toBe(result === noReply() || "action" in result);
      }
    },
  );

  test("a request that falls through all cases of its callback is a crash, which the caller hears of (196)", async () => {
    const pid = await start({ call: () => Symbol.for("nothing") });
    await expect(runtime.call(pid, "unknown")).rejects.toMatchObject({
      reason: [["bad_return_value", Symbol.for("nothing")], expect.anything()],
    });
    expect(reports[0]?.message).toContain("reply(value)");
  });

  test("a normal exit of the parent leaves a server alone that does not trap (188)", async () => {
    const notes: unknown[] = [];
    await runInProcess(runtime, (self) => self.startLink(Scripted, { notes } as never, { name: "child" }));
    await settle(runtime);
    expect(runtime.isAlive(runtime.whereis("child")!)).toBe(true);
    expect(notes).toEqual([]);
  });

  test("a crash report names process, behaviour, reason, last message and links (139)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const pid = await self.startLink(Scripted, { cast: raise(boom) } as never, { name: "one" });
      self.cast(pid, { order: 7 });
      await self.receive();
      expect(reports[0]?.fields).toMatchObject({
        pid: String(pid),
        name: "one",
        behaviour: "Scripted",
        reason: boom,
        callback: "handleCast",
        lastMessage: "{ order: 7 }",
        links: [String(self.pid)],
      });
    });
  });

  test("terminate runs before the reply of a stop (182)", async () => {
    const notes: unknown[] = [];
    const pid = await start({ call: () => stop("normal", "bye") }, notes);
    runtime.call(pid, "m").then(
      (value) => notes.push(value),
      () => {},
    );
    await settle(runtime);
    expect(notes).toEqual([["call", "m"], ["terminate", "normal"], "bye"]);
  });

  test("an exit of the parent terminates a server that traps, also a normal one; others' are messages (184, 185)", async () => {
    for (const reason of ["r", "normal"]) {
      const notes: unknown[] = [];
      const parent = runtime.spawn(async (self) => {
        const init: Script = (server) => {
          server.self.trapExit(true);
          return ok(0);
        };
        await self.startLink(Scripted, { init, notes } as never, { name: "child" });
        await self.receive();
      });
      await settle(runtime);
      const child = runtime.whereis("child")!;
      runtime.exit(child, "other");
      await settle(runtime);
      expect(notes).toMatchObject([["info", { type: "EXIT", reason: "other" }]]);
      if (reason === "normal") runtime.send(parent, "return");
      else runtime.exit(parent, reason);
      await settle(runtime);
      expect(notes.at(-1)).toEqual(["terminate", reason]);
      expect(runtime.isAlive(child)).toBe(false);
    }
  });

  test("without trapping, an exit signal ends it without terminate and without a report; so does a kill (140, 186, 187)", async () => {
    for (const reason of ["r", "kill"]) {
      const notes: unknown[] = [];
      await endOf({}, (self, pid) => self.exit(pid, reason), notes);
      expect(notes).toEqual([]);
      expect(reports).toEqual([]);
    }
  });

  test.each<[string, Script, unknown]>([
    ["an error replaces the reason", raise(boom), boom],
    ["exit(t) replaces the reason", (server) => server.self.exit("t"), "t"],
    ["a thrown value is ignored", raise("x"), "r"],
    ["a rejected promise replaces the reason", () => Promise.reject(boom), boom],
  ])("terminate itself fails: %s (189)", async (_, terminate, reason) => {
    expect(await endOf({ cast: () => stop("r"), terminate }, (self, pid) => self.cast(pid, "m"))).toEqual(
      reason,
    );
  });

  test("continuations chain, before what is in the mailbox, and after the reply (192, 193)", async () => {
    const notes: unknown[] = [];
    const next: Script = (_, n) => ((n as number) < 3 ? noReply({ continue: (n as number) + 1 }) : noReply());
    const pid = await start({ call: () => reply("r", { continue: 1 }), continue: next }, notes);
    const answer = runtime.call(pid, "m").then((value) => notes.push(value));
    runtime.send(pid, "later");
    await answer;
    await settle(runtime);
    expect(notes.filter((note) => note !== "r")).toEqual([
      ["call", "m"],
      ["continue", 1],
      ["continue", 2],
      ["continue", 3],
      ["info", "later"],
    ]);
  });

  test("a million continuations need no stack and keep no one else waiting", async () => {
    const pid = await start({
      cast: () => noReply({ continue: 0 }),
      continue: (server, n) => {
        server.notes.length = 0;
        return (n as number) < 1_000_000 ? noReply({ continue: (n as number) + 1 }) : noReply();
      },
    });
    const other = await start({});
    runtime.cast(pid, "go");
    expect(await runtime.call(other, "ping")).toBe("ping");
    expect(await runtime.call(pid, "done")).toBe("done");
  });

  test("a timeout comes once when no message does, and any message cancels it (190)", async () => {
    const notes: unknown[] = [];
    const timeout: Action = { timeoutMs: 50 };
    const pid = await start({ cast: (_, again) => noReply(again === true ? timeout : undefined) }, notes);
    runtime.cast(pid, true);
    await settle(runtime);
    clock.advance(40);
    runtime.cast(pid, true);
    await settle(runtime);
    clock.advance(40);
    await settle(runtime);
    expect(notes).not.toContainEqual(["info", "timeout"]);
    clock.advance(200);
    await settle(runtime);
    expect(notes.filter((note) => (note as unknown[])[0] === "info")).toEqual([["info", "timeout"]]);
  });

  test("a timeout of 0 comes at once if the mailbox is empty, not at all otherwise (153)", async () => {
    const notes: unknown[] = [];
    await start({ init: () => ok(0, { timeoutMs: 0 }) }, notes);
    await settle(runtime);
    expect(notes).toEqual([["info", "timeout"]]);
    const busy: unknown[] = [];
    await start(
      {
        init: (server) => {
          server.self.send(server.self.pid, "first");
          return ok(0, { timeoutMs: 0 });
        },
      },
      busy,
    );
    await settle(runtime);
    expect(busy).toEqual([["info", "first"]]);
  });

  test("an asynchronous callback keeps everything else waiting, and can be killed", async () => {
    const notes: unknown[] = [];
    const pid = await start(
      {
        cast: async (server) => {
          await server.self.receive((m) => m === "go");
          return noReply();
        },
      },
      notes,
    );
    runtime.cast(pid, 1);
    runtime.cast(pid, 2);
    runtime.send(pid, "info");
    await settle(runtime);
    expect(notes).toEqual([["cast", 1]]);
    runtime.send(pid, "go");
    await settle(runtime);
    expect(notes).toEqual([
      ["cast", 1],
      ["cast", 2],
    ]);
    runtime.exit(pid, "kill");
    expect(runtime.isAlive(pid)).toBe(false);
  });

  test("a message without handleInfo is reported and dropped, a request without its callback is a crash (195)", async () => {
    class Bare extends GenServer<number> {
      init() {
        return ok(1);
      }
    }
    const pid = await runtime.start(Bare, undefined as never);
    runtime.send(pid, "m");
    await settle(runtime);
    expect(runtime.isAlive(pid)).toBe(true);
    await expect(runtime.call(pid, "m")).rejects.toMatchObject({
      reason: [{ code: "ROOKERY_NO_CALLBACK" }, expect.anything()],
    });
  });
});

describe("stop", () => {
  test("ends it after what is in its mailbox, with the reason given (136, 197)", async () => {
    const notes: unknown[] = [];
    const pid = await start({}, notes);
    runtime.cast(pid, 1);
    await runtime.stop(pid, "shutdown");
    expect(notes).toEqual([
      ["cast", 1],
      ["terminate", "shutdown"],
    ]);
    await expect(runtime.stop(pid)).rejects.toMatchObject({ reason: ["noproc", expect.anything()] });
  });

  test("rejects with the reason with which it ended instead, or when it takes too long (136, 197)", async () => {
    const crashing = await start({ terminate: raise(boom) });
    await expect(runtime.stop(crashing)).rejects.toMatchObject({ reason: [boom, expect.anything()] });
    const slow = await start({ terminate: (server) => server.self.receive() });
    const failed = expect(runtime.stop(slow, "normal", 30)).rejects.toMatchObject({
      code: "ROOKERY_STOP_TIMEOUT",
    });
    await settle(runtime);
    clock.advance(30);
    await failed;
    expect(runtime.isAlive(slow)).toBe(true);
  });

  test("an ExitMessage of the parent is not confused with that of a stranger of the same name", async () => {
    const notes: unknown[] = [];
    const pid = await start(
      {
        init: (server) => {
          server.self.trapExit(true);
          return ok(0);
        },
      },
      notes,
    );
    runtime.send(pid, new ExitMessage(pid, "faked"));
    await settle(runtime);
    expect(notes).toMatchObject([["info", { reason: "faked" }]]);
  });
});
