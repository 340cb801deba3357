import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { mergeDeltas, type TrackerDelta } from "../../../channels/tracker/delta.ts";
import type { TrackerDiff, TrackerEntry } from "../../../channels/tracker/entry.ts";
import { TrackerState } from "../../../channels/tracker/state.ts";

type State = TrackerState<string>;
type Delta = TrackerDelta<string>;

const REPLICAS = ["r0", "r1", "r2"];
const PIDS = ["p", "q"];
const KEYS = ["k", "__proto__"];

/**
 * The set by its definition, with everything kept: adds bear unique tags, removals name the tags they have observed, and
 * what is there is what was added and not removed. Tags are the metas' references, so they need no dots.
 */
class Model {
  adds = new Map<string, { owner: string; pid: string; key: string }>();
  removes = new Map<string, string>();
  known: Set<string>;
  down = new Set<string>();
  /** Since the last delta; undefined before the first. */
  unsent: Model | undefined;

  constructor(known: readonly string[]) {
    this.known = new Set(known);
  }

  visible(): string[] {
    const tags = [...this.adds].filter(([tag, { owner }]) => !this.removes.has(tag) && !this.down.has(owner));
    return tags.map(([tag, { pid, key }]) => `${pid} ${key} ${tag}`).toSorted();
  }

  observed(pid: string, key: string | undefined): string[] {
    const tags = [...this.adds].filter(
      ([tag, add]) =>
        add.pid === pid &&
        (key === undefined || add.key === key) &&
        !this.removes.has(tag) &&
        !this.down.has(add.owner),
    );
    return tags.map(([tag]) => tag);
  }

  remove(tags: readonly string[]): void {
    for (const tag of tags) {
      const { owner } = this.adds.get(tag) ?? { owner: "" };
      this.removes.set(tag, owner);
      this.unsent?.removes.set(tag, owner);
    }
  }

  add(tag: string, owner: string, pid: string, key: string): void {
    this.adds.set(tag, { owner, pid, key });
    this.unsent?.adds.set(tag, { owner, pid, key });
  }

  takeDelta(): Model {
    const delta = this.unsent ?? new Model([]);
    this.unsent = new Model([]);
    return delta;
  }

  copy(): Model {
    const copy = new Model([]);
    copy.merge(this, () => true);
    return copy;
  }

  merge(other: Model, takes: (owner: string) => boolean = (owner) => this.known.has(owner)): void {
    for (const [tag, add] of other.adds) if (takes(add.owner)) this.adds.set(tag, add);
    for (const [tag, owner] of other.removes) if (takes(owner)) this.removes.set(tag, owner);
  }

  forget(replica: string): void {
    this.known.delete(replica);
    this.down.delete(replica);
    for (const [tag, { owner }] of this.adds) if (owner === replica) this.adds.delete(tag);
    for (const [tag, owner] of this.removes) if (owner === replica) this.removes.delete(tag);
  }
}

function tags(entries: Iterable<TrackerEntry<string>>): string[] {
  return [...entries].map(({ pid, key, meta }) => `${pid} ${key} ${meta.phx_ref}`).toSorted();
}

function visible(state: State): string[] {
  return tags([...state.entries.keys("t").values()].flatMap((entries) => [...entries]));
}

type Step =
  | { do: "join" | "leave"; at: number; pid: string; key: string }
  | { do: "leavePid"; at: number; pid: string }
  | { do: "takeDelta" | "extract"; at: number }
  | { do: "deliver"; at: number; message: number }
  | { do: "up" | "down" | "permdown"; at: number; replica: number };

const at = fc.nat(REPLICAS.length - 1);
const pid = fc.constantFrom(...PIDS);
const key = fc.constantFrom(...KEYS);
const operation: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constantFrom("join", "join", "leave"), at, pid, key }),
  fc.record({ do: fc.constant("leavePid"), at, pid }),
  fc.record({ do: fc.constantFrom("takeDelta", "extract"), at }),
  fc.record({ do: fc.constant("deliver"), at, message: fc.nat(1_000) }),
];
const membership: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("up", "down", "permdown"),
  at,
  replica: at,
});
const steps = fc.array(fc.oneof(...operation), { maxLength: 40, size: "max" });
const stepsWithChurn = fc.array(fc.oneof(...operation, membership), { maxLength: 60, size: "max" });

/** Runs real replicas beside their models; messages are lost, repeated and reordered as the steps have it. */
class Run {
  readonly states: State[] = REPLICAS.map((name) => new TrackerState<string>(name));
  readonly models: Model[] = REPLICAS.map(() => new Model(REPLICAS));
  readonly sent: { delta: Delta; model: Model }[] = [];
  #tag = 0;

  constructor() {
    for (const state of this.states) for (const name of REPLICAS) state.replicaUp(name);
  }

  step(step: Step): void {
    const state = this.states[step.at] as State;
    const model = this.models[step.at] as Model;
    const before = visible(state);
    const diff = this.#apply(state, model, step);
    const after = visible(state);
    expect(after).toEqual(model.visible());
    if (diff === undefined) return;
    const leaves = tags(diff.leaves);
    for (const tag of leaves) expect(before).toContain(tag);
    expect([...before.filter((tag) => !leaves.includes(tag)), ...tags(diff.joins)].toSorted()).toEqual(after);
  }

  #apply(state: State, model: Model, step: Step): TrackerDiff<string> | undefined {
    switch (step.do) {
      case "join": {
        this.#tag += 1;
        model.remove(model.observed(step.pid, step.key));
        model.add(`${this.#tag}`, state.replica, step.pid, step.key);
        return state.join(step.pid, "t", step.key, { phx_ref: `${this.#tag}` });
      }
      case "leave":
        model.remove(model.observed(step.pid, step.key));
        return state.leave(step.pid, "t", step.key);
      case "leavePid":
        model.remove(model.observed(step.pid, undefined));
        return state.leavePid(step.pid);
      case "takeDelta":
        this.sent.push({ delta: state.takeDelta(), model: model.takeDelta() });
        return undefined;
      case "extract":
        this.sent.push({ delta: state.extract(), model: model.copy() });
        return undefined;
      case "deliver": {
        const message = this.sent[step.message % Math.max(1, this.sent.length)];
        if (message === undefined) return undefined;
        model.merge(message.model);
        return state.merge(message.delta);
      }
      case "up": {
        const replica = REPLICAS[step.replica] as string;
        model.known.add(replica);
        model.down.delete(replica);
        return state.replicaUp(replica);
      }
      case "down":
      case "permdown": {
        const replica = REPLICAS[step.replica] as string;
        if (replica === state.replica) return undefined;
        if (step.do === "permdown") model.forget(replica);
        else if (model.known.has(replica)) model.down.add(replica);
        return step.do === "permdown" ? state.replicaPermdown(replica) : state.replicaDown(replica);
      }
    }
  }
}

function runOf(all: readonly Step[]): Run {
  const run = new Run();
  for (const step of all) run.step(step);
  return run;
}

/** A replica that has only merged. */
function observer(...deltas: readonly Delta[]): State {
  const state = new TrackerState<string>("observer");
  for (const name of REPLICAS) state.replicaUp(name);
  for (const delta of deltas) state.merge(delta);
  return state;
}

/** All that distinguishes two replicas of which neither has done anything itself. */
function content(state: State): unknown {
  const { ranges, dots, entries } = state.extract();
  return [
    new Map(ranges),
    new Map([...dots].map(([name, clocks]) => [name, [...clocks].toSorted()])),
    tags(entries),
  ];
}

describe("TrackerState against the definition of the add-wins set", () => {
  test("shows what the definition says after every step, whatever is lost, repeated or reordered", () => {
    fc.assert(
      fc.property(steps, (all) => void runOf(all)),
      { numRuns: 500 },
    );
  });

  test("does so while replicas go down, come up and are forgotten, and its diffs account for every change", () => {
    fc.assert(
      fc.property(stepsWithChurn, (all) => void runOf(all)),
      { numRuns: 500 },
    );
  });

  test("all replicas agree once each has the whole state of the others", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { states } = runOf(all);
        // The second time they hear that a replica has heard that something of its own was removed.
        for (const _ of ["once", "again"]) {
          const extracts = states.map((state) => state.extract());
          for (const state of states) for (const extract of extracts) state.merge(extract);
        }
        const [first, ...others] = states.map(visible);
        for (const other of others) expect(other).toEqual(first);
        for (const state of states) expect(state.clocks()).toEqual(states[0]?.clocks());
      }),
    );
  });

  test("who has heard some of a replica's deltas, and is as far by the clock, has all that it has: a gap shows", () => {
    const deed = fc.record({ joins: fc.boolean(), pid, key, heard: fc.boolean() });
    let complete = 0;
    const property = fc.property(fc.array(deed, { maxLength: 30, size: "max" }), (deeds) => {
      const [state, heard] = [new TrackerState<string>("r0"), observer()];
      state.takeDelta();
      deeds.forEach((done, index) => {
        if (done.joins) state.join(done.pid, "t", done.key, { phx_ref: `${index}` });
        else state.leave(done.pid, "t", done.key);
        const delta = state.takeDelta();
        if (done.heard) heard.merge(delta);
        if (heard.clock("r0") !== state.clock("r0")) return;
        complete += 1;
        expect(visible(heard)).toEqual(visible(state));
      });
    });
    fc.assert(property, { numRuns: 500 });
    expect(complete).toBeGreaterThan(0);
  });

  test("what one replica adds while another removes it is there afterwards", () => {
    fc.assert(
      fc.property(steps, pid, key, (all, who, what) => {
        const { states } = runOf(all);
        const [adder, remover] = states as [State, State, State];
        remover.merge(adder.extract());
        remover.leave(who, "t", what);
        adder.join(who, "t", what, { phx_ref: "added meanwhile" });
        remover.merge(adder.extract());
        adder.merge(remover.extract());
        for (const state of [adder, remover])
          expect(visible(state)).toContain(`${who} ${what} added meanwhile`);
      }),
    );
  });
});

describe("the laws of merge", () => {
  /** Deltas and whole states that a run has sent. */
  const messages = steps.map(
    (all) => runOf([...all, ...REPLICAS.map((_, i): Step => ({ do: "extract", at: i }))]).sent,
  );
  const some = fc.tuple(messages, fc.nat(), fc.nat(), fc.nat()).map(([sent, ...picks]) => {
    return picks.map((pick) => (sent[pick % sent.length] as (typeof sent)[number]).delta) as [
      Delta,
      Delta,
      Delta,
    ];
  });

  test("commutative: the order of arrival does not matter", () => {
    fc.assert(
      fc.property(some, ([a, b, c]) => {
        expect(content(observer(a, b, c))).toEqual(content(observer(c, b, a)));
      }),
    );
  });

  test("associative: merged on the way or one by one is the same", () => {
    fc.assert(
      fc.property(some, ([a, b, c]) => {
        expect(content(observer(a, observer(b, c).extract()))).toEqual(
          content(observer(observer(a, b).extract(), c)),
        );
      }),
    );
  });

  test("idempotent: what has been merged before changes nothing", () => {
    fc.assert(
      fc.property(some, ([a, b]) => {
        const state = observer(a, b);
        const before = content(state);
        for (const delta of [a, b, state.extract()]) {
          expect(state.merge(delta)).toEqual({ joins: [], leaves: [] });
        }
        expect(content(state)).toEqual(before);
      }),
    );
  });

  test("deltas merged before they are sent do what they do one by one", () => {
    fc.assert(
      fc.property(some, ([a, b]) => {
        const merged = mergeDeltas(a, b);
        fc.pre(merged !== undefined);
        expect(content(observer(merged))).toEqual(content(observer(a, b)));
        expect(content(observer(mergeDeltas(b, a) as Delta))).toEqual(content(observer(a, b)));
      }),
    );
  });
});
