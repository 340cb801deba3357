import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { redisAdapter } from "../../../channels/redis/redis-adapter.ts";
import { redisCarrier } from "../../../channels/redis/redis-carrier.ts";
import {
  DownMessage,
  GenServer,
  type Ok,
  ok,
  type Pid,
  type Reply,
  reply,
  Runtime,
  silentLogger,
} from "../../../runtime/index.ts";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import { listen } from "../pubsub/listener.ts";
import { until } from "./redis-places.ts";

const NAME = "test.pubsub";
const SOON = { heartbeatMs: 50, timeoutMs: 1_000 };

class Counter extends GenServer<number, number> {
  init(): Ok<number> {
    return ok(0);
  }
  override handleCall(by: number): Reply {
    this.state += by;
    return reply([this.state, this.self.pid]);
  }
}

describe.skipIf(!hasRedis)("nodes that a real Redis connects", () => {
  let redis: RedisServer;
  let runtimes: Runtime[];
  beforeEach(async () => {
    [redis, runtimes] = [await startRedis(), []];
  });
  afterEach(async () => {
    for (const runtime of runtimes) await runtime.shutdown();
    await redis[Symbol.asyncDispose]();
  });

  async function start(node: string): Promise<Runtime> {
    const logger = silentLogger;
    const nodes = redisCarrier({ url: redis.url, logger, ...SOON });
    const runtime = await Runtime.start({ node, nodes, logger });
    runtimes.push(runtime);
    return runtime;
  }

  function connected(runtime: Runtime, ...nodes: string[]): Promise<void> {
    return until(() => runtime.nodes().toSorted().join() === nodes.join(), `connected with ${nodes.join()}`);
  }

  /** What a process gets that watches `pid`. */
  function watching(runtime: Runtime, pid: Pid): unknown[] {
    const got: unknown[] = [];
    runtime.spawn(async (self) => {
      self.monitor(pid);
      for (;;) got.push(await self.receive());
    });
    return got;
  }

  test("call each other's servers, hear of their end, and find each other again when Redis is back", async () => {
    const [a, b] = [await start("a@test"), await start("b@test")];
    await connected(a, "b@test");
    await connected(b, "a@test");
    await b.start(Counter, undefined, { name: "counter" });
    const counter = { name: "counter", node: "b@test" } as const;
    const [count, pid] = (await a.call(counter, 5)) as [number, Pid];
    expect([count, a.nodeOf(pid)]).toEqual([5, "b@test"]);
    const got = watching(a, pid);
    await a.call(pid, 1);
    await redis.kill();
    await until(() => got.length === 1, "the end is heard of");
    expect(got[0]).toBeInstanceOf(DownMessage);
    expect((got[0] as DownMessage).reason).toBe("noconnection");
    await redis.restart();
    await connected(a, "b@test");
    await connected(b, "a@test");
    expect(await a.call(counter, 1)).toEqual([7, expect.anything()]);
  });

  test("have the same pid by a broadcast as by a signal, and it can be sent to", async () => {
    const [a, b] = [await start("a@test"), await start("b@test")];
    await connected(a, "b@test");
    await connected(b, "a@test");
    for (const runtime of [a, b]) {
      const adapter = redisAdapter({ url: redis.url, ...SOON });
      await runtime.start(PubSub, { adapter }, { name: NAME });
    }
    const counter = await b.start(Counter, undefined, { name: "counter" });
    const { got } = await listen(a, NAME, "t");
    PubSub.broadcast(b, NAME, "t", counter);
    await until(() => got.length === 1, "the pid has come");
    const [, pid] = (await a.call({ name: "counter", node: "b@test" }, 1)) as [number, Pid];
    expect(got[0]).toBe(pid);
    expect(await a.call(got[0] as Pid, 1)).toEqual([2, pid]);
  });

  test("hear of a process that is killed", async () => {
    const program = `
      import { Runtime } from "rookery";
      import { redisCarrier } from "rookery/channels";
      const nodes = redisCarrier({ url: ${JSON.stringify(redis.url)}, heartbeatMs: 50, timeoutMs: 1000 });
      await Runtime.start({ node: "c@test", nodes });
      process.stdin.resume();`;
    const a = await start("a@test");
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: new URL("../../../", import.meta.url),
      stdio: ["pipe", "inherit", "inherit"],
    });
    await connected(a, "c@test");
    child.kill("SIGKILL");
    await connected(a);
  });
});
