import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Dest,
  type DownMessage,
  type ExitError,
  type From,
  GenServer,
  noReply,
  ok,
  type Pid,
  Registry,
  reply,
  Runtime,
  silentLogger,
  stop,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { type Script, Scripted, startScripted } from "./scripted-server.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

/** Never answers. */
class Silent extends GenServer<undefined, unknown, unknown> {
  init(_: undefined) {
    return ok(undefined);
  }
  override handleCall() {
    return noReply();
  }
}

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("call", () => {
  test("answers, also later and from another process (169)", async () => {
    const pid = await startScripted(runtime, {
      call: (server, request, from) => {
        if (request !== "later") return reply("now");
        server.self.spawn((helper) => helper.reply(from!, "later"));
        return noReply();
      },
    });
    expect(await runtime.call(pid, "x")).toBe("now");
    expect(await runtime.call(pid, "later")).toBe("later");
  });

  test("to nobody fails with noproc (158, 159)", async () => {
    const dead = await startScripted(runtime, {});
    await runtime.stop(dead);
    await runtime.start(Registry, { keys: "unique" }, { name: "names" });
    for (const dest of [dead, "nobody", Registry.via("names", "nobody")]) {
      await expect(runtime.call(dest, "m")).rejects.toMatchObject({
        code: "ROOKERY_NOPROC",
        reason: ["noproc", ["GenServer", "call", [dest, "m", 5000]]],
      });
    }
  });

  test("to oneself fails with calling_self, by whatever name (161)", async () => {
    await runtime.start(Registry, { keys: "unique" }, { name: "names" });
    const via = Registry.via("names", "one");
    const callsItself: Script = (server, dest) =>
      server.self
        .call(dest as Dest, "m")
        .then(reply, (error: ExitError) => reply([error.code, error.reason]));
    for (const name of ["one", via]) {
      const pid = await runtime.start(Scripted, { call: callsItself } as never, { name });
      for (const dest of [pid, name]) {
        const reason = ["calling_self", ["GenServer", "call", [dest, "m", 5000]]];
        expect(await runtime.call(pid, dest)).toEqual(["ROOKERY_CALLING_SELF", reason]);
      }
    }
  });

  test("times out without disturbing the server, and a late reply is dropped (83, 162, 168)", async () => {
    let pending: From | undefined;
    const pid = await startScripted(runtime, {
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
    const pid = await startScripted(runtime, { call: callback });
    const call = ["GenServer", "call", [pid, "m", 5000]];
    await expect(runtime.call(pid, "m")).rejects.toMatchObject({
      code: "ROOKERY_CALL_EXIT",
      reason: [reason, call],
    });
  });

  test("leaves the caller's other messages alone (171)", async () => {
    const pid = await startScripted(runtime, {});
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

describe("to a process that is no server", () => {
  test("a call is a message that names its caller, who can be answered (156)", async () => {
    const plain = runtime.spawn(async (self) => {
      const [tag, from, request] = (await self.receive()) as [string, From, unknown];
      self.reply(from, [tag, request]);
    });
    expect(await runtime.call(plain, "m")).toEqual(["$gen_call", "m"]);
  });

  test("a cast is a message, too, and a stop one that OTP would send (136, 157)", async () => {
    await runInProcess(runtime, async (self) => {
      self.cast(self.pid, "m");
      expect(await self.receive()).toEqual(["$gen_cast", "m"]);
      const plain = self.spawn(async (other) => {
        const [system, , request] = (await other.receive()) as unknown[];
        other.send(self.pid, [system, request]);
        await other.receive();
      });
      const stopped = self.stop(plain, "r", 50);
      const failed = expect(stopped).rejects.toMatchObject({ code: "ROOKERY_STOP_TIMEOUT" });
      expect(await self.receive()).toEqual(["system", ["terminate", "r"]]);
      clock.advance(50);
      await failed;
    });
  });
});

describe("a caller", () => {
  test("may catch that the server died, unless it is linked to it (165)", async () => {
    await runInProcess(runtime, async (self) => {
      const outcomes: unknown[] = [];
      for (const linked of [false, true]) {
        const server = self.spawn((other) => other.receive().then(() => other.exit("r")));
        const { ref } = self.spawnMonitor(async (caller) => {
          if (linked) caller.link(server);
          await caller.call(server, "m").catch(() => {});
          caller.exit("survived");
        });
        outcomes.push(((await self.receive({ ref })) as DownMessage).reason);
      }
      expect(outcomes).toEqual(["survived", "r"]);
    });
  });

  test("that gives no proper timeout is refused (166)", async () => {
    const server = await runtime.start(Silent, undefined);
    for (const timeoutMs of [-1, Number.NaN, "soon" as never])
      expect(() => runtime.call(server, "m", timeoutMs)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
  });

  test("that has no time waits no longer than it takes to see whether the reply is there (167)", async () => {
    const server = await runtime.start(Silent, undefined);
    const failed = expect(runtime.call(server, "m", 0)).rejects.toMatchObject({
      code: "ROOKERY_CALL_TIMEOUT",
    });
    await settle(runtime);
    clock.advance(1);
    await failed;
  });

  test("gets the first of two replies; the second never reaches its mailbox (170)", async () => {
    await runInProcess(runtime, async (self) => {
      const twice: Pid = self.spawn(async (other) => {
        const [, from] = (await other.receive()) as [string, From];
        other.reply(from, 1);
        other.reply(from, 2);
      });
      expect(await self.call(twice, "m")).toBe(1);
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });
});
