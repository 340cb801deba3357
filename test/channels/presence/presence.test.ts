import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Broadcast } from "../../../channels/message.ts";
import { Presence, type PresenceOptions } from "../../../channels/presence/presence.ts";
import type { PresenceDiff, Presences } from "../../../channels/presence/presences.ts";
import type { KeyMetas } from "../../../channels/presence/topic-metas.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";
import { type Pid, Runtime, type ServerClass, silentLogger } from "../../../runtime/index.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { listen, type Listener } from "../pubsub/listener.ts";

const [PUBSUB, NAME, TOPIC] = ["test.pubsub", "test.presence", "room:1"];

let runtime: Runtime;
let clock: VirtualClock;
/** One who has subscribed to the topic. */
let listener: Listener;
beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});
afterEach(() => runtime.shutdown());

async function start(Server: ServerClass, options: Partial<PresenceOptions> = {}): Promise<void> {
  const children = [
    { id: "pubsub", start: [PubSub] as const, name: PUBSUB },
    { id: "presence", start: [Server, { pubsub: PUBSUB, ...options }] as const, name: NAME },
  ];
  await runtime.start(Supervisor, { strategy: "one_for_one", intensity: 1_000, children }, { name: "tree" });
  listener = await listen(runtime, PUBSUB, TOPIC);
}

function sleeper(): Pid {
  return runtime.spawn((self) => self.receive());
}

async function track(
  key: string,
  meta: object = {},
  pid: Pid = sleeper(),
): Promise<{ pid: Pid; ref: string }> {
  const result = await Presence.track(runtime, NAME, pid, TOPIC, key, meta as Record<string, unknown>);
  if (!result.ok) throw new Error(result.reason);
  return { pid, ref: result.ref };
}

/** What the subscriber has been told so far, as it goes over the wire. */
async function told(): Promise<unknown[]> {
  await settle(runtime);
  return listener.got.map((message) => {
    if (!(message instanceof Broadcast)) throw new Error("a subscriber gets Broadcasts");
    expect([message.topic, message.event]).toEqual([TOPIC, "presence_diff"]);
    return JSON.parse(JSON.stringify(message.payload));
  });
}

function joined(key: string, meta: object): unknown {
  return { joins: { [key]: { metas: [meta] } }, leaves: {} };
}

function left(key: string, meta: object): unknown {
  return { joins: {}, leaves: { [key]: { metas: [meta] } } };
}

describe("presence_diff", () => {
  beforeEach(() => start(Presence));

  test("tells who joins and who leaves, each with their own meta only", async () => {
    const first = await track("alice", { online_at: 1 });
    const second = await track("alice", { online_at: 2 });
    runtime.exit(first.pid, "kill");
    await Presence.untrack(runtime, NAME, second.pid, TOPIC, "alice");
    expect(await told()).toEqual([
      joined("alice", { online_at: 1, phx_ref: first.ref }),
      joined("alice", { online_at: 2, phx_ref: second.ref }),
      left("alice", { online_at: 1, phx_ref: first.ref }),
      left("alice", { online_at: 2, phx_ref: second.ref }),
    ]);
  });

  test("of an update is one: the new meta joins and the old one leaves exactly as it was, also in a chain of them", async () => {
    const { pid, ref } = await track("alice", { n: 1 });
    const second = await Presence.update(runtime, NAME, pid, TOPIC, "alice", { n: 2 });
    const third = await Presence.update(runtime, NAME, pid, TOPIC, "alice", { n: 3 });
    const refs = [ref, ...[second, third].map((result) => (result.ok ? result.ref : ""))];
    const metas = [
      { n: 1, phx_ref: refs[0] },
      { n: 2, phx_ref: refs[1], phx_ref_prev: refs[0] },
      { n: 3, phx_ref: refs[2], phx_ref_prev: refs[1] },
    ];
    const both = (before: number): unknown => ({
      joins: { alice: { metas: [metas[before + 1]] } },
      leaves: { alice: { metas: [metas[before]] } },
    });
    expect(await told()).toEqual([joined("alice", metas[0] as object), both(0), both(1)]);
    expect(Presence.list(runtime, NAME, TOPIC)["alice"]?.metas).toEqual([metas[2]]);
  });

  test("is one for all keys that a process had in the topic", async () => {
    const { pid } = await track("alice");
    await track("bob", {}, pid);
    runtime.exit(pid, "kill");
    const [, , leave] = (await told()) as PresenceDiff[];
    expect(Object.keys(leave?.leaves ?? {})).toEqual(["alice", "bob"]);
  });

  test("is on the wire what Phoenix's client reads: byte for byte, for a join, an update and a leave", async () => {
    const { pid, ref } = await track("bob", { online_at: 1 });
    const updated = await Presence.update(runtime, NAME, pid, TOPIC, "bob", { online_at: 2 });
    const next = updated.ok ? updated.ref : "";
    await Presence.untrack(runtime, NAME, pid, TOPIC, "bob");
    await settle(runtime);
    // join_ref, ref, topic, event, payload; both joins and leaves, each with only the metas that came or went
    const before = `{"bob":{"metas":[{"online_at":1,"phx_ref":"${ref}"}]}}`;
    const after = `{"bob":{"metas":[{"online_at":2,"phx_ref":"${next}","phx_ref_prev":"${ref}"}]}}`;
    const frames = listener.got.map((message) => v2Json.encodeBroadcast(message as Broadcast).data);
    expect(frames.map(String)).toEqual([
      `[null,null,"room:1","presence_diff",{"joins":${before},"leaves":{}}]`,
      `[null,null,"room:1","presence_diff",{"joins":${after},"leaves":${before}}]`,
      `[null,null,"room:1","presence_diff",{"joins":{},"leaves":${after}}]`,
    ]);
    expect([ref, next].every((some) => /^[A-Za-z0-9_-]{16}$/.test(some))).toBe(true);
  });

  test("has a key called __proto__ like any other", async () => {
    const { ref } = await track("__proto__");
    await settle(runtime);
    const [message] = listener.got as [Broadcast];
    const wire = `{"joins":{"__proto__":{"metas":[{"phx_ref":"${ref}"}]}},"leaves":{}}`;
    expect(JSON.stringify(message.payload)).toBe(wire);
  });
});

describe("Presence.list, getByKey and count", () => {
  beforeEach(() => start(Presence));

  test("answer who is there, from anywhere, without a message", async () => {
    const first = await track("alice", { n: 1 });
    const second = await track("alice", { n: 2 });
    await track("bob");
    const alice = {
      metas: [
        { n: 1, phx_ref: first.ref },
        { n: 2, phx_ref: second.ref },
      ],
    };
    const list = Presence.list(runtime, NAME, TOPIC);
    expect([Object.getPrototypeOf(list), Object.keys(list), list["alice"]]).toEqual([
      null,
      ["alice", "bob"],
      alice,
    ]);
    expect(Presence.getByKey(runtime, NAME, TOPIC, "alice")).toEqual(alice);
    expect([Presence.count(runtime, NAME, TOPIC), Presence.countKeys(runtime, NAME, TOPIC)]).toEqual([3, 2]);
  });

  test("are asked with a socket for its topic", async () => {
    const channelPid = sleeper();
    const socket = { channelPid, topic: TOPIC, runtime };
    await Presence.track(socket, NAME, "alice", { n: 1 });
    expect(Presence.list(socket, NAME)).toEqual(Presence.list(runtime, NAME, TOPIC));
    expect(Presence.getByKey(socket, NAME, "alice")).toMatchObject({ metas: [{ n: 1 }] });
    expect(Presence.getByKey(socket, NAME, "bob")).toBeUndefined();
  });

  test("answer nobody for what nobody has", async () => {
    expect(Object.keys(Presence.list(runtime, NAME, "elsewhere"))).toEqual([]);
    expect(Presence.getByKey(runtime, NAME, TOPIC, "toString")).toBeUndefined();
    expect(Presence.count(runtime, NAME, "elsewhere")).toBe(0);
  });

  test("a list that was taken does not change with what happens afterwards", async () => {
    await track("alice");
    const list = Presence.list(runtime, NAME, TOPIC);
    await track("alice");
    expect(list["alice"]?.metas.length).toBe(1);
  });

  test("a list is made once for all who ask before something changes, and can't be changed by them", async () => {
    await track("alice", { n: 1 });
    const list = Presence.list(runtime, NAME, TOPIC);
    expect(Presence.list(runtime, NAME, TOPIC)).toBe(list);
    expect(() => Object.assign(list, { bob: { metas: [] } })).toThrow(TypeError);
    expect(() => (list["alice"]!.metas as unknown[]).pop()).toThrow(TypeError);
    const { pid } = await track("bob");
    expect(Object.keys(Presence.list(runtime, NAME, TOPIC))).toEqual(["alice", "bob"]);
    await Presence.untrack(runtime, NAME, pid);
    expect(Presence.list(runtime, NAME, TOPIC)).toEqual(list);
  });

  test("dirtyList answers each presence by itself", async () => {
    const [first, second] = [await track("alice", { n: 1 }), await track("alice", { n: 2 })];
    expect(Presence.dirtyList(runtime, NAME, TOPIC)).toEqual([
      ["alice", { n: 1, phx_ref: first.ref }],
      ["alice", { n: 2, phx_ref: second.ref }],
    ]);
    expect(Presence.dirtyList(runtime, NAME, "elsewhere")).toEqual([]);
  });

  test.each(["__proto__", "constructor", "toString", ""])("%j is a topic and a key", async (name) => {
    const pid = sleeper();
    expect(Presence.count(runtime, NAME, name)).toBe(0);
    const tracked = await Presence.track(runtime, NAME, pid, name, name, { n: 1 });
    const phx_ref = tracked.ok ? tracked.ref : "";
    expect(Object.entries(Presence.list(runtime, NAME, name))).toEqual([
      [name, { metas: [{ n: 1, phx_ref }] }],
    ]);
    expect(Presence.getByKey(runtime, NAME, name, name)).toEqual({ metas: [{ n: 1, phx_ref }] });
    await Presence.untrack(runtime, NAME, pid, name, name);
    expect(Object.keys(Presence.list(runtime, NAME, name))).toEqual([]);
  });

  test("of a presence that does not run are refused with a code", () => {
    expect(() => Presence.list(runtime, "nobody", TOPIC)).toThrow(
      expect.objectContaining({ code: "ROOKERY_NOT_STARTED" }),
    );
  });
});

function named(presences: Presences): Presences {
  return Object.fromEntries(
    Object.entries(presences).map(([key, { metas }]) => [key, { metas, name: key.toUpperCase() }]),
  );
}

describe("Presence with a fetch", () => {
  class Named extends Presence {
    override fetch(_topic: string, presences: Presences): Presences {
      return named(presences);
    }
  }

  test("adds its data to lists, single keys, joins and leaves", async () => {
    await start(Named);
    const { pid, ref } = await track("alice");
    const alice = { metas: [{ phx_ref: ref }], name: "ALICE" };
    expect(Named.list(runtime, NAME, TOPIC)).toEqual({ alice });
    expect(Named.getByKey(runtime, NAME, TOPIC, "alice")).toEqual(alice);
    expect(Named.getByKey(runtime, NAME, TOPIC, "bob")).toBeUndefined();
    runtime.exit(pid, "kill");
    expect(await told()).toEqual([
      { joins: { alice }, leaves: {} },
      { joins: {}, leaves: { alice } },
    ]);
  });

  test("is called once for all that joins in a diff, and once for all that leaves", async () => {
    const calls: string[][] = [];
    class Counted extends Presence {
      override fetch(_topic: string, presences: Presences): Presences {
        calls.push(Object.keys(presences));
        return presences;
      }
    }
    await start(Counted);
    const pid = sleeper();
    for (const key of ["alice", "bob", "carol"]) await track(key, {}, pid);
    await settle(runtime);
    calls.length = 0;
    await Presence.update(runtime, NAME, pid, TOPIC, "alice", { n: 2 });
    runtime.exit(pid, "kill");
    await settle(runtime);
    expect(calls).toEqual([["alice"], ["alice"], ["bob", "carol", "alice"]]);
  });

  test("that fails costs what it adds, not the diff, and the process lives on", async () => {
    class Failing extends Presence {
      override fetch(): Presences {
        throw new Error("the database is gone");
      }
    }
    await start(Failing);
    const tracker = runtime.whereis(NAME);
    const { ref } = await track("alice");
    expect(await told()).toEqual([joined("alice", { phx_ref: ref })]);
    expect(runtime.whereis(NAME)).toBe(tracker);
  });
});

describe("Presence with an asynchronous fetch", () => {
  /** The fetches that wait, oldest first. */
  let waiting: { presences: Presences; answer: () => void; fail: (error: Error) => void }[];
  beforeEach(() => {
    waiting = [];
  });

  class Slow extends Presence {
    override fetch(_topic: string, presences: Presences): Promise<Presences> {
      return new Promise((resolve, fail) => {
        waiting.push({ presences, answer: () => resolve(named(presences)), fail });
      });
    }
  }

  async function answerAll(): Promise<void> {
    await settle(runtime);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.answer();
      await settle(runtime);
    }
  }

  test("holds up nobody who tracks, and diffs go out in order all the same", async () => {
    await start(Slow);
    const [alice, bob] = [await track("alice"), await track("bob")];
    await Presence.untrack(runtime, NAME, alice.pid);
    expect([await told(), Presence.count(runtime, NAME, TOPIC)]).toEqual([[], 1]);
    await answerAll();
    const a = { metas: [{ phx_ref: alice.ref }], name: "ALICE" };
    const b = { metas: [{ phx_ref: bob.ref }], name: "BOB" };
    expect(await told()).toEqual([
      { joins: { alice: a }, leaves: {} },
      { joins: { bob: b }, leaves: {} },
      { joins: {}, leaves: { alice: a } },
    ]);
  });

  test("fetchersPids are the processes in which it runs", async () => {
    await start(Slow);
    expect(Slow.fetchersPids(runtime, NAME)).toEqual([]);
    await track("alice");
    await settle(runtime);
    const [fetcher] = Slow.fetchersPids(runtime, NAME) as [Pid];
    expect(runtime.isAlive(fetcher)).toBe(true);
    await answerAll();
    expect([runtime.isAlive(fetcher), Slow.fetchersPids(runtime, NAME)]).toEqual([false, []]);
  });

  test("its lists are promises, and must be asked of the class that fetches", async () => {
    await start(Slow);
    await track("alice");
    await answerAll();
    const [list, alice] = [Slow.list(runtime, NAME, TOPIC), Slow.getByKey(runtime, NAME, TOPIC, "alice")];
    await answerAll();
    expect([(await list)["alice"]?.["name"], (await alice)?.["name"]]).toEqual(["ALICE", "ALICE"]);
    expect(() => Presence.list(runtime, NAME, TOPIC)).toThrow(
      expect.objectContaining({ code: "ROOKERY_PRESENCE_CALLBACK" }),
    );
  });

  test("that fails, or takes longer than its time, costs what it adds, and later diffs go on", async () => {
    await start(Slow, { fetchTimeoutMs: 200 });
    const refs = [];
    for (const key of ["failed", "late", "fine"]) refs.push((await track(key)).ref);
    await settle(runtime);
    waiting.shift()?.fail(new Error("the database is gone"));
    await settle(runtime);
    clock.advance(200);
    await settle(runtime);
    waiting.shift()?.answer();
    await answerAll();
    expect(await told()).toEqual([
      joined("failed", { phx_ref: refs[0] }),
      joined("late", { phx_ref: refs[1] }),
      { joins: { fine: { metas: [{ phx_ref: refs[2] }], name: "FINE" } }, leaves: {} },
    ]);
  });

  test("a kill in the middle of it loses no diff and repeats none", async () => {
    await start(Slow);
    await track("alice");
    const bob = await track("bob");
    await answerAll();
    runtime.exit(bob.pid, "kill");
    await settle(runtime);
    runtime.exit(NAME, "kill");
    await track("carol");
    await answerAll();
    const diffs = (await told()) as PresenceDiff[];
    const keys = diffs.map(({ joins, leaves }) => [Object.keys(joins), Object.keys(leaves)]);
    expect(keys).toEqual([
      [["alice"], []],
      [["bob"], []],
      [[], ["bob"]],
      [["carol"], []],
    ]);
  });
});

describe("Presence with handleMetas", () => {
  type Call = {
    topic: string;
    joins: string[];
    leaves: string[];
    presences: Record<string, number>;
    client: number;
  };
  let calls: Call[];
  beforeEach(() => {
    calls = [];
  });

  class Counting extends Presence<number> {
    override initClient(): number {
      return 0;
    }

    override handleMetas(
      topic: string,
      { joins, leaves }: PresenceDiff,
      presences: KeyMetas,
      client: number,
    ): number {
      const counts = Object.fromEntries([...presences].map(([key, metas]) => [key, metas.length]));
      calls.push({
        topic,
        joins: Object.keys(joins),
        leaves: Object.keys(leaves),
        presences: counts,
        client,
      });
      return client + 1;
    }
  }

  test("is called for each diff with the metas after it and the client state before it", async () => {
    await start(Counting);
    const first = await track("alice");
    await track("alice");
    const bob = await track("bob");
    await Presence.untrack(runtime, NAME, bob.pid);
    runtime.exit(first.pid, "kill");
    await settle(runtime);
    const topic = TOPIC;
    expect(calls).toEqual([
      { topic, joins: ["alice"], leaves: [], presences: { alice: 1 }, client: 0 },
      { topic, joins: ["alice"], leaves: [], presences: { alice: 2 }, client: 1 },
      { topic, joins: ["bob"], leaves: [], presences: { alice: 2, bob: 1 }, client: 2 },
      { topic, joins: [], leaves: ["bob"], presences: { alice: 2 }, client: 3 },
      { topic, joins: [], leaves: ["alice"], presences: { alice: 1 }, client: 4 },
    ]);
  });

  test("is told of all who are there after a restart, for its client state is gone; clients are told nothing", async () => {
    await start(Counting);
    await track("alice");
    await track("bob");
    const before = await told();
    calls = [];
    runtime.exit(NAME, "kill");
    await settle(runtime);
    const presences = { alice: 1, bob: 1 };
    expect(calls).toEqual([{ topic: TOPIC, joins: ["alice", "bob"], leaves: [], presences, client: 0 }]);
    expect(await told()).toEqual(before);
  });

  test("of a diff that was waiting for its fetch when the process was killed, it is told once, and so are the clients", async () => {
    const waiting: (() => void)[] = [];
    class SlowCounting extends Counting {
      override fetch(_topic: string, presences: Presences): Promise<Presences> {
        return new Promise((resolve) => waiting.push(() => resolve(presences)));
      }
    }
    await start(SlowCounting);
    const { ref } = await track("alice");
    await settle(runtime);
    runtime.exit(NAME, "kill");
    for (let round = 0; round < 3; round += 1) {
      await settle(runtime);
      for (const answer of waiting.splice(0)) answer();
    }
    expect(await told()).toEqual([joined("alice", { phx_ref: ref })]);
    await track("bob");
    await settle(runtime);
    waiting.shift()?.();
    await settle(runtime);
    expect(calls).toMatchObject([
      { joins: ["alice"], presences: { alice: 1 }, client: 0 },
      { joins: ["bob"], presences: { alice: 1, bob: 1 }, client: 1 },
    ]);
  });

  test("may send on what it was given", async () => {
    class Sending extends Presence<number> {
      override initClient(): number {
        return 0;
      }

      override handleMetas(_topic: string, _diff: PresenceDiff, presences: KeyMetas, client: number): number {
        this.self.send(listener.pid, new Map(presences));
        this.self.send(listener.pid, presences);
        return client + 1;
      }
    }
    await start(Sending);
    for (let n = 0; n < 3; n += 1) await track("alice");
    await settle(runtime);
    const got = listener.got.filter((message) => message instanceof Map) as Map<string, unknown[]>[];
    expect(got.map((presences) => presences.get("alice")!.length)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  test("without initClient does not start", async () => {
    class Unprepared extends Presence {
      override handleMetas(): void {}
    }
    await runtime.start(PubSub, {}, { name: PUBSUB });
    const error = await runtime
      .start(Unprepared, { pubsub: PUBSUB }, { name: NAME })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: { code: "ROOKERY_PRESENCE_CALLBACK" } });
  });
});

describe("Presence", () => {
  test("sends diffs with the dispatcher that it was given", async () => {
    await start(Presence, {
      dispatcher: {
        dispatch(rows, _from, message, sender) {
          for (const { pid } of rows) sender.send(pid, ["dispatched", message]);
        },
      },
    });
    await track("alice");
    await settle(runtime);
    expect(listener.got).toEqual([["dispatched", expect.any(Broadcast)]]);
  });

  test("does not start with an option that it does not know, or that can't be", async () => {
    await runtime.start(PubSub, {}, { name: PUBSUB });
    for (const wrong of [{ downPeriodMs: 1 }, { downPeriod: 30_000 }]) {
      const started = runtime.start(Presence, { pubsub: PUBSUB, ...wrong }, { name: NAME });
      await expect(started).rejects.toMatchObject({ reason: { code: "ROOKERY_PRESENCE_OPTION" } });
    }
  });

  test("needs a name and a PubSub that runs", async () => {
    const errors = [];
    for (const options of [{ name: NAME }, {}]) {
      errors.push(
        await runtime.start(Presence, { pubsub: PUBSUB }, options).catch((thrown: unknown) => thrown),
      );
      if (errors.length === 1) await runtime.start(PubSub, {}, { name: PUBSUB });
    }
    expect(errors).toMatchObject([
      { reason: { code: "ROOKERY_NOT_STARTED" } },
      { reason: { code: "ROOKERY_UNNAMED" } },
    ]);
  });
});
