import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Clock, systemClock } from "../../../runtime/clock.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { runInProcess } from "../../../runtime/testing.ts";
import { type Report, reportingLogger } from "../reporting-logger.ts";
import { ThreadServer } from "./thread-server.ts";

let runtime: Runtime;

const startOn = (place: number, name?: string): Promise<Pid<ThreadServer>> =>
  runtime.start(ThreadServer, undefined, { on: { shard: place }, ...(name === undefined ? {} : { name }) });

/** Notes of each timer that fires after how long that is. */
const notingClock = (fired: number[]): Clock => ({
  ...systemClock,
  setTimer: (ms, fire) =>
    systemClock.setTimer(ms, () => {
      fired.push(ms);
      fire();
    }),
});

const until = (isDone: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(isDone, { interval: 10, timeout: 200_000 });

describe("shards on threads", () => {
  beforeEach(async () => {
    runtime = await Runtime.start({ logger: silentLogger, shards: 3 });
  });

  afterEach(() => runtime.shutdown());

  test("call, monitor, link and name each other's processes", async () => {
    const [one, two] = [await startOn(1, "one"), await startOn(2, "two")];
    expect([one.shard, two.shard]).toEqual([1, 2]);
    expect(await runtime.call("two", "pid")).toBe(two);
    expect(await runtime.call(one, { whereis: "two" })).toBe(two);
    expect(await runtime.call(one, { call: two, times: 200 })).toBe("done");
    expect(runtime.whereis("one")).toBe(one);
    const ends = await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const linked = await self.startLink(ThreadServer, undefined, { on: { shard: 1 } });
      self.monitor(two);
      self.exit(linked, "boom");
      const exit = await self.receive();
      self.exit(two, "kill");
      return [exit, await self.receive()];
    });
    expect(ends).toMatchObject([
      { type: "EXIT", reason: "boom" },
      { type: "DOWN", process: two, reason: "killed" },
    ]);
    expect(runtime.whereis("two")).toBe(undefined);
  });

  test("hand over binaries of any size, and texts", async () => {
    const one = await startOn(1);
    for (const size of [10, 65_536, 3_000_000]) {
      const echo = [new Uint8Array(size).fill(size % 256), "ä".repeat(size), Buffer.alloc(size, 7).buffer];
      expect(await runtime.call(one, { echo })).toEqual(echo);
    }
  });

  test("flood each other: all of it arrives, in order, and who sends is held meanwhile", async () => {
    const pids = [await startOn(0), await startOn(1), await startOn(2)];
    const count = 20_000;
    for (const from of pids)
      for (const flood of pids)
        if (flood !== from) runtime.cast(from, { flood, count, text: "x".repeat(200) });
    const peer = runtime.shard.interconnect!.peer(1)!;
    let most = 0;
    for (const pid of pids)
      await until(async () => {
        most = Math.max(most, peer.waiting);
        const received = (await runtime.call(pid, "received")) as unknown as { count: number }[];
        return received.length === 2 && received.every((from) => from.count === count);
      });
    for (const pid of pids)
      expect(await runtime.call(pid, "received")).toEqual([
        { count, inOrder: true, left: 1 },
        { count, inOrder: true, left: 1 },
      ]);
    expect(most).toBeLessThan(1_200_000);
  });

  test("take what is placed by key or where fewest live", async () => {
    const place = async (on: "least_loaded" | { key: unknown }): Promise<number> =>
      (await runtime.start(ThreadServer, undefined, { on })).shard % 64;
    for (let n = 0; n < 5; n += 1) await startOn(1);
    for (let n = 0; n < 3; n += 1) runtime.spawn((self) => self.receive());
    // What a shard tells of its load is a moment old.
    await until(async () => (await place("least_loaded")) === 2);
    const keys = Array.from({ length: 30 }, (_, key) => key);
    const before = await Promise.all(keys.map((key) => place({ key })));
    expect(new Set(before)).toEqual(new Set([0, 1, 2]));
    expect(await Promise.all(keys.map((key) => place({ key })))).toEqual(before);
  });

  test("tell how many live there also while they never rest", async () => {
    const busy = await startOn(1);
    runtime.cast(busy, { flood: busy, count: Number.MAX_SAFE_INTEGER, text: "" });
    for (let n = 0; n < 10; n += 1) await startOn(1);
    for (let n = 0; n < 3; n += 1) runtime.spawn((self) => self.receive());
    for (let n = 0; n < 3; n += 1) await startOn(2);
    const { shard } = await runtime.start(ThreadServer, undefined, { on: "least_loaded" });
    expect(shard).not.toBe(1);
  });
});

describe("a shard whose thread dies", () => {
  test.each([
    ["exit the thread", {}],
    ["fill the heap", { maxHeapMb: 40 }],
  ] as const)(
    "(%s) is noconnection to those who watch it, and is started again: keys are where they were",
    async (request, limits) => {
      const reports: Report[] = [];
      runtime = await Runtime.start({ logger: reportingLogger(reports), shards: 3, ...limits });
      try {
        const [dies, lives] = [await startOn(1, "dies"), await startOn(2, "lives")];
        const keys = Array.from({ length: 20 }, (_, key) => key);
        const placed = (): Promise<Pid[]> =>
          Promise.all(keys.map((key) => runtime.start(ThreadServer, undefined, { on: { key } })));
        const places = (pids: Pid[]): number[] => pids.map(({ shard }) => shard % 64);
        const before = places(await placed());
        const down = runInProcess(runtime, async (self) => {
          self.monitor(dies);
          return await self.receive();
        });
        await expect(runtime.call(dies, request, 30_000)).rejects.toMatchObject({
          reason: ["noconnection", expect.anything()],
        });
        expect(await down).toMatchObject({ type: "DOWN", reason: "noconnection" });
        expect(runtime.whereis("dies")).toBe(undefined);
        expect(runtime.isAlive(dies)).toBe(false);
        expect(await runtime.call("lives", { echo: 1 })).toBe(1);
        // Meanwhile only those keys move that were there.
        const between = places(await placed());
        for (const [key, place] of before.entries()) if (place !== 1) expect(between[key]).toBe(place);
        await until(() => runtime.shards().length === 3);
        const again = await startOn(1, "dies");
        expect([again.shard, dies.shard]).toEqual([65, 1]);
        expect(await runtime.call(lives, { call: again, times: 10 })).toBe("done");
        expect(places(await placed())).toEqual(before);
        expect(reports.some(({ message }) => message.includes("Shard 1 has died"))).toBe(true);
      } finally {
        await runtime.shutdown();
      }
    },
  );
});

test("a runtime that is shut down while a shard is being started again does not wait until it gives that up", async () => {
  const fired: number[] = [];
  const clock = notingClock(fired);
  const own = await Runtime.start({ clock, logger: silentLogger, shards: 2 });
  own.crashShard(1);
  // The first restart comes at once.
  await until(() => fired.includes(0));
  await own.shutdown();
  expect(fired.filter((ms) => ms >= 1_000)).toEqual([]);
});

test("a start that waits for a shard to come back fails when the runtime is shut down, and so does a later one", async () => {
  const fired: number[] = [];
  const own = await Runtime.start({ clock: notingClock(fired), logger: silentLogger, shards: 2 });
  own.crashShard(1);
  await until(() => own.shards().length === 1);
  const failure = expect.objectContaining({ reason: "noconnection" });
  const waiting = own.start(ThreadServer, undefined, { on: { shard: 1 } });
  const refused = expect(waiting).rejects.toThrow(failure);
  await own.shutdown();
  await refused;
  await expect(own.start(ThreadServer, undefined, { on: { shard: 1 } })).rejects.toThrow(failure);
  expect(fired.filter((ms) => ms >= 1_000)).toEqual([]);
});

test("a runtime one of whose threads does not start is refused, and leaves nothing behind", async () => {
  const program = `
    import { Runtime, silentLogger } from ${JSON.stringify(new URL("../../../runtime/index.ts", import.meta.url))};
    await Runtime.start({ shards: 3, logger: silentLogger }).catch((error) => console.log(error.message));
  `;
  const preload = `import { isMainThread } from "node:worker_threads"; if (!isMainThread) throw new Error("no thread");`;
  const run = promisify(execFile);
  const flags = ["--import", `data:text/javascript,${preload}`, "--input-type=module", "--eval", program];
  const { stdout } = await run(process.execPath, flags, { timeout: 200_000 });
  expect(stdout).toBe("no thread\n");
});

test("a runtime of several shards can be started and stopped again and again, and leaves nothing behind", async () => {
  const program = `
    import { Runtime } from ${JSON.stringify(new URL("../../../runtime/index.ts", import.meta.url))};
    import { ThreadServer } from ${JSON.stringify(new URL("thread-server.ts", import.meta.url))};
    for (let round = 0; round < 20; round += 1) {
      const runtime = await Runtime.start({ shards: 2 });
      const pid = await runtime.start(ThreadServer, undefined, { on: { shard: 1 } });
      if (await runtime.call(pid, { echo: round }) !== round) throw new Error("a wrong answer");
      await runtime.shutdown();
    }
    console.log("stopped");
  `;
  const run = promisify(execFile);
  // It ends when Node finds nothing that is left to wait for.
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout).toBe("stopped\n");
});

test.each([
  [
    "at once",
    // What the other thread prints comes by way of this one, and may come later.
    /^main\n(main\n)?Expected Inside to start, but its init ended with .*starts a runtime.*main-program\.ts\n(main\n)?$/,
  ],
  // The class is found: it is the start of the other runtime that is refused.
  ["later", /^main\n(main\n|started\n|Expected a module .*\n)+$/],
] as const)(
  "a main program that starts a class of its own on another shard, %s, does not run there again and again",
  async (when, said) => {
    const program = fileURLToPath(new URL("main-program.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      env: { ...process.env, STARTS: when },
      timeout: 100_000,
    });
    expect(stdout).toMatch(said);
    expect(stdout.match(/main\n/g)).toHaveLength(2);
  },
);
