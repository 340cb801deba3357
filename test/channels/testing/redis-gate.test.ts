import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { RedisGate, redisLoss } from "../../../channels/testing.ts";
import { PubSub } from "../../../channels/index.ts";
import { redisConnectionChanged } from "../../../channels/telemetry.ts";
import { attachTelemetry, detachTelemetry, silentLogger } from "../../../runtime/index.ts";
import { simulate } from "../../../runtime/testing.ts";
import { chaos } from "../../../supervisors/testing.ts";
import { hasRedis, startRedis } from "../../support/redis-server.ts";
import { NAME, startNode, stopNodes } from "../redis/redis-places.ts";

const losing = (ms: number, gate: RedisGate) => {
  const fault = redisLoss(gate, ms);
  return {
    seed: 1,
    durationMs: 0,
    faults: [fault],
    script: [{ atMs: 0, fault: fault.name, target: "Redis" }],
  };
};

describe("a gate", () => {
  test("passes on what comes, breaks while it is lost, and keeps the rest of the URL", async () => {
    const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await using gate = await RedisGate.open(`redis://user:secret@127.0.0.1:${port}/3`);
    const url = new URL(gate.url);
    expect([url.username, url.password, url.pathname]).toEqual(["user", "secret", "/3"]);
    const open = () => connect(Number(url.port), url.hostname);
    const client = open();
    client.write("hello");
    expect(String((await once(client, "data"))[0])).toBe("hello");
    gate.lose();
    await once(client, "close");
    await once(open(), "close");
    gate.restore();
    const again = open();
    again.write("again");
    expect(String((await once(again, "data"))[0])).toBe("again");
    again.destroy();
    server.close();
  });

  test("is no target in a simulation, whose time does not pass for Redis", async () => {
    await using gate = await RedisGate.open("redis://127.0.0.1:1");
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    expect((await chaos(simulation, losing(100, gate))).script).toEqual([]);
  });

  test("that nothing is behind closes who comes", async () => {
    await using gate = await RedisGate.open("redis://127.0.0.1:1");
    const url = new URL(gate.url);
    await once(connect(Number(url.port), url.hostname), "close");
  });
});

test.skipIf(!hasRedis)("a PubSub that loses Redis is down, and up again afterwards", async () => {
  await using redis = await startRedis();
  await using gate = await RedisGate.open(redis.url);
  const place = await startNode({ ...redis, url: gate.url }, "a", { heartbeatMs: 50, timeoutMs: 1_000 });
  const { runtime } = place;
  const states: string[] = [];
  attachTelemetry("gate", [redisConnectionChanged], (_, { state }) => states.push(state));
  try {
    expect(PubSub.state(runtime, NAME)).toBe("up");
    await chaos(runtime, losing(1_000, gate));
    await expect.poll(() => states.slice(0, 2)).toEqual(["down", "up"]);
    await expect.poll(() => PubSub.state(runtime, NAME)).toBe("up");
  } finally {
    detachTelemetry("gate");
    await stopNodes([place]);
  }
});
