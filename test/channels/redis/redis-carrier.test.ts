import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { redisCarrier } from "../../../channels/redis/redis-carrier.ts";
import { type NodeCarrier, silentLogger } from "../../../runtime/index.ts";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import { until } from "./redis-places.ts";

interface Node {
  readonly name: string;
  readonly carrier: NodeCarrier;
  /** What it was told, in order: `+b`, `-b`, and what came from whom. */
  readonly told: string[];
}

describe.skipIf(!hasRedis)("redisCarrier, with a real Redis", () => {
  let redis: RedisServer;
  let nodes: Node[];
  beforeEach(async () => {
    redis = await startRedis();
    nodes = [];
  });
  afterEach(async () => {
    for (const { carrier } of nodes) await carrier.stop();
    await redis[Symbol.asyncDispose]();
  });

  async function start(name: string, incarnation = "1", options: object = {}): Promise<Node> {
    const logger = silentLogger;
    const carrier = redisCarrier({ url: redis.url, heartbeatMs: 50, timeoutMs: 1_000, logger, ...options });
    const node: Node = { name, carrier, told: [] };
    await carrier.start(
      { node: name, incarnation },
      {
        nodeUp: (other, its) => node.told.push(`+${other}#${its}`),
        nodeDown: (other, its) => node.told.push(`-${other}#${its}`),
        received: (other, _, bytes) => node.told.push(`${other}: ${Buffer.from(bytes).toString()}`),
      },
    );
    nodes.push(node);
    return node;
  }

  function saw(node: Node, told: string): Promise<void> {
    return until(() => node.told.includes(told), `${node.name} was told ${told}`);
  }

  test("nodes hear of each other, and of who leaves in order at once", async () => {
    const [a, b, c] = [await start("a"), await start("b"), await start("c")];
    for (const node of [a, b, c])
      for (const other of [a, b, c]) if (other !== node) await saw(node, `+${other.name}#1`);
    await c.carrier.stop();
    await saw(a, "-c#1");
    await saw(b, "-c#1");
    expect(a.told).toEqual(expect.arrayContaining(["+b#1", "+c#1", "-c#1"]));
    expect(a.told).toHaveLength(3);
  });

  test("what is sent arrives in order, with the bytes that it had", async () => {
    const [a, b] = [await start("a"), await start("b")];
    await saw(a, "+b#1");
    const sent = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    for (const text of sent) a.carrier.send("b", Buffer.from(text));
    a.carrier.send("nobody", Buffer.from("lost"));
    await saw(b, "a: 999");
    expect(b.told).toEqual(["+a#1", ...sent.map((text) => `a: ${text}`)]);
  });

  test("a name that another node has is refused, and free again when that node is gone", async () => {
    const a = await start("a");
    await expect(start("a", "2")).rejects.toMatchObject({ code: "ROOKERY_NODE_NAME_TAKEN" });
    await a.carrier.stop();
    const [b, again] = [await start("b"), await start("a", "2")];
    await saw(b, "+a#2");
    await saw(again, "+b#1");
  });

  test("when the connection of a node is cut, all are down for it and it for them, then up again", async () => {
    const [a, b] = [await start("a"), await start("b")];
    await saw(a, "+b#1");
    await saw(b, "+a#1");
    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    for (const [node, other] of [
      [a, "b#1"],
      [b, "a#1"],
    ] as const)
      await until(
        () => node.told.join() === `+${other},-${other},+${other}`,
        `${node.name} is connected again`,
      );
    b.carrier.send("a", Buffer.from("hello again"));
    await saw(a, "b: hello again");
  });

  test("a Redis that is killed takes all nodes from each other, until it is there again", async () => {
    const [a, b] = [await start("a"), await start("b")];
    await saw(a, "+b#1");
    await saw(b, "+a#1");
    await redis.kill();
    await saw(a, "-b#1");
    await saw(b, "-a#1");
    a.carrier.send("b", Buffer.from("to nobody"));
    await redis.restart();
    await until(() => a.told.length === 3 && b.told.length === 3, "both are connected again");
    a.carrier.send("b", Buffer.from("again"));
    await saw(b, "a: again");
    expect(b.told).not.toContain("a: to nobody");
  });

  test("a Redis that says nothing for too long is one that is gone", async () => {
    const [a, b] = [await start("a"), await start("b")];
    await saw(a, "+b#1");
    await saw(b, "+a#1");
    redis.pause();
    await saw(a, "-b#1");
    await saw(b, "-a#1");
    redis.resume();
    await until(() => a.told.at(-1) === "+b#1" && b.told.at(-1) === "+a#1", "both are connected again");
  });

  test("who sends more than may wait has lost the others, and finds them again", async () => {
    const [a, b] = [await start("a", "1", { unsentBytesMax: 10_000 }), await start("b")];
    await saw(a, "+b#1");
    await saw(b, "+a#1");
    for (let sent = 0; sent < 100; sent += 1) a.carrier.send("b", Buffer.alloc(1_000));
    expect(a.told).toEqual(["+b#1", "-b#1"]);
    await until(() => a.told.at(-1) === "+b#1", "a is connected again");
    a.carrier.send("b", Buffer.from("again"));
    await saw(b, "a: again");
    expect(b.told.indexOf("-a#1")).toBeLessThan(b.told.indexOf("a: again"));
    expect(b.told).toContain("-a#1");
  });

  test("without Redis a node starts alone, and finds the others when Redis is there", async () => {
    await redis.kill();
    const [a, b] = [await start("a"), await start("b")];
    expect([a.told, b.told]).toEqual([[], []]);
    await redis.restart();
    await saw(a, "+b#1");
    await saw(b, "+a#1");
  });
});
