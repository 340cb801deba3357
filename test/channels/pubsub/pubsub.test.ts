import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PubSubAdapter, PubSubPlace } from "../../../channels/pubsub/adapter.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { listen } from "./listener.ts";

const NAME = "test.pubsub";

let runtime: Runtime;
beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});
afterEach(() => runtime.shutdown());

function startTree(pubsub: object = {}): Promise<Pid> {
  const children = [{ id: "pubsub", start: [PubSub, pubsub] as const, name: NAME }];
  return runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "tree" });
}

function broadcast(message: unknown): void {
  PubSub.broadcast(runtime, NAME, "t", message);
}

describe("PubSub under a supervisor", () => {
  test("a kill loses no subscription: every subscriber gets what is broadcast meanwhile and afterwards", async () => {
    await startTree();
    const listeners = await Promise.all([listen(runtime, NAME, "t"), listen(runtime, NAME, "t", "t")]);
    const killed = runtime.whereis(NAME);
    runtime.exit(NAME, "kill");
    expect(runtime.whereis(NAME)).toBeUndefined();
    broadcast("while it is dead");
    await settle(runtime);
    expect(runtime.whereis(NAME)).not.toBe(killed);
    broadcast("restarted");
    await settle(runtime);
    const once = ["while it is dead", "restarted"];
    expect(listeners.map(({ got }) => got)).toEqual([once, once.flatMap((message) => [message, message])]);
  });

  test("a subscriber that dies while the PubSub is dead is forgotten all the same", async () => {
    await startTree();
    const listener = await listen(runtime, NAME, "t");
    runtime.exit(NAME, "kill");
    runtime.exit(listener.pid, "kill");
    await settle(runtime);
    expect(PubSub.subscribers(runtime, NAME, "t")).toEqual([]);
  });

  test("when it is stopped in order its functions refuse, and the rows of the living count again when it is back", async () => {
    await startTree();
    const listener = await listen(runtime, NAME, "t");
    await Supervisor.terminateChild(runtime, "tree", "pubsub");
    expect(() => broadcast("nobody hears")).toThrow(expect.objectContaining({ code: "ROOKERY_NOT_STARTED" }));
    await Supervisor.restartChild(runtime, "tree", "pubsub");
    broadcast("back");
    await settle(runtime);
    expect(listener.got).toEqual(["back"]);
  });

  test("an adapter is made anew for each incarnation, and the old one is told by the signal of its process", async () => {
    const made: PubSubPlace[] = [];
    const adapter = async (place: PubSubPlace): Promise<PubSubAdapter> => {
      made.push(place);
      return { nodeName: `node ${made.length}`, broadcast() {}, directBroadcast() {} };
    };
    await startTree({ adapter });
    const { signal } = (made[0] as PubSubPlace).self;
    runtime.exit(NAME, "kill");
    expect(signal.aborted).toBe(true);
    await settle(runtime);
    expect([made.length, PubSub.nodeName(runtime, NAME)]).toEqual([2, "node 2"]);
  });
});

describe("PubSub", () => {
  test("what an adapter refuses to send is thrown to the broadcaster, and nobody gets it", async () => {
    const adapter = (): PubSubAdapter => ({
      nodeName: "here",
      directBroadcast() {},
      broadcast() {
        throw new TypeError("can't be sent");
      },
    });
    await runtime.start(PubSub, { adapter }, { name: NAME });
    const listener = await listen(runtime, NAME, "t");
    expect(() => broadcast("hello")).toThrow("can't be sent");
    await settle(runtime);
    expect(listener.got).toEqual([]);
  });

  test("a name that nobody has is refused with a code", () => {
    expect(() => broadcast("hello")).toThrow(expect.objectContaining({ code: "ROOKERY_NOT_STARTED" }));
  });

  test("needs a name", async () => {
    const error = await runtime.start(PubSub, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: { code: "ROOKERY_UNNAMED" } });
  });

  test("a second one of the same name does not start, and takes nothing from the first", async () => {
    const first = await runtime.start(PubSub, {}, { name: NAME });
    const listener = await listen(runtime, NAME, "t");
    const error = await runtime.start(PubSub, {}, { name: NAME }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: ["already_started", first] });
    broadcast("hello");
    await settle(runtime);
    expect(listener.got).toEqual(["hello"]);
  });

  test("two runtimes with a PubSub of the same name know nothing of each other", async () => {
    const other = await Runtime.start();
    for (const each of [runtime, other]) await each.start(PubSub, {}, { name: NAME });
    const listeners = [await listen(runtime, NAME, "t"), await listen(other, NAME, "t")];
    broadcast("here");
    await settle(other);
    await settle(runtime);
    expect(listeners.map(({ got }) => got)).toEqual([["here"], []]);
    await other.shutdown();
  });
});
