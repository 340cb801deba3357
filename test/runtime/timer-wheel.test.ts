import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Timer, TimerWheel } from "../../runtime/timer-wheel.ts";

class Note extends Timer {
  readonly fired: number[];
  readonly number: number;

  constructor(number: number, fired: number[]) {
    super();
    this.number = number;
    this.fired = fired;
  }

  fire(): void {
    this.fired.push(this.number);
  }
}

describe("TimerWheel", () => {
  test("fires in the order of time, and of adding within a millisecond", () => {
    const times = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 5_000_000_000 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(times, fc.nat(100_000), (dueMs, startMs) => {
        const fired: number[] = [];
        const wheel = new TimerWheel(startMs);
        dueMs.forEach((ms, number) => wheel.add(new Note(number, fired), startMs + ms));
        wheel.advance(startMs + 6_000_000_000);
        const expected = dueMs
          .map((ms, number) => ({ ms, number }))
          .sort((a, b) => a.ms - b.ms || a.number - b.number);
        expect(fired).toEqual(expected.map(({ number }) => number));
        expect(wheel.length).toBe(0);
      }),
    );
  });

  test("never fires early, whatever the steps in which time passes, and never late by a step", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 30 }),
        (stepsMs, dueMs) => {
          const fired: number[] = [];
          const wheel = new TimerWheel(0);
          dueMs.forEach((ms, number) => wheel.add(new Note(number, fired), ms));
          let nowMs = 0;
          for (const stepMs of stepsMs) {
            nowMs += stepMs;
            wheel.advance(nowMs);
            const due = dueMs.map((_, number) => number).filter((number) => dueMs[number]! <= nowMs);
            expect([...fired].sort((a, b) => a - b)).toEqual(due);
          }
        },
      ),
    );
  });

  test("a timer that is removed does not fire, and is removed once", () => {
    const fired: number[] = [];
    const wheel = new TimerWheel(0);
    const timer = new Note(1, fired);
    wheel.add(timer, 40);
    expect(wheel.remove(timer)).toBe(true);
    expect(wheel.remove(timer)).toBe(false);
    wheel.advance(100);
    expect(fired).toEqual([]);
    expect(wheel.nextMs()).toBe(undefined);
  });

  test("says a time to be woken at that is never later than the first timer", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1 }), (dueMs) => {
        const wheel = new TimerWheel(0);
        dueMs.forEach((ms, number) => wheel.add(new Note(number, []), ms));
        expect(wheel.nextMs()).toBeLessThanOrEqual(Math.min(...dueMs));
      }),
    );
  });
});
