import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RestartType } from "../../supervisors/child-spec.ts";
import { afterExit, planRestart, shutdownOrder, type Strategy } from "../../supervisors/restart-plan.ts";

const RESTART_TYPES: readonly RestartType[] = ["permanent", "transient", "temporary"];
const STRATEGIES: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];

interface Child {
  readonly id: string;
  readonly spec: { readonly restart: RestartType };
  readonly pid: string | undefined;
}

/** "a", "b-" (no process), "c?" (transient), "d!" (temporary). */
function child(text: string): Child {
  const restart = text.includes("!") ? "temporary" : text.includes("?") ? "transient" : "permanent";
  return { id: text[0]!, spec: { restart }, pid: text.includes("-") ? undefined : `pid of ${text[0]}` };
}

function plan(strategy: Strategy, text: string, failedId: string): string {
  const children = text.split(" ").map(child);
  const { stop, start } = planRestart(
    strategy,
    children,
    children.find(({ id }) => id === failedId)!,
  );
  const ids = (list: readonly Child[]) => list.map(({ id }) => id).join("");
  return `stop ${ids(stop)} start ${ids(start)}`;
}

describe("afterExit", () => {
  test.each<[RestartType, boolean, string]>([
    ["permanent", false, "restart"],
    ["permanent", true, "restart"],
    ["transient", false, "restart"],
    ["transient", true, "keep"],
    ["temporary", false, "forget"],
    ["temporary", true, "forget"],
  ])("a %s child whose end is orderly: %s -> %s", (restart, orderly, expected) => {
    expect(afterExit(restart, orderly)).toBe(expected);
  });
});

describe("planRestart", () => {
  test.each<[string, Strategy, string, string, string]>([
    ["one_for_one starts only the crashed child", "one_for_one", "a b c", "b", "stop  start b"],
    [
      "one_for_all ends the others in reverse and starts all in order",
      "one_for_all",
      "a b c",
      "b",
      "stop ca start abc",
    ],
    [
      "rest_for_one ends those after it in reverse, then starts it and them",
      "rest_for_one",
      "a b c d",
      "b",
      "stop dc start bcd",
    ],
    ["rest_for_one with the first is one_for_all", "rest_for_one", "a b c", "a", "stop cb start abc"],
    ["rest_for_one with the last is one_for_one", "rest_for_one", "a b c", "c", "stop  start c"],
    ["temporary siblings are ended and not started again", "one_for_all", "a b! c", "a", "stop cb start ac"],
    [
      "a sibling without a process is not ended, but started",
      "one_for_all",
      "a- b c?- d",
      "b",
      "stop d start abcd",
    ],
    ["a crashed child that has no process is started", "rest_for_one", "a b- c", "b", "stop c start bc"],
  ])("%s", (_sentence, strategy, children, failed, expected) => {
    expect(plan(strategy, children, failed)).toBe(expected);
  });

  test("whatever the children: what it ends is ended in reverse, what it starts is started in order", () => {
    const children = fc.uniqueArray(
      fc.record({
        id: fc.nat(50),
        restart: fc.constantFrom(...RESTART_TYPES),
        running: fc.boolean(),
      }),
      { selector: ({ id }) => id, minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...STRATEGIES), children, fc.nat(), (strategy, records, pick) => {
        const list = records.map(({ id, restart, running }) => ({
          spec: { restart },
          pid: running ? id : undefined,
        }));
        const failed = list[pick % list.length]!;
        const { stop, start } = planRestart(strategy, list, failed);
        const places = (some: readonly (typeof failed)[]) => some.map((one) => list.indexOf(one));
        const ascending = (a: number, b: number) => a - b;

        expect(places(stop)).toEqual(places(stop).sort(ascending).reverse());
        expect(places(start)).toEqual(places(start).sort(ascending));
        expect(start).toContain(failed);
        expect(stop).not.toContain(failed);
        const first = { one_for_one: list.length, one_for_all: 0, rest_for_one: list.indexOf(failed) }[
          strategy
        ];
        for (const [place, one] of list.entries()) {
          if (one === failed) continue;
          expect(stop.includes(one)).toBe(place >= first && one.pid !== undefined);
          expect(start.includes(one)).toBe(place >= first && one.spec.restart !== "temporary");
        }
      }),
    );
  });
});

describe("shutdownOrder", () => {
  test("is the reverse of the order in which they were started", () => {
    expect(shutdownOrder(new Set(["a", "b", "c"]))).toEqual(["c", "b", "a"]);
  });
});
