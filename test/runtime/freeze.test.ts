import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  GenServer,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

let runtime: Runtime;
let clock: VirtualClock;
let receiver: { pid: Pid; messages: unknown[] };

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock, freezeMessages: true });
  receiver = collector(runtime);
});

afterEach(() => runtime.shutdown());

const throwing = (): object => {
  return {
    get total() {
      throw new Error("no total");
    },
  };
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe("a message with something that can't be frozen", () => {
  test.each<[string, () => unknown, path: string]>([
    ["a getter that throws", () => ({ order: { items: [1, throwing()] } }), "message.order.items[1].total"],
    ["a revoked proxy", () => [revoked()], "message[0]"],
    ["the message itself", revoked, "message ("],
    ["a value of a map", () => ({ by: new Map([["k", revoked()]]) }), "an element of message.by"],
    ["a proxy that refuses", () => ({ p: new Proxy({}, { preventExtensions: () => false }) }), "message.p"],
  ])("ends its sender, and no other, with the path: %s", async (_, message, path) => {
    await runInProcess(runtime, async (self) => {
      const { ref } = self.spawnMonitor((sender) => sender.send(receiver.pid, message()));
      const { reason } = (await self.receive({ ref })) as DownMessage;
      expect(reason).toMatchObject({ code: "ROOKERY_MESSAGE", cause: expect.any(Error) });
      expect((reason as Error).message).toMatch(/^Expected a value that can be frozen, got .+/);
      expect((reason as Error).message).toContain(path);
      self.send(receiver.pid, "goes on");
    });
    await settle(runtime);
    expect(receiver.messages).toEqual(["goes on"]);
  });

  test("ends the server that would reply with it; who has called hears why", async () => {
    class Shop extends GenServer<number, string> {
      init() {
        return ok(0);
      }
      override handleCall() {
        return reply({ sum: throwing() });
      }
      override handleCast() {
        return noReply();
      }
    }
    const shop = await runtime.start(Shop, undefined as never);
    await expect(runtime.call(shop, "sum")).rejects.toMatchObject({
      code: "ROOKERY_CALL_EXIT",
      reason: [{ code: "ROOKERY_MESSAGE" }, expect.anything()],
    });
    expect(runtime.isAlive(shop)).toBe(false);
    expect(runtime.isAlive(receiver.pid)).toBe(true);
  });
});

describe("a message is frozen", () => {
  test("however deep it is", async () => {
    interface Link {
      readonly next: Link | undefined;
    }
    let chain: Link = { next: undefined };
    const innermost = chain;
    for (let depth = 0; depth < 50_000; depth += 1) chain = { next: chain };
    runtime.send(receiver.pid, chain);
    expect(Object.isFrozen(innermost)).toBe(true);
  });

  test("when its timer is started, not when it fires", async () => {
    const message = { list: [1] };
    runtime.sendAfter(10, receiver.pid, message);
    expect(() => message.list.push(2)).toThrow(TypeError);
    clock.advance(10);
    await settle(runtime);
    expect(receiver.messages).toEqual([{ list: [1] }]);
  });

  test("but for functions and instances of classes, which are passed on as they are", async () => {
    class Counter {
      count = 0;
    }
    const message = { counter: new Counter(), bytes: new Uint8Array(1), add: () => 1 } as const;
    runtime.send(receiver.pid, message);
    message.counter.count = 1;
    message.bytes[0] = 1;
    await settle(runtime);
    expect(receiver.messages).toEqual([message]);
  });
});
