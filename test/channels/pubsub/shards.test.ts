import { describe, expect, test } from "vitest";
import { broadcastTo } from "../../../channels/broadcast.ts";
import type { EncodedFrame } from "../../../channels/encoded-frame.ts";
import { Fastlane } from "../../../channels/fastlane.ts";
import { Broadcast } from "../../../channels/message.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import type { Serializer } from "../../../channels/serializer/serializer.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";
import { type Runtime, silentLogger } from "../../../runtime/index.ts";
import { simulate, simulateEach, type Simulation } from "../../../runtime/testing.ts";

const NAME = "test.pubsub";

async function startOn(simulation: Simulation, place: number): Promise<void> {
  const started = simulation.runtimes[place]!.start(PubSub, {}, { name: NAME, nameScope: "shard" });
  await simulation.settle();
  await started;
}

async function startOnAll(simulation: Simulation): Promise<readonly Runtime[]> {
  for (const place of simulation.runtimes.keys()) await startOn(simulation, place);
  return simulation.runtimes;
}

/** What a process that has subscribed to the topic gets. */
async function listening(simulation: Simulation, place: number, metadata?: unknown): Promise<unknown[]> {
  const got: unknown[] = [];
  simulation.runtimes[place]!.spawn(async (self) => {
    PubSub.subscribe(self, NAME, "t", metadata);
    for (;;) got.push(await self.receive());
  });
  await simulation.settle();
  return got;
}

class CountingSerializer implements Serializer {
  readonly vsn = "2.0";
  encoded = 0;
  encode = v2Json.encode;
  decode = v2Json.decode;
  encodeBroadcast(broadcast: Broadcast): EncodedFrame {
    this.encoded += 1;
    return v2Json.encodeBroadcast(broadcast);
  }
}

describe("PubSub on several shards", () => {
  test("a channel's broadcast is encoded once on each shard, however many clients it has there", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const runtimes = await startOnAll(simulation);
    const serializers = runtimes.map(() => new CountingSerializer());
    const transports = runtimes.map((runtime) => {
      const frames: EncodedFrame[] = [];
      const pid = runtime.spawn(async (self) => {
        for (;;) frames.push((await self.receive()) as EncodedFrame);
      });
      return { pid, frames };
    });
    for (const place of [0, 0, 1, 1, 1])
      await listening(
        simulation,
        place,
        new Fastlane(
          { transportPid: transports[place]!.pid, serializer: serializers[place]!, peer: undefined },
          undefined,
        ),
      );
    broadcastTo(runtimes[0]!, NAME, "t", "shout", { body: "hi" });
    await simulation.settle();
    expect(serializers.map(({ encoded }) => encoded)).toEqual([1, 1]);
    expect(transports.map(({ frames }) => frames.map(({ data }) => data))).toEqual(
      [2, 3].map((count) => Array.from({ length: count }, () => '[null,null,"t","shout",{"body":"hi"}]')),
    );
  });

  test("a subscriber on another shard gets a Broadcast as one, its bytes as bytes", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here] = (await startOnAll(simulation)) as [Runtime];
    const got = await listening(simulation, 1);
    PubSub.broadcast(here, NAME, "t", new Broadcast("other topic", "event", Uint8Array.of(1, 2)));
    await simulation.settle();
    expect(got).toEqual([new Broadcast("other topic", "event", Uint8Array.of(1, 2))]);
    expect(got[0]).toBeInstanceOf(Broadcast);
  });

  test("what a broadcaster broadcasts and what it sends arrive in the order in which it did", async () => {
    await simulateEach({ runs: 50, shards: 3 }, async (simulation) => {
      const runtimes = await startOnAll(simulation);
      const got: unknown[] = [];
      const pid = runtimes[1]!.spawn(async (self) => {
        PubSub.subscribe(self, NAME, "t");
        for (;;) got.push(await self.receive());
      });
      runtimes[1]!.register("listener", pid);
      await simulation.settle();
      runtimes[0]!.spawn((self) => {
        for (let index = 0; index < 20; index += 1) {
          if (index % 3 === 0) self.send("listener", index);
          else PubSub.broadcast(self, NAME, "t", index);
        }
      });
      await simulation.settle();
      expect(got).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });
  });

  test("a message that can't be copied reaches nobody, and the broadcaster is told where it can't be", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const runtimes = await startOnAll(simulation);
    const got = [await listening(simulation, 0), await listening(simulation, 1)];
    const refused = (path: string): object =>
      expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining(path) });
    const callback = (): void => {};
    expect(() => PubSub.broadcast(runtimes[0]!, NAME, "t", { callback })).toThrow(
      refused("message.callback"),
    );
    expect(() => broadcastTo(runtimes[0]!, NAME, "t", "event", { callback })).toThrow(
      refused("message.callback"),
    );
    await simulation.settle();
    expect(got).toEqual([[], []]);
  });

  test("a dispatcher without a name stays on its shard", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here] = (await startOnAll(simulation)) as [Runtime];
    const got = await listening(simulation, 0);
    const dispatcher = { dispatch: () => got.push("dispatched") };
    expect(() => PubSub.broadcast(here, NAME, "t", 1, dispatcher)).toThrow(
      expect.objectContaining({ code: "ROOKERY_DISPATCHER" }),
    );
    PubSub.localBroadcast(here, NAME, "t", 1, dispatcher);
    expect(got).toEqual(["dispatched"]);
  });

  test.each(["kill", "shutdown"])(
    "a PubSub that ended with %s on another shard loses nothing that is broadcast meanwhile",
    async (reason) => {
      await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
      const [here, there] = (await startOnAll(simulation)) as [Runtime, Runtime];
      const got = await listening(simulation, 1);
      there.exit(NAME, reason);
      await simulation.settle();
      PubSub.broadcast(here, NAME, "t", "while it is dead");
      await simulation.settle();
      await startOn(simulation, 1);
      PubSub.broadcast(here, NAME, "t", "restarted");
      await simulation.settle();
      expect(got).toEqual(["while it is dead", "restarted"]);
    },
  );

  test("a shard that is lost hears nothing more and holds up nobody; the one that takes its place hears again", async () => {
    await using simulation = await simulate({ seed: 1, shards: 3, logger: silentLogger });
    const [here] = (await startOnAll(simulation)) as [Runtime];
    const [stays, lost] = [await listening(simulation, 2), await listening(simulation, 1)];
    const former = PubSub.nodeName(simulation.runtimes[1]!, NAME);
    simulation.loseShard(1);
    for (let index = 0; index < 2_000; index += 1) PubSub.broadcast(here, NAME, "t", index);
    PubSub.directBroadcast(here, 1, NAME, "t", "nobody");
    await simulation.settle();
    expect([stays.length, lost.length]).toEqual([2_000, 0]);
    await simulation.startShard(1);
    await startOn(simulation, 1);
    const back = await listening(simulation, 1);
    PubSub.broadcast(here, NAME, "t", "back");
    PubSub.directBroadcast(here, 1, NAME, "t", "to the new one");
    PubSub.directBroadcast(here, former, NAME, "t", "to the one that is gone");
    await simulation.settle();
    expect([stays.at(-1), back]).toEqual(["back", ["back", "to the new one"]]);
  });
});
