import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenServer, ignore, type Logger, ok, Runtime, type Self, stop } from "../../runtime/index.ts";
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
class Doing extends GenServer<unknown, never, never, (self: Self) => never> {
  init(how: { now?: (self: Self) => never }) {
    return how.now?.(this.self) ?? ok(0);
  }
  override handleInfo(how: (self: Self) => never) {
    return how(this.self);
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
