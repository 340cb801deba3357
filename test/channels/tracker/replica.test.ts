import { describe, expect, test } from "vitest";
import type { Gossip } from "../../../channels/tracker/gossip.ts";
import { Replica, type ReplicaTable, replicaTable } from "../../../channels/tracker/replica.ts";

const TIMES = { maxSilentPeriods: 3, downPeriodMs: 30, permdownPeriodMs: 100, clockSamplePeriods: 2 };

interface Sent {
  readonly from: string;
  readonly to: string | undefined;
  readonly gossip: Gossip<string>;
}

/** Replicas whose messages arrive only when the test says so. */
class Places {
  readonly sent: Sent[] = [];
  readonly tables: Map<string, ReplicaTable<string>> = new Map();
  readonly replicas: Map<string, Replica<string>> = new Map();
  readonly gone: Set<string> = new Set();
  readonly events: string[] = [];
  nowMs = 0;
  #refs = 0;

  constructor(...nodeNames: string[]) {
    for (const nodeName of nodeNames) this.start(nodeName);
  }

  start(nodeName: string, sizesMax?: readonly number[]): Replica<string> {
    this.#refs += 1;
    const table = replicaTable<string>(`${nodeName}#${this.#refs}`, this.nowMs, sizesMax);
    const replica = new Replica(table, TIMES, {
      nodeName,
      nowMs: () => this.nowMs,
      say: (gossip, to) => void this.sent.push({ from: nodeName, to, gossip }),
      changed: () => {},
      happened: (event, who) => void this.events.push(`${nodeName}: ${event} ${who}`),
      isGone: (name) => this.gone.has(name),
    });
    this.tables.set(nodeName, table);
    this.replicas.set(nodeName, replica);
    replica.begin();
    return replica;
  }

  join(nodeName: string, key: string): void {
    this.#refs += 1;
    this.tables.get(nodeName)!.state.join(`${key} of ${nodeName}`, "t", key, { phx_ref: `${this.#refs}` });
  }

  /** All that was said arrives, and what is said to that; `unless` it gets lost. Answers it, in short. */
  deliver(unless: (sent: Sent, to: string) => boolean = () => false): string[] {
    const delivered: string[] = [];
    for (let sent = this.sent.shift(); sent !== undefined; sent = this.sent.shift()) {
      for (const [nodeName, replica] of this.replicas) {
        if (nodeName === sent.from || (sent.to !== undefined && sent.to !== nodeName)) continue;
        if (unless(sent, nodeName)) continue;
        delivered.push(`${sent.from} ${sent.gossip.says} ${nodeName}`);
        replica.hear(sent.gossip);
      }
    }
    return delivered;
  }

  beat(ms = 10): void {
    this.nowMs += ms;
    for (const replica of this.replicas.values()) replica.beat(true);
  }

  keys(nodeName: string): string[] {
    return [...this.tables.get(nodeName)!.state.entries.keys("t").keys()].toSorted();
  }
}

describe("a replica that begins", () => {
  test("says hello, is told by each how far they are, and asks one of them for everything", () => {
    const places = new Places("a", "b", "c");
    places.deliver();
    for (const name of ["a", "b", "c"]) {
      places.join(name, `on ${name}`);
      places.replicas.get(name)!.flush();
    }
    places.deliver();
    places.start("d");
    expect(places.deliver()).toEqual([
      "d hello a",
      "d hello b",
      "d hello c",
      "a clock d",
      "b clock d",
      "c clock d",
      "d want a",
      "a state d",
    ]);
    expect(places.keys("d")).toEqual(["on a", "on b", "on c"]);
  });

  test("in place of one that was killed tells first what that one had not", () => {
    const places = new Places("a", "b");
    places.deliver();
    places.join("a", "alice");
    places.replicas.get("a")!.begin();
    expect(places.sent.map(({ gossip }) => gossip.says)).toEqual(["delta", "hello"]);
  });

  test("alone says hello once, and collects nothing for nobody", () => {
    const places = new Places("a");
    places.join("a", "alice");
    expect([places.sent.map(({ gossip }) => gossip.says), places.replicas.get("a")!.isAlone]).toEqual([
      ["hello"],
      true,
    ]);
  });
});

describe("a delta that was lost", () => {
  test("shows by the next one; the answer is what was missed, not everything", () => {
    const places = new Places("a", "b");
    places.deliver();
    for (let n = 1; n <= 50; n += 1) {
      places.join("a", `key ${n}`);
      places.replicas.get("a")!.flush();
    }
    const answered: number[] = [];
    places.deliver(({ gossip }) => {
      if (gossip.says === "state") answered.push(gossip.delta.entries.length);
      return gossip.says === "delta" && gossip.delta.entries[0]?.key === "key 40";
    });
    expect(places.keys("b")).toEqual(places.keys("a"));
    // What came after the lost one and had been done by then; not the 39 before it.
    expect(answered).toEqual([11]);
  });

  test("shows by the clock if nothing comes after it", () => {
    const places = new Places("a", "b");
    places.deliver();
    places.join("a", "alice");
    places.replicas.get("a")!.flush();
    places.deliver(() => true);
    places.beat();
    expect(places.deliver()).toContain("a state b");
    expect(places.keys("b")).toEqual(["alice"]);
  });

  test("by one who missed more than is kept is answered with everything", () => {
    const places = new Places("b");
    places.start("a", [2, 4]);
    places.deliver();
    for (let n = 1; n <= 20; n += 1) {
      places.join("a", `key ${n}`);
      places.replicas.get("a")!.flush();
    }
    places.deliver(() => true);
    places.beat();
    places.deliver();
    expect(places.keys("b")).toEqual(places.keys("a"));
  });

  test("is asked for once while the answer is on its way, and again when that is lost, too", () => {
    const places = new Places("a", "b");
    places.deliver();
    places.join("a", "lost");
    places.replicas.get("a")!.flush();
    places.deliver(() => true);
    const losesState = ({ gossip }: Sent): boolean => gossip.says === "state";
    let wants = 0;
    for (let n = 1; n <= 5; n += 1) {
      places.join("a", `key ${n}`);
      places.replicas.get("a")!.flush();
      wants += places.deliver(losesState).filter((line) => line === "b want a").length;
    }
    expect([wants, places.keys("b").includes("lost")]).toEqual([1, false]);
    for (let n = 0; n < 4; n += 1) {
      places.join("a", `later ${n}`);
      places.beat();
      places.deliver();
    }
    expect(places.keys("b")).toEqual(places.keys("a"));
  });

  test("of one who can't be reached any more is asked of who has heard it, and of as few as have all", () => {
    const places = new Places("a", "b", "c", "d");
    places.deliver();
    for (const name of ["a", "b"]) {
      places.join(name, `on ${name}`);
      places.replicas.get(name)!.flush();
    }
    // From now on, d hears nothing of a and b.
    const toD = ({ from }: Sent, to: string): boolean => to === "d" && (from === "a" || from === "b");
    places.deliver(toD);
    const said: string[] = [];
    places.join("c", "on c");
    for (let n = 0; n < 2; n += 1) {
      places.beat();
      said.push(...places.deliver(toD));
    }
    expect(places.keys("d")).toEqual(["on a", "on b", "on c"]);
    expect(said.filter((line) => line.startsWith("d want"))).toEqual(["d want c"]);
  });
});

describe("replicas that have nothing to say", () => {
  test("say so often that they are there, and no more often", () => {
    const places = new Places("a", "b");
    places.deliver();
    const said: number[] = [];
    for (let n = 1; n <= 9; n += 1) {
      places.beat(1);
      said.push(places.sent.filter(({ from }) => from === "a").length);
      places.sent.length = 0;
    }
    expect(said).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1]);
  });
});

describe("what was removed by another place than the one that tracks it", () => {
  test("is told by that one, too, as soon as it hears of it", () => {
    const places = new Places("a", "b");
    places.deliver();
    places.join("a", "alice");
    places.replicas.get("a")!.flush();
    places.deliver();
    places.tables.get("b")!.state.leavePid("alice of a");
    places.replicas.get("b")!.flush();
    expect(places.deliver()).toEqual(["b delta a", "a delta b"]);
  });

  test("is gone there, too, if the one who removed it is gone before that one heard of it", () => {
    const places = new Places("a", "b", "c");
    places.deliver();
    places.join("a", "alice");
    places.replicas.get("a")!.flush();
    places.deliver();
    places.tables.get("b")!.state.leavePid("alice of a");
    places.replicas.get("b")!.flush();
    places.deliver((_sent, to) => to === "a");
    places.replicas.delete("b");
    for (const name of ["a", "c"]) places.replicas.get(name)!.lost("b");
    expect([places.keys("a"), places.keys("c")]).toEqual([["alice"], []]);
    for (let n = 0; n < 3; n += 1) {
      places.beat();
      places.deliver();
    }
    expect([places.keys("a"), places.keys("c")]).toEqual([[], []]);
  });
});

describe("a network that is split", () => {
  test("leaves each side its own, hides the other, and is one without duplicates when it heals", () => {
    const places = new Places("a", "b", "c", "d");
    places.deliver();
    const side = (name: string | undefined): boolean => name === "a" || name === "b";
    const across = ({ from }: Sent, to: string): boolean => side(from) !== side(to);
    const pass = (unless?: typeof across): void => {
      for (let n = 0; n < 6; n += 1) {
        places.beat();
        places.deliver(unless);
      }
    };
    for (const name of ["a", "b", "c", "d"]) places.join(name, `before on ${name}`);
    pass();
    for (const name of ["a", "d"]) places.join(name, "alice");
    pass(across);
    expect([places.keys("a"), places.keys("b")]).toEqual([
      ["alice", "before on a", "before on b"],
      ["alice", "before on a", "before on b"],
    ]);
    places.tables.get("c")!.state.leavePid("before on c of c");
    pass();
    const all = ["alice", "before on a", "before on b", "before on d"];
    for (const name of ["a", "b", "c", "d"]) {
      expect(places.keys(name)).toEqual(all);
      // Alice's two metas, of two processes.
      expect(places.tables.get(name)!.state.entries.count("t")).toBe(5);
    }
  });

  test("places that are replaced one by one show who is on those that are there", () => {
    const names = ["a", "b", "c"];
    const places = new Places(...names);
    places.deliver();
    for (const name of names) places.join(name, `first on ${name}`);
    for (const name of names) {
      places.replicas.get(name)!.bye();
      places.nowMs += 1;
      places.start(name);
      places.join(name, `second on ${name}`);
      places.beat();
      places.deliver();
      const there = names.map((other) => `${other <= name ? "second" : "first"} on ${other}`).toSorted();
      for (const other of names) expect(places.keys(other)).toEqual(there);
    }
  });
});

describe("a replica that goes", () => {
  test("with a bye is gone at once, and there again when it begins again", () => {
    const places = new Places("a", "b");
    places.join("a", "alice");
    places.deliver();
    places.replicas.get("a")!.bye();
    places.deliver();
    expect([places.keys("b"), places.events.slice(-1)]).toEqual([[], ["b: replica_permdown a"]]);
    places.replicas.get("a")!.begin();
    places.deliver();
    expect(places.keys("b")).toEqual(["alice"]);
  });

  test("without a word is hidden, shown when it is heard again, and forgotten after long", () => {
    const places = new Places("a", "b");
    places.join("a", "alice");
    places.deliver();
    const isCut = (): boolean => true;
    const pass = (ms: number): void => {
      for (let left = ms; left > 0; left -= 10) {
        places.beat();
        places.deliver(isCut);
      }
    };
    pass(40);
    expect(places.keys("b")).toEqual([]);
    for (let n = 0; n < 4; n += 1) places.beat();
    places.deliver();
    expect(places.keys("b")).toEqual(["alice"]);
    pass(110);
    const { state } = places.tables.get("b")!;
    expect([places.keys("b"), state.knows(places.tables.get("a")!.state.replica)]).toEqual([[], false]);
    for (let n = 0; n < 4; n += 1) places.beat();
    places.deliver();
    expect(places.keys("b")).toEqual(["alice"]);
    const ofB = places.events.filter((event) => event.startsWith("b:"));
    expect(ofB.map((event) => event.split(" ")[1])).toEqual([
      "replica_up",
      "replica_down",
      "replica_up",
      "replica_down",
      "replica_permdown",
      "replica_up",
    ]);
  });

  test("and is known to be gone is forgotten with all it had, and what it said before is not heard", () => {
    const places = new Places("a", "b");
    places.join("a", "alice");
    places.deliver();
    places.join("a", "bob");
    places.replicas.get("a")!.flush();
    places.gone.add("a");
    places.replicas.get("b")!.lost("a");
    places.deliver();
    expect([places.keys("b"), places.replicas.get("b")!.isAlone]).toEqual([[], true]);
  });

  test("and another one begins at its place: what the first had goes once, and its late words bring nothing back", () => {
    const places = new Places("a", "b");
    places.join("a", "alice");
    places.deliver();
    places.join("a", "late");
    places.replicas.get("a")!.flush();
    const late = places.sent.splice(0);
    places.nowMs += 1;
    places.start("a");
    places.join("a", "carol");
    places.replicas.get("a")!.flush();
    places.deliver();
    places.sent.push(...late);
    places.deliver();
    expect(places.keys("b")).toEqual(["carol"]);
    expect(places.events.filter((event) => event === "b: replica_permdown a").length).toBe(1);
  });
});
