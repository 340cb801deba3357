import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CpuFunction,
  type CpuTaskOptions,
  type DownMessage,
  Runtime,
  type Self,
  silentLogger,
  Task,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import type * as functions from "./cpu-functions.ts";

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({
    logger: silentLogger,
    clock,
    cpu: { threads: 1, maxOldGenerationSizeMb: 32 },
  });
});

afterEach(() => runtime.shutdown());

type Functions = typeof functions;
type FunctionName = {
  [Name in keyof Functions]: Functions[Name] extends CpuFunction ? Name : never;
}[keyof Functions];

const module = new URL("cpu-functions.ts", import.meta.url);

function start<Name extends FunctionName>(
  self: Self,
  name: Name,
  argument: Parameters<Functions[Name]>[0],
  options?: CpuTaskOptions,
): Task<Awaited<ReturnType<Functions[Name]>>> {
  return Task.cpu<Functions[Name]>(self, { module, name }, argument, options);
}

function run<Name extends FunctionName>(
  name: Name,
  argument: Parameters<Functions[Name]>[0],
  options?: CpuTaskOptions,
): Promise<Awaited<ReturnType<Functions[Name]>>> {
  return Task.cpu<Functions[Name]>(runtime, { module, name }, argument, options);
}

/** Starts a function that never ends, and resolves with how it is to end, once it runs. */
async function spinning(
  options: CpuTaskOptions = {},
  name: "spin" | "spinOptimized" = "spin",
): Promise<{ ended: Promise<unknown> }> {
  const begun = Promise.withResolvers<unknown>();
  const ended = run(name, undefined, { ...options, onProgress: begun.resolve }).catch((error) => error);
  await begun.promise;
  return { ended };
}

/** How the process that runs `body` ends. */
function endOf(body: (self: Self) => unknown): Promise<unknown> {
  return runInProcess(runtime, async (self) => {
    self.spawnMonitor(body);
    return ((await self.receive()) as DownMessage).reason;
  });
}

describe("Task.cpu", () => {
  test("runs a function of a module on another thread, for a process that awaits it", async () => {
    await runInProcess(runtime, async (self) => {
      expect(await start(self, "square", 12).await()).toBe(144);
      expect(await start(self, "squareLater", 12).await()).toBe(144);
      expect(await start(self, "thread", undefined).await()).toBeGreaterThan(0);
    });
  });

  test("is a promise for code outside of any process", async () => {
    expect(await run("square", 12)).toBe(144);
  });

  test("runs as many at once as there are threads, and the others in order", async () => {
    const done: number[] = [];
    await Promise.all([1, 2, 3].map((n) => run("square", n).then((value) => done.push(value))));
    expect(done).toEqual([1, 4, 9]);
  });

  test("copies the argument when it is called", async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const sum = run("sum", bytes);
    bytes[0] = 100;
    expect(await sum).toBe(6);
  });

  test("moves what is to be transferred, there and back", async () => {
    const sent = Uint8Array.of(1, 2, 3);
    expect(await run("sum", sent, { transfer: [sent.buffer] })).toBe(6);
    expect(sent.byteLength).toBe(0);
    expect(await run("bytes", 3)).toEqual(Uint8Array.of(7, 7, 7));
    expect(await run("bytesLeft", undefined)).toBe(0);
  });

  test("tells all progress in order, before the value is there", async () => {
    const told: unknown[] = [];
    const value = await run("countTo", 100, { onProgress: (n) => told.push(n) });
    expect(value).toBe("done");
    expect(told).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});

describe("a function of Task.cpu that fails", () => {
  test("is the crash of its task: name, message, code and the stack of its thread", async () => {
    const reason = await endOf((self) => start(self, "fail", "E_FAR").await());
    expect(reason).toBeInstanceOf(Error);
    expect(reason).toMatchObject({ name: "RangeError", message: "too far", code: "E_FAR" });
    expect((reason as Error).stack).toContain("cpu-functions.ts");
    expect(await endOf((self) => start(self, "throwValue", "up").await())).toEqual(["nocatch", "up"]);
  });

  test("rejects the promise outside of processes with what it threw", async () => {
    await expect(run("throwValue", new TypeError("no"))).rejects.toEqual(new TypeError("no"));
    await expect(run("throwValue", "up")).rejects.toBe("up");
  });

  test("by ending its thread fails alone, and the next one has another thread", async () => {
    const other = run("exitThread", 3);
    const next = run("square", 3);
    await expect(other).rejects.toMatchObject({
      code: "ROOKERY_CPU_THREAD",
      message: expect.stringMatching("3"),
    });
    expect(await next).toBe(9);
  });

  test("by taking more memory than it may fails alone", async () => {
    await expect(run("hoard", undefined)).rejects.toMatchObject({
      code: "ROOKERY_CPU_THREAD",
      message: expect.stringMatching("memory"),
    });
    expect(await run("square", 3)).toBe(9);
  });

  test("because it is not there, or its module isn't, says so", async () => {
    await expect(Task.cpu(runtime, { module, name: "noFunction" }, 0)).rejects.toMatchObject({
      code: "ROOKERY_CPU_FUNCTION",
      message: expect.stringMatching(/noFunction.*number/),
    });
    const nowhere = new URL("nowhere.ts", import.meta.url);
    await expect(Task.cpu(runtime, { module: nowhere, name: "f" }, 0)).rejects.toMatchObject({
      code: "ERR_MODULE_NOT_FOUND",
    });
  });

  test("can't start when what it is asked with makes no sense", () => {
    const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
    const square = { module, name: "square" };
    expect(() => Task.cpu(runtime, { module: "./cpu-functions.ts", name: "square" }, 0)).toThrow(badarg);
    expect(() => Task.cpu(runtime, { module, name: 5 as never }, 0)).toThrow(badarg);
    expect(() => Task.cpu(runtime, square, 0, { timeoutMs: -1 })).toThrow(badarg);
    expect(() => Task.cpu(runtime, square, 0, { timeout: 5 } as never)).toThrow(badarg);
    expect(() => Task.cpu({} as never, square, 0)).toThrow(badarg);
  });

  test("because its argument or its value can't be copied says which", async () => {
    expect(() => run("throwValue", () => {})).toThrow(
      expect.objectContaining({
        code: "ROOKERY_CPU_VALUE",
        message: expect.stringContaining("the argument"),
      }),
    );
    await expect(run("closure", undefined)).rejects.toMatchObject({
      code: "ROOKERY_CPU_VALUE",
      message: expect.stringContaining("the value"),
    });
  });
});

describe("a function of Task.cpu that never ends is stopped", () => {
  // There is one thread: what runs next shows that it is free again.
  afterEach(async () => expect(await run("square", 3)).toBe(9));

  test("when the owner of its task dies", async () => {
    await runInProcess(runtime, async (self) => {
      const owner = self.spawn((inner) => {
        const onProgress = (value: unknown): void => self.send(self.pid, value);
        return start(inner, "spin", undefined, { onProgress }).await();
      });
      expect(await self.receive()).toBe("spinning");
      self.exit(owner, "kill");
    });
  });

  test("when its task is shut down", async () => {
    await runInProcess(runtime, async (self) => {
      const onProgress = (value: unknown): void => self.send(self.pid, value);
      const task = start(self, "spin", undefined, { onProgress });
      expect(await self.receive((message) => message === "spinning")).toBe("spinning");
      expect(await task.shutdown()).toBe(undefined);
    });
  });

  test("when its time is over", async () => {
    const { ended } = await spinning({ timeoutMs: 50 });
    clock.advance(50);
    expect(await ended).toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
  });

  test("when its signal is aborted", async () => {
    const controller = new AbortController();
    const { ended } = await spinning({ signal: controller.signal });
    controller.abort("enough");
    expect(await ended).toBe("enough");
    await expect(run("spin", undefined, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
  });

  test("when who is told of its progress throws", async () => {
    const onProgress = (): never => {
      throw new Error("enough");
    };
    await expect(run("spin", undefined, { onProgress })).rejects.toThrow("enough");
  });

  test("and so is one that still waits for a thread, which then never runs", async () => {
    const [running, waiting] = [new AbortController(), new AbortController()];
    const { ended } = await spinning({ signal: running.signal });
    const told: unknown[] = [];
    const second = run("countTo", 1, { signal: waiting.signal, onProgress: (n) => told.push(n) });
    const third = run("square", 4);
    await settle(runtime);
    waiting.abort("not needed");
    await expect(second).rejects.toBe("not needed");
    running.abort("enough");
    expect(await ended).toBe("enough");
    expect(await third).toBe(16);
    expect(told).toEqual([]);
  });

  test("when somebody kills its process", async () => {
    const before = new Set(runtime.processes());
    const { ended } = await spinning();
    const [pid] = runtime.processes().filter((each) => !before.has(each));
    runtime.exit(pid!, "kill");
    expect(await ended).toMatchObject({ code: "ROOKERY_TASK_EXIT", reason: "killed" });
  });
});

describe("the threads of Task.cpu", () => {
  test("serve one function after the other, and keep nothing of them", async () => {
    const [thread, handles] = [await run("thread", undefined), await run("handles", undefined)];
    for (let n = 0; n < 200; n += 1) await run("square", n);
    expect(await run("thread", undefined)).toBe(thread);
    // 200 ports that were not let go of would be four times this.
    expect((await run("handles", undefined)) - handles).toBeLessThan(3_000);
  });

  test("are replaced when what a function left behind fails, which is logged", async () => {
    const logged = Promise.withResolvers<unknown>();
    const own = await Runtime.start({
      logger: { ...silentLogger, error: logged.resolve },
      cpu: { threads: 1 },
    });
    try {
      const word = new Int32Array(new SharedArrayBuffer(4));
      await Task.cpu(own, { module, name: "failLater" }, word);
      Atomics.store(word, 0, 1);
      Atomics.notify(word, 0);
      expect(await logged.promise).toMatchObject({ error: { message: "left behind" } });
      expect(await Task.cpu(own, { module, name: "square" }, 3)).toBe(9);
    } finally {
      await own.shutdown();
    }
  });

  test.each([
    ["", "spin"],
    [", whatever V8 has made of their loops", "spinOptimized"],
  ] as const)(
    "are gone when the runtime is shut down, and so are the functions on them%s",
    async (_, name) => {
      const alive = new Set<Worker>();
      const watch = (worker: Worker): void => {
        alive.add(worker);
        worker.once("exit", () => alive.delete(worker));
      };
      process.on("worker", watch);
      try {
        const { ended } = await spinning({}, name);
        expect(alive.size).toBe(1);
        await runtime.shutdown();
        expect(alive.size).toBe(0);
        expect(await ended).toMatchObject({ code: "ROOKERY_TASK_EXIT", reason: "killed" });
      } finally {
        process.off("worker", watch);
      }
    },
  );

  test("don't keep Node running when they have nothing to do, and without any not even Piscina is loaded", async () => {
    const program = `
      import { createRequire } from "node:module";
      import { Runtime, Task } from ${JSON.stringify(new URL("../../index.ts", import.meta.url))};
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("piscina"));
      const runtime = await Runtime.start();
      console.log(loaded());
      console.log(await Task.cpu(runtime, { module: "node:querystring", name: "escape" }, "a b"), loaded());
    `;
    const flags = ["--input-type=module", "--eval", program];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, flags);
    expect(stderr).toBe("");
    expect(stdout).toBe("false\na%20b true\n");
  });
});
