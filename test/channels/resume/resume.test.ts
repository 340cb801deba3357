import { afterEach, assert, beforeEach, describe, test } from "vitest";
import {
  broadcastTo,
  Channel,
  defineSocket,
  type JoinReturn,
  ok,
  PubSub,
  type PubSubAdapterFactory,
  type Socket,
  TopicLog,
  type TopicLogOptions,
} from "../../../channels/index.ts";
import { MemoryLogStore } from "../../../channels/resume/memory-log-store.ts";
import { laneTopic, resumeDispatcher } from "../../../channels/resume/resume-lane.ts";
import { type CallResult, GenServer, noReply, ok as started, type Runtime } from "../../../runtime/index.ts";
import type { From } from "../../../runtime/index.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";
import { connect, PUBSUB, startRuntime, type TestConnection, type TestLogger } from "../test-connection.ts";
import { LOG, ResumedRoom, resumedSocket } from "./resumed-room.ts";

const TOPIC = "room:1";

interface Position {
  readonly resumed: boolean;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
}

let clock: VirtualClock;
let runtime: Runtime;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await startRuntime({ clock });
});
afterEach(() => runtime.shutdown());

async function startLog(options: Partial<TopicLogOptions> = {}): Promise<void> {
  await runtime.start(TopicLog, { pubsub: PUBSUB, ...options }, { name: LOG });
}

/** All that a client gets when it joins, until everything waits. */
async function join(
  client: TestConnection,
  resume: unknown,
  { joinRef = "1", topic = TOPIC, ...payload }: { joinRef?: string; topic?: string; reply?: unknown } = {},
): Promise<{ position: Position; frames: readonly (readonly unknown[])[] }> {
  client.send([joinRef, joinRef, topic, "phx_join", { ...payload, resume }]);
  const [reply, ...frames] = (await client.rest()) as [unknown[], ...unknown[][]];
  const { response } = reply[4] as { response: { resume: Position } };
  return { position: response.resume, frames };
}

async function joined(resume: unknown = true): Promise<{ client: TestConnection; position: Position }> {
  const client = await connect(runtime, resumedSocket);
  return { client, position: (await join(client, resume)).position };
}

function say(...numbers: readonly number[]): void {
  for (const n of numbers) broadcastTo(runtime, PUBSUB, TOPIC, "said", { n });
}

const said = (n: number, offset: number, joinRef: string = "1"): unknown[] => [
  joinRef,
  null,
  TOPIC,
  "said",
  { n, resume_offset: offset },
];

const upTo = (offset: number): unknown[] => ["1", null, TOPIC, "resume_offset", { resume_offset: offset }];

describe("a client that does not resume", () => {
  test("gets Phoenix's frames, byte for byte", async () => {
    await startLog();
    await joined();
    const stock = await connect(runtime, resumedSocket);
    stock.send(["1", "1", TOPIC, "phx_join", {}]);
    await settle(runtime);
    say(1);
    stock.send(["1", "2", TOPIC, "whisper", { n: 2 }]);
    stock.send(["1", "3", TOPIC, "sayBytes", {}]);
    await settle(runtime);
    assert.deepEqual(stock.peer.frames.slice(0, -2), [
      '["1","1","room:1","phx_reply",{"response":{},"status":"ok"}]',
      '["1",null,"room:1","welcome",{}]',
      '[null,null,"room:1","said",{"n":1}]',
    ]);
    assert.deepEqual(stock.peer.frames.slice(-2), [
      Buffer.from("\u0002\u0006\u0004room:1said\u0001\u0002\u0003"),
      '["1","3","room:1","phx_reply",{"response":{},"status":"ok"}]',
    ]);
  });

  test("needs no log, also with a resume that says no", async () => {
    const client = await connect(runtime, resumedSocket);
    for (const resume of [undefined, false, null]) {
      const answer = await client.ask(["1", "1", TOPIC, "phx_join", { resume }]);
      assert.deepEqual(answer, ["1", "1", TOPIC, "phx_reply", { response: {}, status: "ok" }]);
      await client.rest();
    }
  });
});

describe("a client that resumes", () => {
  beforeEach(() => startLog());

  test("learns where the log stands, and gets events with their offsets, byte for byte", async () => {
    const { client, position } = await joined();
    assert.deepInclude(position, { resumed: false, offset: 0 });
    say(1, 2);
    client.send(["1", "2", TOPIC, "type", { n: 3 }]);
    await settle(runtime);
    assert.sameMembers(client.peer.frames as string[], [
      '["1",null,"room:1","said",{"n":1,"resume_offset":1}]',
      '["1",null,"room:1","said",{"n":2,"resume_offset":2}]',
      '[null,null,"room:1","typing",{"n":3}]',
    ]);
    assert.isTrue(client.peer.frames.indexOf('["1",null,"room:1","said",{"n":1,"resume_offset":1}]') < 2);
  });

  test("gets what it missed behind the reply, before what is pushed then", async () => {
    const { client, position } = await joined();
    say(1);
    await client.rest();
    runtime.exit(client.pid, "kill");
    say(2, 3);
    await settle(runtime);
    const back = await connect(runtime, resumedSocket);
    const { position: now, frames } = await join(back, { ...position, offset: 1 }, { joinRef: "7" });
    assert.deepEqual(now, { ...position, resumed: true, offset: 3 });
    assert.deepEqual(frames, [said(2, 2, "7"), said(3, 3, "7"), ["7", null, TOPIC, "welcome", {}]]);
    say(4);
    assert.deepEqual(await back.rest(), [said(4, 4, "7")]);
  });

  test("gets it also if nobody was there meanwhile, and if it resumes again from the same place", async () => {
    const { client, position } = await joined();
    runtime.exit(client.pid, "kill");
    await settle(runtime);
    say(1, 2);
    for (let time = 0; time < 3; time += 1) {
      const back = await connect(runtime, resumedSocket);
      const { frames } = await join(back, position);
      assert.deepEqual(frames.slice(0, 2), [said(1, 1), said(2, 2)]);
    }
  });

  test("gets nothing of what it knows, and keeps its id", async () => {
    const { position } = await joined();
    say(1, 2);
    await settle(runtime);
    const { position: now } = await joined({ ...position, offset: 2 });
    assert.deepEqual(now, { ...position, resumed: true, offset: 2 });
  });

  test("joins anew on the same connection: what comes again carries the new join_ref, what is on the way the old one", async () => {
    const { client, position } = await joined();
    say(1);
    await settle(runtime);
    client.send(["2", "2", TOPIC, "phx_join", { resume: position }]);
    const frames = (await client.rest()) as unknown[][];
    assert.deepEqual(
      frames.filter(([, , , event]) => event === "said"),
      [said(1, 1, "1"), said(1, 1, "2")],
    );
  });

  test("is told so if its epoch is another, its offset is too new, or makes no sense", async () => {
    const { position } = await joined();
    say(1, 2);
    await settle(runtime);
    for (const since of [
      { ...position, epoch: "another" },
      { ...position, offset: 3 },
      { ...position, offset: -1 },
      { ...position, offset: 1.5 },
      { ...position, offset: "1" },
      { epoch: position.epoch },
      "yes",
      17,
      [],
    ]) {
      const client = await connect(runtime, resumedSocket);
      const { position: now, frames } = await join(client, since);
      assert.deepInclude(now, { resumed: false, epoch: position.epoch, offset: 2 });
      assert.deepEqual(frames, [["1", null, TOPIC, "welcome", {}]]);
    }
  });

  test("does not get what it broadcast to others, neither at once nor when it is back", async () => {
    const { client, position } = await joined();
    const { client: other, position: otherPosition } = await joined();
    client.send(["1", "2", TOPIC, "whisper", { n: 1 }]);
    await settle(runtime);
    say(2);
    const whispered = ["1", null, TOPIC, "whispered", { n: 1, resume_offset: 1 }];
    assert.deepEqual(await other.rest(), [whispered, said(2, 2)]);
    assert.deepEqual(await client.rest(), [upTo(1), said(2, 2)]);
    const welcome = ["1", null, TOPIC, "welcome", {}];
    const [back, otherBack] = [await connect(runtime, resumedSocket), await connect(runtime, resumedSocket)];
    assert.deepEqual((await join(back, position)).frames, [said(2, 2), welcome]);
    assert.deepEqual((await join(otherBack, otherPosition)).frames, [whispered, said(2, 2), welcome]);
  });

  test("learns how far the log is with what it broadcast to others itself, so that it is not said to have missed that", async () => {
    const { client, position } = await joined();
    client.send(["1", "2", TOPIC, "whisper", { n: 1 }]);
    assert.deepEqual(await client.rest(), [upTo(1)]);
    const back = await connect(runtime, resumedSocket);
    assert.deepEqual((await join(back, position)).frames[0], upTo(1));
    clock.advance(10_000_000);
    await settle(runtime);
    const late = await connect(runtime, resumedSocket);
    const { position: now, frames } = await join(late, { ...position, offset: 1 });
    assert.isTrue(now.resumed);
    assert.deepEqual(frames, [["1", null, TOPIC, "welcome", {}]]);
  });

  test("gets bytes as a push with its join_ref, behind a push that names the offset", async () => {
    const { client, position } = await joined();
    client.send(["1", "2", TOPIC, "sayBytes", {}]);
    const offset = ["1", null, TOPIC, "resume_offset", { offset: 1 }];
    const bytes = Buffer.from("\u0000\u0001\u0006\u00041room:1said\u0001\u0002\u0003");
    const frames = await client.rest();
    assert.deepEqual(frames.slice(-2), [offset, bytes] as unknown[]);
    const back = await connect(runtime, resumedSocket);
    assert.deepEqual((await join(back, position)).frames.slice(0, 2) as unknown[], [offset, bytes]);
  });

  test("has the channel's own reply beside its position", async () => {
    const replyTo = async (reply: unknown, topic: string): Promise<object> => {
      const client = await connect(runtime, resumedSocket);
      const frame = (await client.ask(["1", "1", topic, "phx_join", { reply, resume: true }])) as unknown[];
      const { response } = frame[4] as { response: { resume?: unknown } };
      assert.isObject(response.resume);
      const { resume: _resume, ...own } = response;
      return own;
    };
    assert.deepEqual(await replyTo({ room: 1 }, "room:a"), { room: 1 });
    assert.deepEqual(await replyTo([1], "room:b"), { response: [1] });
    assert.deepEqual(await replyTo("text", "room:c"), { response: "text" });
    assert.deepEqual(await replyTo(null, "room:d"), { response: null });
  });

  test("sees of a reply with a toJSON what that shows, and nothing else", async () => {
    class Account {
      readonly name = "Ada";
      readonly secret = "1815";
      toJSON(): object {
        return { name: this.name };
      }
    }
    class AccountRoom extends Channel {
      static override readonly resume = { log: LOG, events: ["said"] };
      join = (_topic: string, _payload: unknown, socket: Socket): JoinReturn => ok(new Account(), socket);
    }
    const accountSocket = defineSocket({
      channels: [["room:*", AccountRoom]],
      connect: (_params, socket) => ok(socket),
    });
    const client = await connect(runtime, accountSocket);
    client.send(["1", "1", TOPIC, "phx_join", { resume: true }]);
    const [reply] = (await client.rest()) as [unknown[]];
    const { response } = reply[4] as { response: { resume: Position } };
    assert.deepEqual<object>(response, { name: "Ada", resume: response.resume });
  });

  test("is not seen by its channel to resume: of the join it knows its own params", async () => {
    const client = await connect(runtime, resumedSocket);
    await join(client, true, { reply: {} });
    const answer = await client.ask(["1", "2", TOPIC, "params", {}]);
    assert.deepEqual(answer, ["1", "2", TOPIC, "phx_reply", { response: { reply: {} }, status: "ok" }]);
  });

  test("does not get what it broadcast to others from a channel that is gone, whenever that is logged", async () => {
    const { client } = await joined({ epoch: "", offset: 0, id: "me" });
    const publish = (offset: number, origin: string | null): void => {
      const { epoch } = position;
      const entry = { topic: TOPIC, offset, event: "said", payload: "{}", origin, atMs: 0, epoch };
      PubSub.broadcast(runtime, PUBSUB, laneTopic(TOPIC), entry, resumeDispatcher);
    };
    const { position } = await joined();
    publish(1, "me");
    publish(2, "another");
    assert.deepEqual(await client.rest(), [upTo(1), ["1", null, TOPIC, "said", { resume_offset: 2 }]]);
  });

  test("is safe from clients of a channel for every topic: they can't join the log's own", async () => {
    const everySocket = defineSocket({
      channels: [["*", ResumedRoom]],
      connect: (_params, socket) => ok(socket),
    });
    const [{ client }, stranger] = [await joined(), await connect(runtime, everySocket)];
    const topic = laneTopic(TOPIC);
    assert.deepEqual(await stranger.ask(["1", "1", topic, "phx_join", {}]), [
      null,
      "1",
      topic,
      "phx_reply",
      { response: { reason: "unmatched topic" }, status: "error" },
    ]);
    say(1);
    assert.deepEqual(await client.rest(), [said(1, 1)]);
  });

  test("does not resume under a topic that a database has no form for", async () => {
    const client = await connect(runtime, resumedSocket);
    const topic = "room:\ud800";
    assert.deepEqual(await client.ask(["1", "1", topic, "phx_join", { resume: true }]), [
      "1",
      "1",
      topic,
      "phx_reply",
      { response: {}, status: "ok" },
    ]);
  });

  test("does not resume under a join_ref that has no form in bytes", async () => {
    const client = await connect(runtime, resumedSocket);
    const joinRef = { toString: 1 };
    assert.deepEqual(await client.ask([joinRef, "1", TOPIC, "phx_join", { resume: true }]), [
      joinRef,
      "1",
      TOPIC,
      "phx_reply",
      { response: {}, status: "ok" },
    ]);
  });

  test("is told nothing of other topics", async () => {
    const { client } = await joined();
    broadcastTo(runtime, PUBSUB, "room:2", "said", { n: 1 });
    assert.deepEqual(await client.rest(), []);
  });

  test("gets each event once, from a channel that stays alive", async () => {
    const { client } = await joined();
    const channel = await client.channelPid();
    say(1);
    assert.deepEqual(await client.rest(), [said(1, 1)]);
    assert.equal((await client.channelPid()).toString(), channel.toString());
  });

  test("hears of a log that dies: it joins again, and nothing is resumed", async () => {
    const { client, position } = await joined();
    runtime.exit(LOG, "kill");
    assert.deepEqual(await client.rest(), [["1", "1", TOPIC, "phx_error", { reason: "channel_crash" }]]);
    assert.deepEqual(await client.ask(["2", "2", TOPIC, "phx_join", { resume: position }]), [
      "2",
      "2",
      TOPIC,
      "phx_reply",
      { response: { reason: "join crashed" }, status: "error" },
    ]);
    await startLog();
    const { position: now } = await join(client, position, { joinRef: "3" });
    assert.deepInclude(now, { resumed: false, offset: 0 });
    assert.notEqual(now.epoch, position.epoch);
  });

  test("is told that nothing is resumed when its node was cut off from others", async () => {
    const pubsub = "test.far";
    let met = (): void => {};
    const adapter: PubSubAdapterFactory = (place) => {
      met = () => place.met();
      return { nodeName: "here", broadcast: () => {}, directBroadcast: () => {} };
    };
    await runtime.start(PubSub, { adapter }, { name: pubsub });
    runtime.exit(LOG, "kill");
    await settle(runtime);
    await startLog({ pubsub });
    met();
    const { client, position } = await joined();
    met();
    assert.deepEqual(await client.rest(), [["1", "1", TOPIC, "phx_error", { reason: "channel_crash" }]]);
    await startLog({ pubsub });
    const { position: now } = await join(client, position, { joinRef: "2" });
    assert.isFalse(now.resumed);
  });

  test("hears of its own node's log only: what that publishes does not leave the node", async () => {
    const pubsub = "test.far";
    const topics: string[] = [];
    const adapter: PubSubAdapterFactory = () => ({
      nodeName: "here/0",
      broadcast: (topic) => void topics.push(topic),
      directBroadcast: () => {},
      nodeNameOf: () => undefined,
      state: () => "up",
    });
    await runtime.start(PubSub, { adapter }, { name: pubsub });
    runtime.exit(LOG, "kill");
    await settle(runtime);
    await startLog({ pubsub });
    const { position } = await joined();
    broadcastTo(runtime, pubsub, TOPIC, "said", { n: 1 });
    await settle(runtime);
    assert.deepEqual(topics, [TOPIC]);
    const back = await connect(runtime, resumedSocket);
    assert.deepEqual((await join(back, position)).frames[0], said(1, 1));
  });

  test("misses an event that has no form in JSON, and the log lives on", async () => {
    const { client } = await joined();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    broadcastTo(runtime, PUBSUB, TOPIC, "said", loop);
    say(1);
    assert.deepEqual(await client.rest(), [said(1, 1)]);
    assert.lengthOf(
      (runtime.logger as TestLogger).lines.filter((line) => line.includes("clients that resume miss it")),
      1,
    );
  });
});

describe("what is nested so deep that it can only just be logged", () => {
  const nested = (depth: number): object =>
    JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as object;

  test("ends no log", async () => {
    await startLog();
    const { client } = await joined();
    let depth = 0;
    try {
      while (true) JSON.stringify(nested((depth += 20)));
    } catch {
      // So deep is too deep here. The stack of the log has another size, and that of its subscribers, too.
    }
    for (let less = 0; less < 120; less += 4)
      broadcastTo(runtime, PUBSUB, TOPIC, "said", nested(depth - less));
    await settle(runtime);
    client.peer.frames.length = 0;
    say(1);
    const [frame] = (await client.rest()) as [unknown[]];
    assert.deepInclude(frame[4], { n: 1 });
  });
});

describe("what a store has kept", () => {
  const opened: boolean[] = [];
  const store = (): MemoryLogStore =>
    Object.assign(new MemoryLogStore(), {
      open: (goOn: boolean) => {
        opened.push(goOn);
        return [];
      },
    });

  test("counts for the first log of a program, if no other node can have broadcast meanwhile", async () => {
    for (let time = 0; time < 2; time += 1) {
      await startLog({ store });
      await runtime.stop(LOG);
    }
    const adapter: PubSubAdapterFactory = () => ({
      nodeName: "here",
      broadcast: () => {},
      directBroadcast: () => {},
      state: () => "up",
    });
    await runtime.start(PubSub, { adapter }, { name: "test.far" });
    await runtime.start(TopicLog, { pubsub: "test.far", store }, { name: "another log" });
    assert.deepEqual(opened, [true, false, false]);
  });

  test("is trimmed to the limits as they are now", async () => {
    const memory = new MemoryLogStore();
    const epoch = "of before";
    const entry = { topic: TOPIC, event: "said", payload: "{}", origin: null, atMs: 0 };
    memory.begin(TOPIC);
    memory.append(
      [1, 2].map((offset) => ({ ...entry, offset })),
      new Map(),
    );
    const kept = [1, 2].map(() => ({ payloadBytes: 100, atMs: 0 }));
    const stored = { topic: TOPIC, epoch, events: ["said", "whispered"], offset: 2, entries: kept };
    await startLog({
      store: () => Object.assign(memory, { open: () => [stored] }),
      totalBytesMax: 200,
      ageMs: 2 ** 52,
    });
    for (const offset of [0, 1]) {
      const { position } = await joined({ epoch, offset, id: "me" });
      assert.deepInclude(position, { resumed: offset === 1, epoch, offset: 2 });
    }
  });
});

describe("what a store is given", () => {
  test("bytes of their own: a log that keeps three of them keeps no frame of which they were a part", async () => {
    const payloads: (string | Uint8Array)[] = [];
    const store = new MemoryLogStore();
    const append = store.append.bind(store);
    store.append = (entries, firsts) => {
      payloads.push(...entries.map(({ payload }) => payload));
      append(entries, firsts);
    };
    await startLog({ store: () => store });
    const { client } = await joined();
    broadcastTo(runtime, PUBSUB, TOPIC, "said", Buffer.alloc(10_000).subarray(0, 3));
    await client.rest();
    const [payload] = payloads as [Uint8Array];
    assert.deepEqual([payload.length, payload.buffer.byteLength], [3, 3]);
  });
});

describe("limits of a log", () => {
  const offsetsFrom = async (position: Position, offset: number): Promise<number[] | "not resumed"> => {
    const client = await connect(runtime, resumedSocket);
    const { position: now, frames } = await join(client, { ...position, offset });
    if (!now.resumed) return "not resumed";
    return frames.slice(0, -1).map((frame) => (frame[4] as { resume_offset: number }).resume_offset);
  };

  test("messagesMax: the oldest go", async () => {
    await startLog({ messagesMax: 2 });
    const { position } = await joined();
    say(1, 2, 3);
    await settle(runtime);
    assert.equal(await offsetsFrom(position, 0), "not resumed");
    assert.deepEqual(await offsetsFrom(position, 1), [2, 3]);
    assert.deepEqual(await offsetsFrom(position, 3), []);
  });

  test("bytesMax and totalBytesMax: the oldest go", async () => {
    for (const limit of ["bytesMax", "totalBytesMax"]) {
      await startLog({ [limit]: 200 });
      const { position } = await joined();
      say(1, 2, 3);
      await settle(runtime);
      assert.equal(await offsetsFrom(position, 0), "not resumed", limit);
      assert.deepEqual(await offsetsFrom(position, 1), [2, 3], limit);
      runtime.exit(LOG, "kill");
      await settle(runtime);
    }
  });

  test("ageMs: what is older goes, and a topic that nobody has resumed for so long", async () => {
    await startLog({ ageMs: 1_000 });
    const { position } = await joined();
    say(1);
    await settle(runtime);
    clock.advance(600);
    say(2);
    await settle(runtime);
    clock.advance(600);
    await settle(runtime);
    assert.equal(await offsetsFrom(position, 0), "not resumed");
    assert.deepEqual(await offsetsFrom(position, 1), [2]);
    clock.advance(10_000);
    await settle(runtime);
    assert.deepEqual(await offsetsFrom(position, 2), [], "somebody is there all the time");
  });

  test("ageMs: a topic that nobody has resumed for so long is not logged any more", async () => {
    await startLog({ ageMs: 1_000 });
    const { client, position } = await joined();
    runtime.exit(client.pid, "kill");
    await settle(runtime);
    clock.advance(900);
    await settle(runtime);
    const { client: back, position: now } = await joined(position);
    assert.isTrue(now.resumed);
    runtime.exit(back.pid, "kill");
    await settle(runtime);
    clock.advance(1_500);
    await settle(runtime);
    assert.lengthOf(PubSub.subscribers(runtime, PUBSUB, TOPIC), 0);
    const { position: later } = await joined(position);
    assert.deepInclude(later, { resumed: false, offset: 0 });
    assert.notEqual(later.epoch, position.epoch);
  });

  /** Whether each of three topics is resumed that were left one after the other. */
  const resumedAfter = async (idleTopicsMax: number, waitMs: number): Promise<boolean[]> => {
    await startLog({ idleTopicsMax, ageMs: 1_000_000 });
    const topics = ["room:a", "room:b", "room:c"];
    const positions: Position[] = [];
    for (const topic of topics) {
      const client = await connect(runtime, resumedSocket);
      positions.push((await join(client, true, { topic })).position);
      const channel = await client.channelPid();
      // Of a topic that is about to go, and is not stored yet.
      broadcastTo(runtime, PUBSUB, "room:a", "said", {});
      runtime.exit(channel, "kill");
      await settle(runtime);
      clock.advance(1_000);
    }
    clock.advance(waitMs);
    await settle(runtime);
    const resumed: boolean[] = [];
    for (const [index, topic] of topics.entries()) {
      const client = await connect(runtime, resumedSocket);
      resumed.push((await join(client, positions[index], { topic })).position.resumed);
    }
    return resumed;
  };

  test("idleTopicsMax: those that were left first go first", async () => {
    assert.deepEqual(await resumedAfter(2, 300_000), [false, true, true]);
  });

  test("idleTopicsMax: of more than twice as many those go at once", async () => {
    assert.deepEqual(await resumedAfter(1, 0), [false, false, true]);
  });
});

describe("between the answer of the log and the end of the join", () => {
  /** A log that publishes right before and right behind its answer, in the same turn. */
  class HastyLog extends GenServer<null> {
    init = () => started(null);
    override handleCall(_request: unknown, from: From): CallResult {
      const publish = (offset: number, epoch: string = "e"): void => {
        const payload = JSON.stringify({ n: offset });
        const entry = { topic: TOPIC, offset, event: "said", payload, origin: null, atMs: 0, epoch };
        PubSub.broadcast(this.self, PUBSUB, laneTopic(TOPIC), entry, resumeDispatcher);
      };
      publish(2);
      this.self.reply(from, { resumed: true, epoch: "e", offset: 2, id: "i", missed: [] });
      publish(3);
      publish(1, "of another log");
      publish(4);
      return noReply();
    }
  }

  test("nothing comes too early, twice or from another epoch, and nothing is lost", async () => {
    await runtime.start(HastyLog, undefined, { name: LOG });
    const client = await connect(runtime, resumedSocket);
    const { frames } = await join(client, true);
    assert.deepEqual(frames.slice(0, 2), [said(3, 3), said(4, 4)]);
    assert.lengthOf(frames, 3);
    PubSub.broadcast(
      runtime,
      PUBSUB,
      laneTopic(TOPIC),
      {
        topic: TOPIC,
        offset: 1,
        event: "said",
        payload: "{}",
        origin: null,
        atMs: 0,
        epoch: "of another log",
      },
      resumeDispatcher,
    );
    assert.deepEqual(await client.rest(), []);
  });
});

describe("what is refused", () => {
  class OtherRoom extends Channel {
    static override readonly resume = { log: LOG, events: ["said"] };
    join(_topic: string, payload: unknown, socket: Socket): JoinReturn {
      return ok(Object.hasOwn(payload as object, "bytes") ? new Uint8Array(1) : {}, socket);
    }
  }
  const otherSocket = defineSocket({
    channels: [["room:*", OtherRoom]],
    connect: (_params, socket) => ok(socket),
  });
  const crashed = ["1", "1", TOPIC, "phx_reply", { response: { reason: "join crashed" }, status: "error" }];

  test("a topic that others resume with other events; the log is unharmed, and takes them once it is free", async () => {
    await startLog();
    const { client, position } = await joined();
    const other = await connect(runtime, otherSocket);
    assert.deepEqual(await other.ask(["1", "1", TOPIC, "phx_join", { resume: true }]), crashed);
    say(1);
    assert.deepEqual(await client.rest(), [said(1, 1)]);
    runtime.exit(client.pid, "kill");
    await settle(runtime);
    const { position: now } = await join(other, { ...position, offset: 1 });
    assert.deepInclude(now, { resumed: false, offset: 0 });
  });

  test("bytes as the reply of a join", async () => {
    await startLog();
    const client = await connect(runtime, otherSocket);
    assert.deepEqual(await client.ask(["1", "1", TOPIC, "phx_join", { resume: true, bytes: 1 }]), crashed);
  });

  const wrong: readonly object[] = [
    { resume: { log: "", events: ["a"] } },
    { resume: { log: LOG, events: [] } },
    { resume: { log: LOG } },
    { resume: { log: LOG, events: [1] } },
    { resume: { log: LOG, events: ["presence_diff"] } },
    { resume: { log: LOG, events: ["x".repeat(256)] } },
    { resume: { log: LOG, events: ["a"], ageMs: 1 } },
    { resume: { log: LOG, events: ["a"] }, intercept: ["a"] },
  ];
  for (const statics of wrong) {
    test(`a class with ${JSON.stringify(statics).slice(0, 70)}`, () => {
      const room = Object.assign(class extends OtherRoom {}, statics);
      assert.throws(
        () => defineSocket({ channels: [["room:*", room]], connect: (_params, socket) => ok(socket) }),
        /Expected .+ in the resume of/,
      );
    });
  }

  for (const options of [{}, { pubsub: "" }, { pubsub: PUBSUB, ageMs: 0 }, { pubsub: PUBSUB, age: 1 }]) {
    test(`a log with ${JSON.stringify(options)}`, async () => {
      const start = runtime.start(TopicLog, options as TopicLogOptions, { name: LOG });
      const failure = await start.then(
        () => undefined,
        (error: { reason?: { code?: string } }) => error.reason?.code,
      );
      assert.equal(failure, "ROOKERY_TOPIC_LOG_OPTION");
    });
  }

  test("a log without a name", async () => {
    const failure = await runtime.start(TopicLog, { pubsub: PUBSUB }).then(
      () => undefined,
      (error: { reason?: { code?: string } }) => error.reason?.code,
    );
    assert.equal(failure, "ROOKERY_UNNAMED");
  });
});
