import { describe, expect, test } from "vitest";
import { eventTimeout, genericTimeout, stateTimeout } from "../../runtime/index.ts";
import type { InsertableEvent } from "../../runtime/statem-event.ts";
import { StatemQueue, Step, type Timeout } from "../../runtime/statem-queue.ts";

/** Timers that run out when a test says so. */
class HeldTimers {
  readonly running = new Set<Timeout>();

  startTimer(timeout: Timeout): Timeout {
    this.running.add(timeout);
    return timeout;
  }
  stopTimer(timeout: Timeout): void {
    this.running.delete(timeout);
  }
  timeoutSet(): void {}
  timeoutOver(): void {}
}

const event = (content: unknown): InsertableEvent => ({ type: "internal", content });

function setUp(): { queue: StatemQueue; timers: HeldTimers; step: (asked: Partial<Step>) => void } {
  const timers = new HeldTimers();
  const queue = new StatemQueue(timers);
  const step = (asked: Partial<Step>): void => {
    queue.settle(Object.assign(new Step(asked.event, "a"), asked));
  };
  return { queue, timers, step };
}

function contentsOf(queue: StatemQueue): unknown[] {
  const contents: unknown[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) contents.push(next.content);
  return contents;
}

describe("take", () => {
  test("gives nothing when nothing waits", () => {
    const { queue } = setUp();
    expect(queue.ready).toBe(false);
    expect(queue.take()).toBe(undefined);
  });

  test("gives inserted events, then those that were postponed, then older inserted ones, then timeouts of 0", () => {
    const { queue, step } = setUp();
    step({ event: event("postponed 1"), postpone: true });
    step({ event: event("postponed 2"), postpone: true });
    expect(queue.ready).toBe(false);
    step({ inserted: [event("older 1"), event("older 2")], timeouts: [stateTimeout(0, "never")] });
    expect(queue.take()).toEqual(event("older 1"));
    step({
      changed: true,
      inserted: [event("inserted 1"), event("inserted 2")],
      timeouts: [stateTimeout(0, "timeout 1"), genericTimeout("n", 0, "timeout 2")],
    });
    expect(queue.ready).toBe(true);
    expect(contentsOf(queue)).toEqual([
      "inserted 1",
      "inserted 2",
      "postponed 1",
      "postponed 2",
      "older 2",
      "timeout 1",
      "timeout 2",
    ]);
  });

  test("gives a postponed event again only after a change, and once", () => {
    const { queue, step } = setUp();
    step({ event: event(1), postpone: true });
    step({ event: event(2) });
    expect(contentsOf(queue)).toEqual([]);
    step({ event: event(3), postpone: true, changed: true });
    expect(contentsOf(queue)).toEqual([1, 3]);
    step({ event: event(4), changed: true });
    expect(contentsOf(queue)).toEqual([]);
  });
});

describe("timeouts", () => {
  test("are cancelled by what their kind says: any event, a change of state, nothing", () => {
    const { queue, timers, step } = setUp();
    const all = [eventTimeout(5), stateTimeout(5), genericTimeout("n", 5)];
    const running = (): string[] => [...timers.running].map(({ type }) => type);
    step({ timeouts: all });
    expect(running()).toEqual(["eventTimeout", "stateTimeout", "genericTimeout"]);
    queue.kept();
    expect(running()).toEqual(["stateTimeout", "genericTimeout"]);
    step({ changed: true });
    expect(running()).toEqual(["genericTimeout"]);
    step({ changed: true, timeouts: [genericTimeout("n", "cancel")] });
    expect(running()).toEqual([]);
  });

  test("that are set in the step that ends others belong to what comes next", () => {
    const { timers, step } = setUp();
    step({ timeouts: [eventTimeout(5, "old"), stateTimeout(5, "old")] });
    step({ changed: true, timeouts: [eventTimeout(5, "new"), stateTimeout(5, "new")] });
    expect([...timers.running].map(({ content }) => content)).toEqual(["new", "new"]);
  });

  test("that run out give their event once", () => {
    const { queue, timers, step } = setUp();
    step({ timeouts: [genericTimeout("n", 5, "c")] });
    const [timeout] = [...timers.running];
    expect(queue.expired(timeout!)).toEqual({ type: "genericTimeout", name: "n", content: "c" });
    expect(queue.expired(timeout!)).toBe(undefined);
  });

  test("that have run out, but were cancelled or set anew before that was noticed, give none", () => {
    const { queue, timers, step } = setUp();
    step({ timeouts: [genericTimeout("n", 5, "old")] });
    const [old] = [...timers.running];
    step({ timeouts: [genericTimeout("n", 5, "new")] });
    expect(queue.expired(old!)).toBe(undefined);
    const [renewed] = [...timers.running];
    step({ timeouts: [genericTimeout("n", "cancel")] });
    expect(queue.expired(renewed!)).toBe(undefined);
  });

  test("of 0 that are set again come last; with another time they need a timer", () => {
    const { queue, timers, step } = setUp();
    const zero = [genericTimeout("n", 0, 1), genericTimeout("m", 0, 2), genericTimeout("o", 0, 3)];
    step({ timeouts: zero });
    step({ timeouts: [genericTimeout("n", 0, "again"), genericTimeout("o", 5, "later")] });
    expect(contentsOf(queue)).toEqual([2, "again"]);
    expect([...timers.running].map(({ content }) => content)).toEqual(["later"]);
  });

  test("of 0 that wait are changed in their place by an update, and removed by a cancel", () => {
    const { queue, step } = setUp();
    step({ timeouts: [genericTimeout("n", 0, 1), genericTimeout("m", 0, 2), stateTimeout(0, 3)] });
    step({ timeouts: [genericTimeout("n", "update", "updated"), stateTimeout("cancel")] });
    expect(contentsOf(queue)).toEqual(["updated", 2]);
  });

  test("with a name are not confused with the kinds that have none", () => {
    const { timers, step } = setUp();
    step({ timeouts: [stateTimeout(5), genericTimeout("stateTimeout", 5), genericTimeout(undefined, 5)] });
    expect(timers.running.size).toBe(3);
  });
});
