import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  ExitMessage,
  GenServer,
  ignore,
  ok,
  Runtime,
  type Self,
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

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("start", () => {
  test("answers when init is done, also an asynchronous one (144)", async () => {
    const pid = await startScripted(runtime, {
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
    await expect(startScripted(runtime, { init })).rejects.toMatchObject({
      code: "ROOKERY_START_FAILED",
      reason,
    });
    expect(runtime.processes()).toEqual([]);
  });

  test("a thrown ok starts the server (147)", async () => {
    expect(runtime.isAlive(await startScripted(runtime, { init: raise(ok(1)) }))).toBe(true);
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

  test.each([1, {}, "", "undefined", null, ["global", "one"]])(
    "the name %j is refused, and nothing is started",
    async (name) => {
      const notes: unknown[] = [];
      const started = runtime.start(Scripted, { init: () => notes.push("called") } as never, {
        name: name as string,
      });
      await expect(started).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
      expect(notes).toEqual([]);
      expect(runtime.processes()).toEqual([]);
    },
  );

  test("only startLink links the server to its starter", async () => {
    await runInProcess(runtime, async (self) => {
      await self.start(Scripted, {} as never);
      expect(self.info(self.pid, "links")).toEqual([]);
      const linked = await self.startLink(Scripted, {} as never);
      expect(self.info(self.pid, "links")).toEqual([linked]);
      self.unlink(linked);
    });
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
    await startScripted(
      runtime,
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

class Starting extends GenServer<unknown> {
  async init(how: "well" | "badly" | "never" | "then dies") {
    this.self.register("starting");
    if (how === "never") await this.self.receive();
    if (how === "then dies") this.self.send(this.self.pid, "die");
    return how === "badly" ? stop("r") : ok(how);
  }
  override handleInfo() {
    return stop("died");
  }
  override terminate(reason: unknown) {
    if (runtime.whereis("witness") !== undefined) this.self.send("witness", ["terminate", reason]);
  }
}

const nothingLeft = async (self: Self): Promise<boolean> =>
  (await self.receive(undefined, { timeoutMs: 0 })) === TIMEOUT;

describe("startLink, from a process that traps exits", () => {
  test("leaves the exit of a server whose init stopped in the mailbox, as up to OTP 25 (135)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      await expect(self.startLink(Starting, "badly")).rejects.toMatchObject({ reason: "r" });
      expect(await self.receive()).toBeInstanceOf(ExitMessage);
      expect(await nothingLeft(self)).toBe(true);
    });
  });

  test("takes the exit of a server that was killed in its init (134)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const failed = expect(self.startLink(Starting, "never")).rejects.toMatchObject({ reason: "killed" });
      await settle(runtime);
      runtime.exit("starting", "kill");
      await failed;
      expect(await nothingLeft(self)).toBe(true);
    });
  });
});

test.each([true, false])(
  "startLink kills a server that is too slow, and nothing but the timeout comes to one who traps (%s) (134)",
  async (trap) => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(trap);
      const options = { timeoutMs: 50 };
      const failed = expect(self.startLink(Starting, "never", options)).rejects.toMatchObject({
        reason: "timeout",
      });
      await settle(runtime);
      clock.advance(50);
      await failed;
      expect(self.whereis("starting")).toBe(undefined);
      expect(await nothingLeft(self)).toBe(true);
    });
  },
);

test.each([true, false])(
  "the starter is the parent, also one that traps (%s): its end terminates a server that traps (155)",
  async (trap) => {
    await runInProcess(runtime, async (self) => {
      self.register("witness");
      const { pid } = self.spawnMonitor(async (parent) => {
        parent.trapExit(trap);
        const child = await parent.startLink(Trapping, "well");
        expect(parent.info(child)?.parent).toBe(parent.pid);
        parent.exit("parent's end");
      });
      expect(await self.receive()).toMatchObject({ process: pid });
      expect(await self.receive()).toEqual(["terminate", "parent's end"]);
    });
  },
);

class Trapping extends Starting {
  override init(how: "well") {
    this.self.trapExit(true);
    return super.init(how);
  }
}

test.each(["start", "startLink", "startMonitor"] as const)(
  "%s answers when init is done, and not before (134, 144, 154)",
  async (start) => {
    await runInProcess(runtime, async (self) => {
      const order: string[] = [];
      const started = self[start](Starting, "never").then(() => order.push("started"));
      await settle(runtime);
      order.push("init goes on");
      self.send("starting", "go");
      await started;
      expect(order).toEqual(["init goes on", "started"]);
    });
  },
);

describe("startMonitor", () => {
  test("answers the pid and the monitor, which tells how the server ended (154)", async () => {
    await runInProcess(runtime, async (self) => {
      const { pid, ref } = await self.startMonitor(Starting, "then dies");
      const down = (await self.receive({ ref })) as DownMessage;
      expect([down.process, down.reason]).toEqual([pid, "died"]);
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("leaves no DownMessage of a server that did not start (154)", async () => {
    await runInProcess(runtime, async (self) => {
      await expect(self.startMonitor(Starting, "badly")).rejects.toMatchObject({ reason: "r" });
      await settle(runtime);
      expect(await nothingLeft(self)).toBe(true);
    });
  });
});
