import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePlaces, type Place, TopRows } from "../../../api/dashboard/top-rows.ts";

const place: fc.Arbitrary<Place> = fc.record({
  key: fc.integer({ min: 0, max: 5 }),
  shard: fc.integer({ min: 0, max: 2 }),
  id: fc.integer({ min: 0, max: 1_000 }),
});
const places = fc.uniqueArray(place, { selector: ({ shard, id }) => `${shard}.${id}`, maxLength: 60 });

function pageOf(rows: readonly Place[], max: number, reversed: boolean, after?: Place): TopRows<Place> {
  const top = new TopRows<Place>(max, reversed, after);
  for (const row of rows) top.offer(row);
  return top;
}

describe("TopRows", () => {
  test("page after page tells of every row once, in order, however they are offered", () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 7 }), fc.boolean(), (rows, max, reversed) => {
        const told: Place[] = [];
        for (;;) {
          const { rows: page, rest } = pageOf(rows, max, reversed, told.at(-1));
          told.push(...page);
          expect(told.length + rest).toBe(rows.length);
          if (rest === 0) break;
        }
        expect(told).toEqual(rows.toSorted((left, right) => comparePlaces(left, right, reversed)));
      }),
    );
  });

  test("has the largest numbers first, and texts by the alphabet", () => {
    const row = (key: number | string, id: number): Place => ({ key, shard: 0, id });
    const keys = (rows: Place[], reversed = false): unknown[] =>
      pageOf(rows, 3, reversed).rows.map(({ key }) => key);
    expect(keys([row(1, 1), row(3, 2), row(2, 3)])).toEqual([3, 2, 1]);
    expect(keys([row(1, 1), row(3, 2), row(2, 3)], true)).toEqual([1, 2, 3]);
    expect(keys([row("b", 1), row("a", 2)])).toEqual(["a", "b"]);
  });

  test("counts all that were offered", () => {
    const rows = Array.from({ length: 10 }, (_, id): Place => ({ key: id, shard: 0, id }));
    expect(pageOf(rows, 3, false)).toMatchObject({ total: 10, rest: 7 });
  });
});
