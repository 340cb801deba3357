import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { DeltaGenerations } from "../../../channels/tracker/delta-generations.ts";
import { TrackerState } from "../../../channels/tracker/state.ts";

/** A replica that has told all it did, with what it keeps of that. */
function told(sizesMax: readonly number[]): {
  state: TrackerState<string>;
  kept: DeltaGenerations<string>;
  tell: () => void;
} {
  const state = new TrackerState<string>("a");
  const kept = new DeltaGenerations<string>("a", sizesMax);
  state.takeDelta();
  return { state, kept, tell: () => kept.push(state.takeDelta()) };
}

function keys(state: TrackerState<string>): string[] {
  return [...state.entries.keys("t").keys()].toSorted();
}

describe("DeltaGenerations", () => {
  test("answer one delta with all that was done after a clock, while that is kept", () => {
    const { state, kept, tell } = told([2, 4, 8]);
    for (let n = 1; n <= 100; n += 1) {
      state.join(`pid ${n}`, "t", `key ${n}`, { phx_ref: `${n}` });
      tell();
    }
    for (const clock of [99, 98, 97]) {
      const later = Array.from({ length: 100 - clock }, (_, index) => `key ${clock + 1 + index}`);
      expect(kept.since(clock)!.entries.map(({ key }) => key)).toEqual(expect.arrayContaining(later));
    }
    expect([kept.since(0), kept.since(50)]).toEqual([undefined, undefined]);
  });

  test("what has come and gone takes no room once it is older", () => {
    const { state, kept, tell } = told([4, 40]);
    state.join("pid", "t", "first", { phx_ref: "0" });
    tell();
    for (let n = 1; n <= 30; n += 1) {
      state.join("pid", "t", "passing", { phx_ref: `${n}` });
      tell();
      state.leave("pid", "t", "passing");
      tell();
    }
    const since = kept.since(0)!;
    expect(since.entries.map(({ key }) => key)).toEqual(["first"]);
    expect(since.dots.size).toBe(0);
  });

  test("without any, or with one that is too large to be kept, answer nothing", () => {
    const { state, kept, tell } = told([2, 3]);
    expect(kept.since(0)).toBeUndefined();
    for (let n = 1; n <= 10; n += 1) state.join(`pid ${n}`, "t", "k", { phx_ref: `${n}` });
    tell();
    expect(kept.since(0)).toBeUndefined();
    state.leavePid("pid 1");
    tell();
    expect(kept.since(10)).toBeDefined();
  });

  test("with a gap between what they keep answer nothing across it", () => {
    const { state, kept, tell } = told([100]);
    for (const n of [1, 2, 3]) {
      state.join(`pid ${n}`, "t", "k", { phx_ref: `${n}` });
      if (n === 2) state.takeDelta();
      else tell();
    }
    expect([kept.since(2) === undefined, kept.since(0)]).toEqual([false, undefined]);
  });

  test("whatever a replica does, who has heard a part of it and gets the rest has all of it", () => {
    const operation = fc.record({
      pid: fc.constantFrom("p", "q"),
      key: fc.constantFrom("k", "__proto__", ""),
      joins: fc.boolean(),
      tells: fc.boolean(),
    });
    const sizes = fc.constantFrom([1, 2, 4], [3, 9, 27], [100, 1_000]);
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 40, size: "max" }),
        sizes,
        fc.nat(40),
        (all, max, until) => {
          const { state, kept, tell } = told(max);
          const late = new TrackerState<string>("b");
          late.replicaUp("a");
          all.forEach(({ pid, key, joins, tells }, index) => {
            if (joins) state.join(pid, "t", key, { phx_ref: `${index}` });
            else state.leave(pid, "t", key);
            if (tells) tell();
            if (index === until) late.merge(state.extract());
          });
          tell();
          const rest = kept.since(late.clock("a"));
          late.merge(rest ?? state.extract());
          expect([keys(late), late.clock("a")]).toEqual([keys(state), state.clock("a")]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
