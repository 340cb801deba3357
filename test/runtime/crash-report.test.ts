import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  GenServer,
  ignore,
  type Logger,
  noReply,
  ok,
  Runtime,
  type Self,
  type ServerStatus,
  stop,
  Task,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let reports: Record<string, unknown>[];

beforeEach(async () => {
  reports = [];
  const error = (fields: object): void => void reports.push(fields as Record<string, unknown>);
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error };
  runtime = await Runtime.start({ logger });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

/** Runs what it is told to, in `init` or at a message. */
class Doing extends GenServer<unknown, never, never, (self: Self) => unknown> {
  init(how: { now?: (self: Self) => never }) {
    return how.now?.(this.self) ?? ok(0);
  }
  override handleInfo(how: (self: Self) => unknown) {
    return how(this.self) as never;
  }
}

async function reportsOfBody(body: (self: Self) => unknown): Promise<unknown[]> {
  runtime.spawn(body);
  await settle(runtime);
  return reports.map(({ reason }) => reason);
}

describe("of a plain process", () => {
  test.each<[string, (self: Self) => unknown, unknown[]]>([
    ["an error is reported", raise(boom), [boom]],
    ["an uncaught throw is reported", raise("ball"), ["[ 'nocatch', 'ball' ]"]],
    ["exit(r) is not", (self) => self.exit("r"), []],
    ["an exit signal is not", (self) => self.exit(self.pid, "kill"), []],
  ])("%s (137)", async (_, body, expected) => {
    expect(await reportsOfBody(body)).toEqual(expected);
  });
});

test("of a plain process says which function it ran, and whose child it was (132, 138)", async () => {
  const { pid, parent } = await runInProcess(runtime, (self) => ({
    pid: self.spawn(function crashes() {
      throw boom;
    }),
    parent: self.pid,
  }));
  await settle(runtime);
  expect(reports).toMatchObject([
    { pid: String(pid), initialCall: "crashes/1", ancestors: [String(parent)] },
  ]);
});

describe("of a task", () => {
  const crash = function computes(task: Self): never {
    task.setLabel("order 7");
    throw boom;
  };

  test.each<[string, (self: Self) => unknown, unknown[]]>([
    ["an error is reported", raise(boom), [boom]],
    ["an uncaught throw is reported", raise("ball"), ["[ 'nocatch', 'ball' ]"]],
    ["exit(r) is reported, too", (self) => self.exit("r"), ["r"]],
    ["exit(r) later is reported, too", (self) => self.receive().then(() => self.exit("r")), ["r"]],
    ["exit(normal) is not", (self) => self.exit("normal"), []],
    ["exit(shutdown) is not", (self) => self.exit("shutdown"), []],
    ["a shutdown with a term is not", (self) => self.exit(["shutdown", "x"]), []],
    ["an exit signal is not", (self) => self.exit(self.pid, "r"), []],
  ])("%s", async (_, body, expected) => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      for (const start of [Task.start, Task.startLink, Task.async]) {
        reports = [];
        const task = start(self, body);
        self.send(task instanceof Task ? task.pid : task, "go on");
        await settle(runtime);
        expect(reports.map(({ reason }) => reason)).toEqual(expected);
      }
    });
  });

  test("it says which task it was, of whom, and for whom", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = Task.start(self, crash);
      await settle(runtime);
      expect(reports).toMatchObject([
        {
          pid: String(pid),
          behaviour: "computes/1",
          label: "order 7",
          ancestors: [String(self.pid)],
          dictionary: expect.stringContaining(`'$callers' => [ ${self.pid} ]`),
        },
      ]);
    });
  });
});

describe("of a server", () => {
  test.each<[string, (self: Self) => unknown, unknown[]]>([
    ["an error is reported", raise(boom), [boom]],
    ["exit(r) is reported, too", (self) => self.exit("r"), ["r"]],
    ["stop(r) is reported", () => stop("r"), ["r"]],
    ["normal is not", () => stop("normal"), []],
    ["shutdown is not", (self) => self.exit("shutdown"), []],
    ["a shutdown with a term is not", () => stop(["shutdown", "x"]), []],
  ])("%s (138)", async (_, how, expected) => {
    runtime.send(await runtime.start(Doing, {}), how);
    await settle(runtime);
    expect(reports.map(({ reason }) => reason)).toEqual(expected);
  });

  test.each<[string, (self: Self) => unknown, unknown[]]>([
    ["stop(r)", () => stop("r"), ["r"]],
    ["an error", raise(boom), [boom]],
    ["stop(shutdown)", () => stop("shutdown"), []],
    ["ignore", () => ignore, []],
  ])("whose init ended with %s, once or not at all (141)", async (_, now, expected) => {
    await expect(runtime.start(Doing, { now: now as never })).rejects.toMatchObject({
      code: "ROOKERY_START_FAILED",
    });
    expect(reports.map(({ reason }) => reason)).toEqual(expected);
  });

  test("whose terminate failed, it names the message at which it stopped, and the state as it may be seen (189, 199)", async () => {
    class Failing extends Doing {
      override terminate(): never {
        throw boom;
      }
      override formatStatus(status: ServerStatus): ServerStatus {
        return { ...status, state: "formatted" };
      }
    }
    const halt = () => stop("normal");
    runtime.send(await runtime.start(Failing, {}), halt);
    await settle(runtime);
    const last = { callback: "handleInfo", lastMessage: "[Function: halt]" };
    expect(reports).toMatchObject([{ reason: boom, ...last, state: "formatted" }]);
  });

  test.each<[string, () => unknown]>([
    ["that failed", raise(boom)],
    ["with a wrong return", () => "rubbish"],
    ["that it stopped at", () => stop("r")],
  ])("of a call %s, it names who called (138)", async (_, answer) => {
    class Answering extends GenServer<number, string> {
      init(_arg: undefined) {
        return ok(0);
      }
      override handleCall() {
        return answer() as never;
      }
    }
    await runInProcess(runtime, async (self) => {
      const pid = await self.start(Answering, undefined);
      await expect(self.call(pid, "m")).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
      const call = { callback: "handleCall", lastMessage: "m" };
      expect(reports).toMatchObject([{ ...call, client: String(self.pid) }]);
    });
  });

  test("it says who it was, whom it was bound to, and what it knew (138)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const pid = await self.startLink(Doing, {}, { name: "one" });
      self.send(pid, (own: Self) => {
        own.put("key", "value");
        own.trapExit(true);
        own.setLabel("room 7");
        own.send(own.pid, "unread");
        throw boom;
      });
      await self.receive();
      expect(reports).toMatchObject([
        {
          pid: String(pid),
          name: "one",
          label: "room 7",
          behaviour: "Doing",
          initialCall: "Doing.init/1",
          reason: boom,
          err: boom,
          ancestors: [String(self.pid)],
          mailbox: 1,
          links: [String(self.pid)],
          dictionary: "Map(1) { 'key' => 'value' }",
          trapExit: true,
          reductions: expect.any(Number),
        },
      ]);
    });
  });

  test("it is made also when the process has emptied its dictionary (138)", async () => {
    const pid = await runtime.start(Doing, {});
    runtime.send(pid, (self: Self) => {
      self.put("key", "value");
      self.erase();
      throw boom;
    });
    await settle(runtime);
    expect(reports).toMatchObject([{ pid: String(pid), behaviour: "Doing", reason: boom }]);
    expect(JSON.stringify(reports)).not.toContain("value");
  });

  test("it is made also by one that has hibernated before (138, 124)", async () => {
    const pid = await runtime.start(Doing, {});
    for (const how of [() => noReply({ hibernate: true }), (self: Self) => self.exit("r")])
      runtime.send(pid, how);
    await settle(runtime);
    expect(reports).toMatchObject([{ pid: String(pid), behaviour: "Doing", reason: "r" }]);
  });

  test("what is large is cut short in it, and reaches who watches as it is (138)", async () => {
    const huge = Array.from({ length: 10_000 }, (_, n) => ({ n, text: "x".repeat(1_000) }));
    await runInProcess(runtime, async (self) => {
      const pid = await self.start(Doing, {});
      self.monitor(pid);
      self.send(pid, (own: Self) => {
        own.put("huge", huge);
        return stop(huge);
      });
      expect(((await self.receive()) as DownMessage).reason).toBe(huge);
      expect(reports).toMatchObject([{ pid: String(pid), reason: expect.any(String) }]);
      expect(JSON.stringify(reports).length).toBeLessThan(3_000);
    });
  });

  test("the reasons are those of a plain process (133)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = await self.start(Doing, {});
      self.monitor(pid);
      self.send(pid, raise(boom));
      const plain = self.spawnMonitor(raise(boom));
      const reasons = [await self.receive(), await self.receive()];
      expect(reasons).toMatchObject([{ reason: boom }, { reason: boom }]);
      expect(self.isAlive(plain.pid)).toBe(false);
    });
  });
});

test("the ancestors of a process are its parent, by its name if it has one, and the parent's own (130, 131)", async () => {
  await runInProcess(runtime, async (self) => {
    for (const name of [undefined, "parent"]) {
      self.spawn((child) => {
        if (name !== undefined) child.register(name);
        const grandchild = child.spawn((last) => last.receive());
        self.send(self.pid, [name ?? child.pid, child.info(grandchild)?.ancestors]);
      });
      const [parent, ancestors] = (await self.receive()) as unknown[];
      expect(ancestors).toEqual([parent, self.pid]);
    }
  });
});

test("a server is known by its class, a plain process by its function (132)", async () => {
  const server = await runtime.start(Doing, {});
  const plain = runtime.spawn(async function waitsForNothing(self) {
    await self.receive();
  });
  expect(runtime.info(server)?.behaviour).toBe("Doing");
  expect(runtime.info(plain)?.behaviour).toBe("waitsForNothing/1");
});
