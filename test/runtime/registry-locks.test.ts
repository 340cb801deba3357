import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Pid, Registry, Runtime, type Self, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

let runtime: Runtime;
let events: string[];

beforeEach(async () => {
  events = [];
  runtime = await Runtime.start({ logger: silentLogger });
  await runtime.start(Registry, { keys: "unique" }, { name: "unique" });
  await runtime.start(Registry, { keys: "duplicate" }, { name: "duplicate" });
});

afterEach(() => runtime.shutdown());

/** A process that locks `key`, and once it has the lock waits for a message: an error is thrown. */
function locker(id: string, key: unknown, registry = "unique"): Pid {
  return runtime.spawn(async (self) => {
    await Registry.lock(self, registry, key, async () => {
      events.push(`${id} locks`);
      const message = await self.receive();
      if (message instanceof Error) throw message;
      events.push(`${id} unlocks`);
    });
  });
}

/** What happened since the last look, once everything waits. */
async function happened(): Promise<string[]> {
  await settle(runtime);
  return events.splice(0);
}

describe("Registry.lock", () => {
  test("answers what its function does, and is free again", async () => {
    await runInProcess(runtime, async (self) => {
      for (const value of [1, 2]) expect(await Registry.lock(self, "unique", "k", () => value)).toBe(value);
      expect(await Registry.lock(self, "unique", "k", async () => self.pid)).toBe(self.pid);
      expect(self.info(self.pid)).toMatchObject({ links: [], messageQueueLength: 0 });
    });
  });

  test.each(["unique", "duplicate"])(
    "those of one key take turns in the order in which they asked: %s",
    async (registry) => {
      const pids = ["a", "b", "c"].map((id) => locker(id, ["k", 1], registry));
      expect(await happened()).toEqual(["a locks"]);
      runtime.send(pids[0]!, "go");
      expect(await happened()).toEqual(["a unlocks", "b locks"]);
      runtime.send(pids[1]!, "go");
      expect(await happened()).toEqual(["b unlocks", "c locks"]);
    },
  );

  test("those of other keys, or of another registry, do not wait, nor does a registration", async () => {
    locker("a", "k");
    locker("b", "l");
    locker("c", "k", "duplicate");
    expect(await happened()).toEqual(["a locks", "b locks", "c locks"]);
    await runInProcess(runtime, (self: Self) => {
      expect(Registry.register(self, "unique", "k")).toMatchObject({ ok: true });
      expect(Registry.count(self, "unique")).toBe(1);
    });
  });

  test("a function that throws gives the lock back, and its error to its caller", async () => {
    const error = new RangeError("boom");
    await runInProcess(runtime, async (self) => {
      const throws = Registry.lock(self, "unique", "k", () => {
        throw error;
      });
      await expect(throws).rejects.toBe(error);
      expect(await Registry.lock(self, "unique", "k", () => "done")).toBe("done");
    });
    const holder = locker("a", "k");
    locker("b", "k");
    await happened();
    runtime.send(holder, error);
    expect(await happened()).toEqual(["b locks"]);
  });

  test("who dies with the lock, or waiting for it, holds up nobody", async () => {
    const [a, b] = ["a", "b", "c"].map((id) => locker(id, "k"));
    await happened();
    runtime.exit(b!, "kill");
    runtime.exit(a!, "kill");
    expect(await happened()).toEqual(["c locks"]);
  });

  test("ends those who wait when the registry dies", async () => {
    const [holder, waiting] = ["a", "b"].map((id) => locker(id, "k"));
    await happened();
    runtime.exit("unique", "kill");
    await settle(runtime);
    expect([holder, waiting].map((pid) => runtime.isAlive(pid!))).toEqual([true, false]);
  });
});
