import { describe, expect, test } from "vitest";
import { mergeDeltas } from "../../../channels/tracker/delta.ts";
import type { TrackerDiff } from "../../../channels/tracker/entry.ts";
import { TrackerState } from "../../../channels/tracker/state.ts";

type State = TrackerState<string>;

/** Replicas that all know of each other. */
function cluster<Names extends string[]>(...names: Names): { [Index in keyof Names]: State } {
  const states = names.map((name) => new TrackerState<string>(name));
  for (const state of states) for (const name of names) state.replicaUp(name);
  return states as { [Index in keyof Names]: State };
}

let refs = 0;
function join(state: State, pid: string, topic = "lobby", key = pid): TrackerDiff<string> {
  refs += 1;
  return state.join(pid, topic, key, { phx_ref: `${refs}` });
}

function keys(state: State, topic = "lobby"): string[] {
  return [...state.entries.keys(topic).keys()].toSorted();
}

function told(diff: TrackerDiff<string>): { joins: string[]; leaves: string[] } {
  return {
    joins: diff.joins.map((entry) => entry.key).toSorted(),
    leaves: diff.leaves.map((entry) => entry.key).toSorted(),
  };
}

const nothing = { joins: [], leaves: [] };

describe("TrackerState of one replica", () => {
  test("a process is tracked until it leaves", () => {
    const [a] = cluster("a");
    expect(told(join(a, "alice"))).toEqual({ joins: ["alice"], leaves: [] });
    expect(keys(a)).toEqual(["alice"]);
    expect(told(a.leave("alice", "lobby", "alice"))).toEqual({ joins: [], leaves: ["alice"] });
    expect(keys(a)).toEqual([]);
  });

  test("a second join of the same pid, topic and key replaces the first in one step", () => {
    const [a] = cluster("a");
    const [first] = join(a, "alice").joins;
    const diff = join(a, "alice");
    expect(diff.leaves).toEqual([first]);
    expect([...(a.entries.keys("lobby").get("alice") ?? [])]).toEqual(diff.joins);
    expect(a.entries.count("lobby")).toBe(1);
  });

  test("leaving what is not tracked changes nothing, not even the clock", () => {
    const [a] = cluster("a");
    expect([told(a.leave("alice", "lobby", "alice")), told(a.leavePid("alice"))]).toEqual([nothing, nothing]);
    expect(a.clocks()).toEqual(new Map([["a", 0]]));
  });

  test("leavePid removes all that a process has, and nobody else's", () => {
    const [a] = cluster("a");
    join(a, "p", "lobby", "one");
    join(a, "p", "room", "two");
    join(a, "q", "lobby", "one");
    expect(told(a.leavePid("p"))).toEqual({ joins: [], leaves: ["one", "two"] });
    expect([keys(a), keys(a, "room")]).toEqual([["one"], []]);
    expect(a.ownPids()).toEqual(new Set(["q"]));
  });
});

describe("TrackerState.merge of whole states", () => {
  test("joins, leaves and updates of a peer show, each once", () => {
    const [a, b] = cluster("a", "b");
    join(a, "alice");
    join(b, "bob");
    expect(told(a.merge(b.extract()))).toEqual({ joins: ["bob"], leaves: [] });
    expect(told(a.merge(b.extract()))).toEqual(nothing);
    b.merge(a.extract());
    expect([keys(a), keys(b)]).toEqual([
      ["alice", "bob"],
      ["alice", "bob"],
    ]);
    a.leave("alice", "lobby", "alice");
    expect(told(b.merge(a.extract()))).toEqual({ joins: [], leaves: ["alice"] });
    expect(told(b.merge(a.extract()))).toEqual(nothing);
    join(b, "bob");
    expect(told(a.merge(b.extract()))).toEqual({ joins: ["bob"], leaves: ["bob"] });
    expect(a.entries.count("lobby")).toBe(1);
  });

  test("an entry that was removed and added again at once elsewhere stays: add wins", () => {
    const [a, b] = cluster("a", "b");
    join(a, "alice");
    b.merge(a.extract());
    b.leave("alice", "lobby", "alice");
    join(a, "alice");
    const [fromA, fromB] = [a.extract(), b.extract()];
    a.merge(fromB);
    b.merge(fromA);
    expect([keys(a), keys(b)]).toEqual([["alice"], ["alice"]]);
  });

  test("joins and leaves arrive through a third replica", () => {
    const [a, b, c] = cluster("a", "b", "c");
    join(a, "alice");
    b.merge(a.extract());
    expect(told(c.merge(b.extract()))).toEqual({ joins: ["alice"], leaves: [] });
    a.leavePid("alice");
    b.merge(a.extract());
    expect(told(c.merge(b.extract()))).toEqual({ joins: [], leaves: ["alice"] });
  });

  test("what a peer tells of a replica unknown here is ignored", () => {
    const [a, b] = cluster("a", "b");
    const c = new TrackerState<string>("c");
    b.replicaUp("c");
    join(c, "carol");
    b.merge(c.extract());
    expect(told(a.merge(b.extract()))).toEqual(nothing);
    expect(a.clocks()).toEqual(
      new Map([
        ["a", 0],
        ["b", 0],
      ]),
    );
    a.replicaUp("c");
    expect(told(a.merge(b.extract()))).toEqual({ joins: ["carol"], leaves: [] });
  });
});

describe("TrackerState.takeDelta", () => {
  test("the first call begins to collect and each call takes what came since the last one", () => {
    const [a, b] = cluster("a", "b");
    join(a, "early");
    expect(a.takeDelta().entries).toEqual([]);
    join(a, "alice");
    expect(told(b.merge(a.takeDelta()))).toEqual({ joins: ["alice"], leaves: [] });
    expect(a.takeDelta().entries).toEqual([]);
  });

  test("a leave travels, whether the join was in the same delta, in an earlier one, or before", () => {
    const [a, b] = cluster("a", "b");
    join(a, "before");
    b.merge(a.extract());
    a.takeDelta();
    join(a, "earlier");
    b.merge(a.takeDelta());
    join(a, "same");
    for (const pid of ["before", "earlier", "same"]) a.leavePid(pid);
    const delta = a.takeDelta();
    expect(delta.entries).toEqual([]);
    expect(told(b.merge(delta))).toEqual({ joins: [], leaves: ["before", "earlier"] });
    expect(b.clocks()).toEqual(a.clocks());
  });

  test("who missed an update, and hears only that what it added is gone, sees by the clock that something is missing", () => {
    const [a, b] = cluster("a", "b");
    a.takeDelta();
    join(a, "alice");
    b.merge(a.takeDelta());
    join(a, "alice");
    a.takeDelta();
    a.leavePid("alice");
    b.merge(a.takeDelta());
    expect([keys(b), b.clock("a") < a.clock("a")]).toEqual([["alice"], true]);
    expect(told(b.merge(a.extract()))).toEqual({ joins: [], leaves: ["alice"] });
  });

  test("what another replica removes is told by the one who added it, too, to those who did not know that one when it was removed", () => {
    const [a, b] = cluster("a", "b");
    const c = new TrackerState<string>("c");
    c.replicaUp("b");
    for (const state of [a, b]) state.takeDelta();
    join(a, "alice");
    const whole = a.extract();
    b.merge(a.takeDelta());
    b.leavePid("alice");
    const removal = b.takeDelta();
    c.merge(removal);
    c.replicaUp("a");
    c.merge(whole);
    expect(keys(c)).toEqual(["alice"]);
    a.merge(removal);
    expect(told(c.merge(a.takeDelta()))).toEqual({ joins: [], leaves: ["alice"] });
  });

  test("a lost delta shows as a clock that stays behind, and the whole state heals it", () => {
    const [a, b] = cluster("a", "b");
    a.takeDelta();
    join(a, "lost");
    a.takeDelta();
    join(a, "alice");
    b.merge(a.takeDelta());
    expect([keys(b), b.clocks().get("a"), a.clocks().get("a")]).toEqual([["alice"], 0, 2]);
    expect(told(b.merge(a.extract()))).toEqual({ joins: ["lost"], leaves: [] });
    expect(b.clocks()).toEqual(a.clocks());
  });

  test("a delta that comes late cannot bring back what has left since", () => {
    const [a, b] = cluster("a", "b");
    a.takeDelta();
    join(a, "alice");
    const late = a.takeDelta();
    a.leavePid("alice");
    b.merge(a.takeDelta());
    expect(told(b.merge(late))).toEqual(nothing);
    expect(keys(b)).toEqual([]);
  });
});

describe("mergeDeltas", () => {
  test("ranges that leave a gap are not merged", () => {
    const [a] = cluster("a");
    a.takeDelta();
    join(a, "one");
    const first = a.takeDelta();
    join(a, "two");
    a.takeDelta();
    join(a, "three");
    const third = a.takeDelta();
    expect(mergeDeltas(first, third)).toBeUndefined();
    expect(mergeDeltas(third, first)).toBeUndefined();
  });

  test("one after the other tell what both told, without entries that have left meanwhile", () => {
    const [a, b] = cluster("a", "b");
    a.takeDelta();
    join(a, "alice");
    join(a, "bob");
    const first = a.takeDelta();
    a.leavePid("alice");
    const merged = mergeDeltas(first, a.takeDelta());
    if (merged === undefined) throw new Error("contiguous deltas must merge");
    expect([merged.entries.map((entry) => entry.key), merged.dots.size]).toEqual([["bob"], 0]);
    b.merge(merged);
    expect([keys(b), b.clocks()]).toEqual([["bob"], a.clocks()]);
  });

  test("deltas of different replicas have no gap between them", () => {
    const [a, b, c] = cluster("a", "b", "c");
    for (const state of [a, b]) state.takeDelta();
    join(a, "alice");
    join(b, "bob");
    const merged = mergeDeltas(a.takeDelta(), b.takeDelta());
    if (merged === undefined) throw new Error("deltas of different replicas must merge");
    expect(told(c.merge(merged))).toEqual({ joins: ["alice", "bob"], leaves: [] });
  });
});

describe("TrackerState replicas", () => {
  test("a replica that is down is hidden, and shows again when it is up", () => {
    const [a, b] = cluster("a", "b");
    join(b, "bob");
    a.merge(b.extract());
    expect(told(a.replicaDown("b"))).toEqual({ joins: [], leaves: ["bob"] });
    expect([keys(a), a.entries.count("lobby"), a.clocks()]).toEqual([[], 0, new Map([["a", 0]])]);
    expect(told(a.replicaDown("b"))).toEqual(nothing);
    expect(told(a.replicaUp("b"))).toEqual({ joins: ["bob"], leaves: [] });
    expect(told(a.replicaUp("b"))).toEqual(nothing);
    expect(keys(a)).toEqual(["bob"]);
  });

  test("what a peer tells of a replica that is down here shows only when that replica is up", () => {
    const [a, b, c] = cluster("a", "b", "c");
    join(a, "alice");
    c.merge(a.extract());
    c.replicaDown("a");
    a.leavePid("alice");
    join(a, "bob");
    b.merge(a.extract());
    expect(told(c.merge(b.extract()))).toEqual(nothing);
    expect(told(c.replicaUp("a"))).toEqual({ joins: ["bob"], leaves: [] });
  });

  test("a replica that is gone for good does not come back through those who still have it", () => {
    const [a, b, c] = cluster("a", "b", "c");
    join(c, "carol");
    for (const state of [a, b]) state.merge(c.extract());
    expect(told(a.replicaPermdown("c"))).toEqual({ joins: [], leaves: ["carol"] });
    expect(told(a.merge(b.extract()))).toEqual(nothing);
    expect(keys(a)).toEqual([]);
    expect(told(a.replicaUp("c"))).toEqual(nothing);
    expect(told(a.merge(c.extract()))).toEqual({ joins: ["carol"], leaves: [] });
  });

  test("the own replica cannot be down", () => {
    const [a] = cluster("a");
    join(a, "alice");
    expect([told(a.replicaDown("a")), told(a.replicaPermdown("a"))]).toEqual([nothing, nothing]);
    expect(keys(a)).toEqual(["alice"]);
  });
});
