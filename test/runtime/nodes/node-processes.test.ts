import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ExitError, ExitMessage, type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { runInProcess } from "../../../runtime/testing.ts";
import { ThreadServer } from "../shards/thread-server.ts";
import { IpcCarrier } from "./ipc-carrier.ts";

const FAR = "far@test";

let runtime: Runtime;
let child: ChildProcess;

const until = (isDone: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(isDone, { interval: 10, timeout: 200_000 });

const far = (shard: number) => ({ name: `server ${shard}`, node: FAR });

describe("nodes in two OS processes, with two threads each", () => {
  beforeEach(async () => {
    child = fork(new URL("far-node.ts", import.meta.url), { serialization: "advanced", execArgv: [] });
    runtime = await Runtime.start({
      node: "near@test",
      nodes: new IpcCarrier(child),
      shards: 2,
      logger: silentLogger,
    });
    await until(() =>
      runtime.call(far(1), "pid").then(
        () => true,
        () => false,
      ),
    );
  });

  afterEach(async () => {
    await runtime.shutdown();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });

  test("call each other from and to every thread, and hand over binaries and texts of any size", async () => {
    const near = await runtime.start(ThreadServer, undefined, { on: { shard: 1 } });
    for (const shard of [0, 1]) {
      const pid = (await runtime.call(far(shard), "pid")) as unknown as Pid;
      expect(String(pid)).toMatch(new RegExp(`^<${FAR}.${shard}.\\d+>$`));
      expect(await runtime.call(far(shard), { echo: pid })).toBe(pid);
      expect(await runtime.call(near, { call: pid, times: 100 })).toBe("done");
      expect(await runtime.call(far(shard), { call: near, times: 100 })).toBe("done");
      const echo = [new Uint8Array(1_000_000).fill(7), "ä".repeat(200_000), near];
      expect(await runtime.call(far(shard), { echo })).toEqual(echo);
    }
  });

  test("flood each other: all of it arrives, in order", async () => {
    const near = [
      await runtime.start(ThreadServer, undefined, { on: { shard: 0 } }),
      await runtime.start(ThreadServer, undefined, { on: { shard: 1 } }),
    ];
    const there = [await runtime.call(far(0), "pid"), await runtime.call(far(1), "pid")] as unknown as Pid[];
    const count = 5_000;
    for (const from of [...near, ...there])
      for (const flood of near.includes(from as never) ? there : near)
        runtime.cast(from, { flood, count, text: "x".repeat(100) } as never);
    for (const pid of [...near, ...there]) {
      const all = { count, inOrder: true, left: 1 };
      await until(async () => {
        const received = (await runtime.call(pid, "received" as never)) as unknown as { left: number }[];
        return received.length === 2 && received.every(({ left }) => left === 1);
      });
      expect(await runtime.call(pid, "received" as never)).toEqual([all, all]);
    }
  });

  test("hear that the other is gone when its process dies", async () => {
    const near = await runtime.start(ThreadServer, undefined);
    const { pid, heard } = await runInProcess(runtime, async (self) => {
      const server = (await self.call(far(1), "pid")) as unknown as Pid;
      self.trapExit(true);
      self.link(server);
      self.monitor(far(0));
      self.monitorNode(FAR, true);
      const call = self
        .call(far(1), { call: near, times: 1e9 }, Number.POSITIVE_INFINITY)
        .catch((error: ExitError) => (error.reason as unknown[])[0]);
      await self.call(far(0), "received");
      child.kill("SIGKILL");
      return {
        pid: server,
        heard: [await self.receive(), await self.receive(), await self.receive(), await call],
      };
    });
    expect(heard).toHaveLength(4);
    expect(heard).toEqual(
      expect.arrayContaining([
        new ExitMessage(pid, "noconnection"),
        expect.objectContaining({ type: "DOWN", process: far(0), reason: "noconnection" }),
        { type: "nodedown", node: FAR },
        ["nodedown", FAR],
      ]),
    );
    expect(runtime.nodes()).toEqual([]);
  });
});
