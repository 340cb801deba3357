import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Action,
  type DownMessage,
  ExitMessage,
  GenServer,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  type Self,
  stop,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";
import { type Script, Scripted, startScripted } from "./scripted-server.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  runtime = await Runtime.start({ logger: reportingLogger(reports) });
});

afterEach(() => runtime.shutdown());

function start(script: Scripted["script"], notes: unknown[] = []): Promise<Pid<Scripted>> {
  return startScripted(runtime, script, notes);
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
