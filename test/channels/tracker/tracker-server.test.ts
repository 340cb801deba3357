import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TrackerServer, type TrackResult } from "../../../channels/tracker/tracker-server.ts";
import { ok, type Ok, type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

const NAME = "test.tracker";

/** What was announced: topic, keys that joined, keys that left. */
let announced: [topic: string, joins: string[], leaves: string[]][];
/** Whether diffs are announced, or wait in the table. */
let announces: boolean;

class TestTracker extends TrackerServer<string> {
  init(): Ok<string> {
    const { state } = this.open("here");
    this.announce();
    return ok(state.replica);
  }

  protected override announce(): void {
    if (!announces) return;
    for (const { topic, joins, leaves } of this.table.diffs.splice(0)) {
      const keys = (entries: typeof joins): string[] => entries.map(({ key }) => key);
      announced.push([topic, keys(joins), keys(leaves)]);
    }
  }

  static metas(topic: string): unknown[] {
    return [...this.table(runtime, NAME).state.entries.inTopic(topic)].map(({ meta }) => meta);
  }

  static replica(): string {
    return this.table(runtime, NAME).state.replica;
  }
}

let runtime: Runtime;
beforeEach(async () => {
  announced = [];
  announces = true;
  runtime = await Runtime.start({ logger: silentLogger });
  const children = [{ id: "tracker", start: [TestTracker] as const, name: NAME }];
  await runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "tree" });
});
afterEach(() => runtime.shutdown());

function sleeper(): Pid {
  return runtime.spawn((self) => self.receive());
}

function track(pid: Pid, key: string | number = "alice", topic = "t", meta = {}): Promise<TrackResult> {
  return TestTracker.track(runtime, NAME, pid, topic, key, meta);
}

async function refOf(result: Promise<TrackResult>): Promise<string> {
  const tracked = await result;
  if (!tracked.ok) throw new Error(tracked.reason);
  return tracked.ref;
}

describe("TrackerServer.track", () => {
  test("answers the reference that the meta bears, and tells of the join", async () => {
    const ref = await refOf(track(sleeper(), "alice", "t", { online_at: 1 }));
    expect(TestTracker.metas("t")).toEqual([{ online_at: 1, phx_ref: ref }]);
    expect(announced).toEqual([["t", ["alice"], []]]);
  });

  test("a process has a key of a topic once, but several keys and topics, and a key several processes", async () => {
    const [one, two] = [sleeper(), sleeper()];
    for (const [pid, key, topic] of [
      [one, "a", "t"],
      [one, "b", "t"],
      [one, "a", "u"],
      [two, "a", "t"],
    ] as const) {
      expect(await track(pid, key, topic)).toMatchObject({ ok: true });
    }
    expect(await track(one, "a", "t", { other: true })).toEqual({ ok: false, reason: "already_tracked" });
    expect([TestTracker.count(runtime, NAME, "t"), TestTracker.countKeys(runtime, NAME, "t")]).toEqual([
      3, 2,
    ]);
    expect(announced.length).toBe(4);
  });

  test("a number stands for its digits", async () => {
    const pid = sleeper();
    await track(pid, 7);
    expect(await track(pid, "7")).toMatchObject({ ok: false });
  });

  test("a socket stands for its channel and its topic", async () => {
    const socket = { channelPid: sleeper(), topic: "room:1", runtime };
    await TestTracker.track(socket, NAME, "alice", { n: 1 });
    await TestTracker.update(socket, NAME, "alice", { n: 2 });
    expect(TestTracker.metas("room:1")).toMatchObject([{ n: 2 }]);
    await TestTracker.untrack(socket, NAME, "alice");
    expect(TestTracker.metas("room:1")).toEqual([]);
  });

  test("a socket without a channel is refused", async () => {
    const socket = { channelPid: undefined, topic: "", runtime };
    await expect(TestTracker.track(socket, NAME, "alice", {})).rejects.toMatchObject({
      code: "ROOKERY_CHANNEL_NOT_JOINED",
    });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  test.each([["a string"], [null], [["list"]], [{ big: 1n }], [cyclic]])("%o is no meta", async (meta) => {
    await expect(track(sleeper(), "alice", "t", meta as object)).rejects.toMatchObject({
      code: "ROOKERY_PRESENCE_META",
    });
    expect(runtime.whereis(NAME)).toBeDefined();
  });

  test("a process that is dead already joins and leaves", async () => {
    const pid = sleeper();
    runtime.exit(pid, "kill");
    await track(pid);
    await settle(runtime);
    expect(announced).toEqual([
      ["t", ["alice"], []],
      ["t", [], ["alice"]],
    ]);
  });

  test("changes neither the meta it was given nor lets it change what is tracked", async () => {
    const meta = { online_at: 1 };
    await track(sleeper(), "alice", "t", meta);
    expect(meta).toEqual({ online_at: 1 });
    expect(Object.isFrozen(TestTracker.metas("t")[0])).toBe(true);
  });
});

describe("TrackerServer.update", () => {
  test("tells of both metas in one diff; the new one names the old one", async () => {
    const pid = sleeper();
    const first = await refOf(track(pid, "alice", "t", { n: 1 }));
    announced = [];
    const second = await TestTracker.update(runtime, NAME, pid, "t", "alice", (meta) => ({ ...meta, n: 2 }));
    expect(second).toEqual({ ok: true, ref: expect.stringMatching(/^[\w-]{16}$/) });
    expect(TestTracker.metas("t")).toEqual([
      { n: 2, phx_ref: (second as { ref: string }).ref, phx_ref_prev: first },
    ]);
    expect(announced).toEqual([["t", ["alice"], ["alice"]]]);
  });

  test("of what is not tracked answers nopresence", async () => {
    const pid = sleeper();
    await track(pid, "alice");
    const nobody = { ok: false, reason: "nopresence" };
    expect(await TestTracker.update(runtime, NAME, pid, "t", "bob", {})).toEqual(nobody);
    expect(await TestTracker.update(runtime, NAME, sleeper(), "t", "alice", {})).toEqual(nobody);
    expect(await TestTracker.update(runtime, NAME, pid, "u", "alice", {})).toEqual(nobody);
  });

  test("a function that throws, or makes no meta, is its caller's bug: the tracker lives on and nothing changes", async () => {
    const pid = sleeper();
    await track(pid, "alice", "t", { n: 1 });
    const [tracker, before] = [runtime.whereis(NAME), TestTracker.metas("t")];
    const fail = (): never => {
      throw new RangeError("my bug");
    };
    await expect(TestTracker.update(runtime, NAME, pid, "t", "alice", fail)).rejects.toThrow("my bug");
    const no = (() => "no meta") as unknown as () => object;
    await expect(TestTracker.update(runtime, NAME, pid, "t", "alice", no as never)).rejects.toMatchObject({
      code: "ROOKERY_PRESENCE_META",
    });
    expect([runtime.whereis(NAME), TestTracker.metas("t")]).toEqual([tracker, before]);
  });
});

describe("TrackerServer.untrack", () => {
  test("takes one key, or all that the process has, in one diff a topic", async () => {
    const pid = sleeper();
    for (const [key, topic] of [
      ["a", "t"],
      ["b", "t"],
      ["c", "t"],
      ["d", "u"],
    ] as const)
      await track(pid, key, topic);
    await track(sleeper(), "a", "t");
    announced = [];
    await TestTracker.untrack(runtime, NAME, pid, "t", "a");
    await TestTracker.untrack(runtime, NAME, pid);
    expect(announced).toEqual([
      ["t", [], ["a"]],
      ["t", [], ["b", "c"]],
      ["u", [], ["d"]],
    ]);
    expect(TestTracker.count(runtime, NAME, "t")).toBe(1);
  });

  test("of what is not tracked is no error and no diff", async () => {
    await TestTracker.untrack(runtime, NAME, sleeper());
    await TestTracker.untrack(runtime, NAME, sleeper(), "t", "alice");
    expect(announced).toEqual([]);
  });

  test("who is tracked nowhere any more is not watched any more", async () => {
    const pid = sleeper();
    await track(pid, "a");
    await track(pid, "b");
    await TestTracker.untrack(runtime, NAME, pid, "t", "a");
    expect(runtime.info(pid)?.monitoredBy).toEqual([runtime.whereis(NAME)]);
    await TestTracker.untrack(runtime, NAME, pid, "t", "b");
    expect(runtime.info(pid)?.monitoredBy).toEqual([]);
  });
});

describe("the exit of a tracked process", () => {
  test.each(["normal", "shutdown", "kill", new Error("crash")])(
    "with %s makes it leave everywhere",
    async (reason) => {
      const pid = runtime.spawn(async (self) => {
        await self.receive();
        self.exit(reason === "kill" ? "normal" : reason);
      });
      for (const topic of ["t", "u"]) await track(pid, "alice", topic);
      announced = [];
      if (reason === "kill") runtime.exit(pid, "kill");
      else runtime.send(pid, "exit");
      await settle(runtime);
      expect(announced).toEqual([
        ["t", [], ["alice"]],
        ["u", [], ["alice"]],
      ]);
    },
  );
});

describe("a tracker that was killed", () => {
  test("leaves everybody tracked, readable all the time, and its successor hears of later exits", async () => {
    const pid = sleeper();
    const ref = await refOf(track(pid));
    const replica = TestTracker.replica();
    runtime.exit(NAME, "kill");
    expect(TestTracker.metas("t")).toEqual([{ phx_ref: ref }]);
    await settle(runtime);
    expect(TestTracker.replica()).toBe(replica);
    expect(await track(pid)).toMatchObject({ ok: false });
    announced = [];
    runtime.exit(pid, "kill");
    await settle(runtime);
    expect(announced).toEqual([["t", [], ["alice"]]]);
  });

  test("who dies while there is no tracker leaves when there is one again", async () => {
    const [pid, staying] = [sleeper(), sleeper()];
    await track(pid, "alice");
    await track(staying, "bob");
    announced = [];
    runtime.exit(NAME, "kill");
    runtime.exit(pid, "kill");
    await settle(runtime);
    expect(announced).toEqual([["t", [], ["alice"]]]);
    expect(TestTracker.count(runtime, NAME, "t")).toBe(1);
  });

  test("leaves what it had not announced to its successor", async () => {
    announces = false;
    await track(sleeper());
    announces = true;
    runtime.exit(NAME, "kill");
    await settle(runtime);
    expect(announced).toEqual([["t", ["alice"], []]]);
  });
});

describe("a tracker that was stopped in order", () => {
  test("refuses readers until it is back, and then has everybody who is still there", async () => {
    const [pid, staying] = [sleeper(), sleeper()];
    await track(pid, "alice", "t", { name: "alice" });
    await track(staying, "bob", "t", { name: "bob" });
    await Supervisor.terminateChild(runtime, "tree", "tracker");
    expect(() => TestTracker.count(runtime, NAME, "t")).toThrow(
      expect.objectContaining({ code: "ROOKERY_NOT_STARTED" }),
    );
    runtime.exit(pid, "kill");
    await Supervisor.restartChild(runtime, "tree", "tracker");
    await settle(runtime);
    expect(TestTracker.metas("t")).toMatchObject([{ name: "bob" }]);
  });
});
