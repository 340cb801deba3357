import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenServer, noReply, ok, type Pid, Runtime, type Self, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle, simulate } from "../../runtime/testing.ts";

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

class Counter extends GenServer<number, unknown, unknown, unknown> {
  init(_arg: undefined) {
    return ok(0);
  }
  override handleInfo(again: unknown) {
    this.state += 1;
    if (again === true) this.self.send(this.self.pid, true);
    return noReply();
  }
}

describe("the scheduler", () => {
  test("lets Node do its I/O while a process never stops sending to itself", async () => {
    const pid = await runtime.start(Counter, undefined);
    runtime.send(pid, true);
    await settledTurn();
    await settledTurn();
    expect(runtime.isAlive(pid)).toBe(true);
    runtime.exit(pid, "kill");
  });

  test("lets a process that sends much and receives now and then not outrun those it sends to", async () => {
    const busy = await runtime.start(Counter, undefined);
    let longest = 0;
    await runInProcess(runtime, async (self) => {
      for (let round = 0; round < 200; round += 1) {
        for (let i = 0; i < 1_000; i += 1) self.send(busy, i);
        self.send(self.pid, "next");
        await self.receive();
        longest = Math.max(longest, self.info(busy)!.messageQueueLength);
      }
    });
    expect(longest).toBeLessThan(10_000);
  });

  test("gives another process its turn long before a full mailbox is empty", async () => {
    const busy = await runtime.start(Counter, undefined);
    const messages = 300_000;
    for (let i = 0; i < messages; i += 1) runtime.send(busy, i);
    const left = await runInProcess(runtime, (self) => self.info(busy)!.messageQueueLength);
    expect(left).toBeGreaterThan(messages / 2);
  });

  test("runs high before normal, and low now and then between normal ones (126)", async () => {
    const order: string[] = [];
    const note = (priority: "high" | "normal" | "low") => (self: Self) => {
      self.setPriority(priority);
      return self.receive().then(() => order.push(priority));
    };
    const pids: Pid[] = [];
    for (const priority of ["low", "normal", "high"] as const) pids.push(runtime.spawn(note(priority)));
    await settle(runtime);
    // One turn wakes all three: they stand in the run queue together.
    await runInProcess(runtime, (self) => pids.forEach((pid) => self.send(pid, "go")));
    await settle(runtime);
    expect(order).toEqual(["high", "normal", "low"]);
  });

  test("low comes behind the normal ones that are runnable, however many turns these have had before (126)", async () => {
    const order: string[] = [];
    for (let turn = 0; turn < 20; turn += 1) runtime.spawn(() => {});
    await settle(runtime);
    const low = runtime.spawn((self) => {
      self.setPriority("low");
      // Looked at in its turn; the code behind the receive goes on later.
      return self.receive(() => order.push("low") > 0);
    });
    await settle(runtime);
    await runInProcess(runtime, (self) => {
      self.send(low, "go");
      self.spawn(() => order.push("normal"));
    });
    await settle(runtime);
    expect(order).toEqual(["normal", "low"]);
  });

  test("gives low about one turn for every eight of normal, as long as normal ones are runnable (126)", async () => {
    await using simulation = await simulate({ seed: 1, inOrder: true });
    const turns = { normal: 0, low: 0 };
    class Racer extends GenServer<"normal" | "low"> {
      init(priority: "normal" | "low") {
        this.self.setPriority(priority);
        return ok(priority);
      }
      override handleInfo() {
        turns[this.state] += 1;
        if (turns.normal < 1_000) this.self.send(this.self.pid, "again");
        return noReply();
      }
    }
    const pids = (["normal", "low", "normal"] as const).map((priority) =>
      simulation.runtime.start(Racer, priority),
    );
    await simulation.settle();
    for (const pid of await Promise.all(pids)) simulation.runtime.send(pid, "go");
    await simulation.settle();
    expect(turns.normal / turns.low).toBeGreaterThan(6);
    expect(turns.normal / turns.low).toBeLessThan(10);
  });

  test("goes on after an error that an unrelated microtask threw into its slice", async () => {
    const errors: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => errors.push(error));
    try {
      runtime.spawn(async (self) => {
        self.send(self.pid, "m");
        await self.receive();
        process.nextTick(() => {
          throw new Error("stray");
        });
      });
      const pid = await runtime.start(Counter, undefined);
      await settle(runtime);
      runtime.send(pid, false);
      await settle(runtime);
      expect(runtime.info(pid)?.messageQueueLength).toBe(0);
      expect(errors).toMatchObject([{ message: "stray" }]);
    } finally {
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });
});

/** Resolves in the check phase of the event loop: there only if the loop is not held up. */
function settledTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("a runtime leaves nothing behind: a program that started and stopped one a hundred times ends by itself", async () => {
  const { execFile } = await import("node:child_process");
  const program = `
    import { Runtime } from "${new URL("../../runtime/index.ts", import.meta.url)}";
    for (let i = 0; i < 100; i += 1) {
      const runtime = await Runtime.start();
      runtime.spawn(async (self) => { self.sendAfter(3_600_000, self.pid, "never"); await self.receive(); });
      await new Promise(setImmediate);
      await runtime.shutdown();
    }
    const idle = await Runtime.start();
    idle.spawn((self) => self.receive());
    process.stdout.write("done");
  `;
  const output = await new Promise((resolve, reject) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
  });
  expect(output).toBe("done");
});
