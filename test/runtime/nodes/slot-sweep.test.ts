import { describe, expect, test } from "vitest";
import { GONE_SLOTS_MIN, SlotSweep } from "../../../runtime/nodes/slot-sweep.ts";

const nothingNeeded = (): boolean => false;

function filled(): SlotSweep {
  const sweep = new SlotSweep();
  for (let slot = 1; slot <= GONE_SLOTS_MIN; slot += 1) {
    expect(sweep.isDue).toBe(false);
    sweep.add(slot);
  }
  return sweep;
}

describe("a sweep of slots that are gone", () => {
  test("is due at 64, and then at twice as many as the last one has left", () => {
    const sweep = filled();
    expect(sweep.isDue).toBe(true);
    sweep.begin([0]);
    expect(sweep.isDue).toBe(false);
    const named = Array.from({ length: 40 }, (_, index) => index + 1);
    expect(sweep.answered(0, named, nothingNeeded)).toHaveLength(GONE_SLOTS_MIN - 40);
    for (let slot = 100; slot < 139; slot += 1) sweep.add(slot);
    expect(sweep.isDue).toBe(false);
    sweep.add(139);
    expect(sweep.isDue).toBe(true);
  });

  test("forgets what no shard names, when the last has answered, and nobody needs", () => {
    const sweep = filled();
    sweep.begin([0, 1, 2]);
    expect(sweep.answered(0, [1, 2], nothingNeeded)).toBeUndefined();
    // Neither one that is asked no more, nor one that was not asked.
    expect(sweep.answered(0, [], nothingNeeded)).toBeUndefined();
    expect(sweep.answered(7, [], nothingNeeded)).toBeUndefined();
    expect(sweep.answered(2, [2, 3], nothingNeeded)).toBeUndefined();
    const forgotten = sweep.answered(1, [], (slot) => slot === 4);
    expect(forgotten).toEqual(Array.from({ length: GONE_SLOTS_MIN - 4 }, (_, index) => index + 5));
  });

  test("leaves alone what has gone since it began", () => {
    const sweep = filled();
    sweep.begin([0]);
    sweep.add(1_000);
    expect(sweep.answered(0, [], nothingNeeded)).not.toContain(1_000);
  });
});
