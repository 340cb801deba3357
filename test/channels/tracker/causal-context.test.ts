import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { CausalContext } from "../../../channels/tracker/causal-context.ts";

function contextOf(replica: string): CausalContext {
  const context = new CausalContext();
  context.know(replica);
  return context;
}

describe("CausalContext", () => {
  test("a dot beyond a gap waits in the cloud until the gap is filled", () => {
    const context = contextOf("a");
    context.addRange("a", 0, 4);
    context.add("a", 7);
    context.add("a", 9);
    expect([context.clock("a"), [...context.cloud("a")]]).toEqual([4, [7, 9]]);
    context.addRange("a", 4, 6);
    expect([context.clock("a"), [...context.cloud("a")]]).toEqual([7, [9]]);
  });

  test("a range that reaches past dots of the cloud takes them out of it", () => {
    const context = contextOf("a");
    context.addRange("a", 4, 6);
    context.addRange("a", 0, 8);
    expect([context.clock("a"), context.cloud("a").size]).toEqual([8, 0]);
  });

  test("dots of a replica that is not known are refused", () => {
    const context = contextOf("a");
    context.addRange("b", 0, 3);
    expect([context.has("b", 1), context.clock("b"), context.knows("b")]).toEqual([false, 0, false]);
  });

  test("a forgotten replica that comes back begins with nothing seen", () => {
    const context = contextOf("a");
    context.addRange("a", 0, 3);
    context.forget("a");
    context.know("a");
    expect(context.has("a", 1)).toBe(false);
  });

  test("has exactly the dots that were added, in whatever ranges and order", () => {
    const ranges = fc.array(fc.record({ after: fc.nat(30), length: fc.nat(8) }), { maxLength: 12 });
    fc.assert(
      fc.property(ranges, (added) => {
        const context = contextOf("a");
        const expected = new Set<number>();
        for (const { after, length } of added) {
          context.addRange("a", after, after + length);
          for (let clock = after + 1; clock <= after + length; clock += 1) expected.add(clock);
        }
        for (let clock = 1; clock <= 40; clock += 1)
          expect(context.has("a", clock)).toBe(expected.has(clock));
        expect(context.has("a", context.clock("a") + 1)).toBe(false);
        for (const clock of context.cloud("a")) expect(clock).toBeGreaterThan(context.clock("a") + 1);
      }),
    );
  });
});
