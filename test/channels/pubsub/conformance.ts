import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Broadcast } from "../../../channels/message.ts";
import type { Dispatcher } from "../../../channels/pubsub/dispatcher.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import type { Pid, Runtime } from "../../../runtime/index.ts";
import { runInProcess } from "../../../runtime/testing.ts";
import { listen, type Listener } from "./listener.ts";

/** A PubSub that runs under `name` in `runtime`. */
export interface Place {
  readonly runtime: Runtime;
  readonly name: string;
}

/** Places that the adapter under test connects. */
export interface Places {
  readonly places: readonly Place[];
  /** Resolves when everything that was sent has arrived, at every place. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** Tells what it was called with, as messages. Part of a module, so that adapters can name it elsewhere. */
export const tellingDispatcher: Dispatcher = {
  dispatch(rows, from, message, sender) {
    for (const { pid, metadata } of rows) sender.send(pid, { metadata, from: from?.toString(), message });
  },
};

interface UnderTest {
  /** All places, and the first of them. */
  readonly places: readonly Place[];
  readonly here: Place;
  settle(): Promise<void>;
}

function beforeEachStart(start: () => Promise<Places>): UnderTest {
  const under: { places: readonly Place[]; here: Place; settle: () => Promise<void> } = {
    places: [],
    here: undefined as never,
    settle: async () => {},
  };
  let started: Places;
  beforeEach(async () => {
    started = await start();
    under.places = started.places;
    under.here = started.places[0] as Place;
    under.settle = () => started.settle();
  });
  afterEach(() => started.stop());
  return under;
}

function listenAt({ runtime, name }: Place, ...topics: string[]): Promise<Listener> {
  return listen(runtime, name, ...topics);
}

/** What every adapter promises. */
export function pubsubConformance(adapter: string, start: () => Promise<Places>): void {
  describe(`PubSub with the adapter ${adapter}`, () => {
    const under = beforeEachStart(start);
    const broadcast = (topic: string, message: unknown): void =>
      PubSub.broadcast(under.here.runtime, under.here.name, topic, message);
    const rowsOf = (topic: string): number =>
      PubSub.subscribers(under.here.runtime, under.here.name, topic).length;

    test("a node has a name", () => {
      expect(PubSub.nodeName(under.here.runtime, under.here.name)).toMatch(/./);
    });

    test("a subscriber gets what is broadcast to its topic, and nothing else", async () => {
      const [orders, rooms] = [await listenAt(under.here, "orders"), await listenAt(under.here, "rooms")];
      broadcast("orders", { created: 1 });
      await under.settle();
      expect([orders.got, rooms.got]).toEqual([[{ created: 1 }], []]);
    });

    test("a broadcast to a topic without subscribers is no error", async () => {
      broadcast("nobody", "hello");
      await under.settle();
      expect(rowsOf("nobody")).toBe(0);
    });

    test("what the code of a dead process goes on to say is heard nowhere", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      const names = under.places.map(({ runtime, name }) => PubSub.nodeName(runtime, name));
      const { runtime, name } = under.here;
      const said = Promise.withResolvers<void>();
      runtime.spawn(async (self) => {
        runtime.exit(self.pid, "kill");
        await Promise.resolve();
        PubSub.broadcast(self, name, "t", "broadcast");
        PubSub.localBroadcast(self, name, "t", "localBroadcast", tellingDispatcher);
        for (const node of names) PubSub.directBroadcast(self, node, name, "t", "directBroadcast");
        said.resolve();
      });
      await said.promise;
      broadcast("t", "afterwards");
      await under.settle();
      for (const { got } of listeners) expect(got).toEqual(["afterwards"]);
    });

    test("a topic that is called like a property of objects is a topic", async () => {
      const listener = await listenAt(under.here, "__proto__", "constructor");
      for (const topic of ["__proto__", "constructor", "toString"]) broadcast(topic, topic);
      await under.settle();
      expect(listener.got).toEqual(["__proto__", "constructor"]);
    });

    test("who has subscribed twice gets everything twice, and nothing after one unsubscribe", async () => {
      const listener = await listenAt(under.here, "t", "t", "other");
      broadcast("t", 1);
      await under.settle();
      expect(listener.got).toEqual([1, 1]);
      await listener.run((self) => PubSub.unsubscribe(self, under.here.name, "t"));
      broadcast("t", 2);
      broadcast("other", 3);
      await under.settle();
      expect(listener.got).toEqual([1, 1, 3]);
      expect(rowsOf("t")).toBe(0);
    });

    test("unsubscribing where nothing was subscribed is no error and takes nothing from others", async () => {
      const listener = await listenAt(under.here, "t");
      await runInProcess(under.here.runtime, (self) => PubSub.unsubscribe(self, under.here.name, "t"));
      broadcast("t", "still here");
      await under.settle();
      expect(listener.got).toEqual(["still here"]);
    });

    test("what one process broadcasts arrives in order", async () => {
      const listener = await listenAt(under.here, "a", "b");
      const sent = Array.from({ length: 500 }, (_, index) => index);
      await runInProcess(under.here.runtime, (self) => {
        for (const index of sent) PubSub.broadcast(self, under.here.name, index % 2 ? "a" : "b", index);
      });
      await under.settle();
      expect(listener.got).toEqual(sent);
    });

    test("broadcastFrom and localBroadcastFrom skip every subscription of that process", async () => {
      const [one, two] = [await listenAt(under.here, "t", "t"), await listenAt(under.here, "t")];
      PubSub.broadcastFrom(under.here.runtime, under.here.name, one.pid, "t", 1);
      PubSub.localBroadcastFrom(under.here.runtime, under.here.name, one.pid, "t", 2);
      await under.settle();
      expect([one.got, two.got]).toEqual([[], [1, 2]]);
    });

    test("localBroadcast, and directBroadcast to the own node, reach the subscribers of this place", async () => {
      const { runtime, name } = under.here;
      const listener = await listenAt(under.here, "t");
      PubSub.localBroadcast(runtime, name, "t", "local");
      PubSub.directBroadcast(runtime, PubSub.nodeName(runtime, name), name, "t", "direct");
      await under.settle();
      expect(listener.got).toEqual(["local", "direct"]);
    });

    test("a directBroadcast to an unknown node reaches nobody and is no error", async () => {
      const listener = await listenAt(under.here, "t");
      PubSub.directBroadcast(under.here.runtime, "nobody@nowhere", under.here.name, "t", "lost");
      await under.settle();
      expect(listener.got).toEqual([]);
    });

    test("a subscriber that dies is forgotten, whatever it died of", async () => {
      for (const reason of ["normal", "shutdown", "kill", "boom"]) {
        const listener = await listenAt(under.here, "t", "t", "u");
        if (reason === "normal") void listener.run((self) => self.exit("normal"));
        else under.here.runtime.exit(listener.pid, reason);
        await under.settle();
        expect([reason, under.here.runtime.isAlive(listener.pid)]).toEqual([reason, false]);
        for (const topic of ["t", "u"]) expect(rowsOf(topic)).toBe(0);
      }
    });

    test("a dispatcher gets every row with its metadata, and who is to be skipped, and sends as the broadcaster", async () => {
      const listener = await listenAt(under.here);
      await listener.run((self) => {
        PubSub.subscribe(self, under.here.name, "t");
        PubSub.subscribe(self, under.here.name, "t", { special: true });
      });
      const rows = (message: string, from?: Pid): unknown[] =>
        [undefined, { special: true }].map((metadata) => ({ metadata, from: from?.toString(), message }));
      const { runtime, name } = under.here;
      PubSub.broadcast(runtime, name, "t", "all", tellingDispatcher);
      PubSub.broadcastFrom(runtime, name, listener.pid, "t", "from", tellingDispatcher);
      PubSub.localBroadcast(runtime, name, "t", "local", tellingDispatcher);
      PubSub.localBroadcastFrom(runtime, name, listener.pid, "t", "local from", tellingDispatcher);
      PubSub.directBroadcast(runtime, PubSub.nodeName(runtime, name), name, "t", "direct", tellingDispatcher);
      await under.settle();
      expect(listener.got).toEqual([
        ...rows("all"),
        ...rows("from", listener.pid),
        ...rows("local"),
        ...rows("local from", listener.pid),
        ...rows("direct"),
      ]);
    });
  });
}

/** What adapters that connect places promise beside that. `start` answers at least two. */
export function pubsubPlacesConformance(adapter: string, start: () => Promise<Places>): void {
  describe(`places connected by the PubSub adapter ${adapter}`, () => {
    const under = beforeEachStart(start);
    const others = (): readonly Place[] => under.places.slice(1);

    test("every place has another name", () => {
      const names = under.places.map(({ runtime, name }) => PubSub.nodeName(runtime, name));
      expect(new Set(names).size).toBe(names.length);
    });

    test("a broadcast reaches every place once, a local one only its own", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      PubSub.broadcast(under.here.runtime, under.here.name, "t", { n: 1 });
      PubSub.localBroadcast(under.here.runtime, under.here.name, "t", { n: 2 });
      await under.settle();
      expect(listeners.map(({ got }) => got)).toEqual([
        [{ n: 1 }, { n: 2 }],
        ...others().map(() => [{ n: 1 }]),
      ]);
    });

    test("what one process broadcasts arrives in order elsewhere, too", async () => {
      const listeners = await Promise.all(others().map((place) => listenAt(place, "t")));
      const sent = Array.from({ length: 500 }, (_, index) => index);
      await runInProcess(under.here.runtime, (self) => {
        for (const index of sent) PubSub.broadcast(self, under.here.name, "t", index);
      });
      await under.settle();
      for (const { got } of listeners) expect(got).toEqual(sent);
    });

    test("what is broadcast is the same elsewhere", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      const message = {
        map: new Map<unknown, unknown>([[1, new Set(["one"])]]),
        date: new Date(0),
        big: 2n ** 70n,
        bytes: Uint8Array.of(0, 255),
        large: new Uint8Array(100_000).fill(7),
        none: [undefined, null, Number.NaN],
        error: new TypeError("boom", { cause: "a test" }),
      };
      PubSub.broadcast(under.here.runtime, under.here.name, "t", message);
      await under.settle();
      for (const { got } of listeners) expect(got).toEqual([message]);
    });

    test("a Broadcast, as channels send, is one elsewhere", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      const broadcast = new Broadcast("other topic", "event", { body: "hi" });
      PubSub.broadcast(under.here.runtime, under.here.name, "t", broadcast);
      await under.settle();
      for (const { got } of listeners) expect(got).toStrictEqual([broadcast]);
    });

    test("a pid is always the same elsewhere, not one of there, and itself where it comes from", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      const { pid } = listeners[0]!;
      for (let times = 0; times < 2; times += 1)
        PubSub.broadcast(under.here.runtime, under.here.name, "t", pid);
      await under.settle();
      for (const [index, { runtime, name }] of others().entries()) {
        const { got, pid: own } = listeners[index + 1]!;
        expect(got[0]).toBe(got[1]);
        expect(got[0]).not.toBe(own);
        expect(String(got[0])).toMatch(/^<.+>$/);
        PubSub.broadcast(runtime, name, "t", { back: got[0] });
      }
      await under.settle();
      const back = others().map(() => ({ back: pid }));
      expect(listeners[0]!.got.slice(2)).toEqual(back);
      for (const message of listeners[0]!.got.slice(2)) expect((message as { back: Pid }).back).toBe(pid);
    });

    test("broadcastFrom skips nobody but the process that is named", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      PubSub.broadcastFrom(under.here.runtime, under.here.name, listeners[0]!.pid, "t", "from");
      await under.settle();
      expect(listeners.map(({ got }) => got)).toEqual([[], ...others().map(() => ["from"])]);
    });

    test("a directBroadcast reaches the named place only, with the dispatcher that was named", async () => {
      const listeners = await Promise.all(under.places.map((place) => listenAt(place, "t")));
      const there = others()[0] as Place;
      const nodeName = PubSub.nodeName(there.runtime, there.name);
      PubSub.directBroadcast(under.here.runtime, nodeName, under.here.name, "t", "direct", tellingDispatcher);
      await under.settle();
      const expected = listeners.map((_, index) => (index === 1 ? [{ message: "direct" }] : []));
      expect(listeners.map(({ got }) => got)).toEqual(expected);
    });
  });
}
