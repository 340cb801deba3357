import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { countOf, type Few, findItem, hasItem, itemsOf, withItem, withoutItem } from "../../runtime/few.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => ({ name })) as [object, object, object];

function few(...items: object[]): Few<object> {
  return items.reduce<Few<object>>(withItem, undefined);
}

describe("a few things", () => {
  test("stand in the order in which they came, each once", () => {
    for (const items of [[], [a], [a, b], [c, a, b]]) {
      const some = few(...items, ...items);
      assert.deepEqual([...itemsOf(some)], items);
      assert.equal(countOf(some), items.length);
      for (const item of [a, b, c]) assert.equal(hasItem(some, item), items.includes(item));
    }
  });

  test("are the thing itself while there is one, and nothing when all are gone", () => {
    assert.equal(few(a), a);
    assert.equal(withoutItem(few(a), a), undefined);
    assert.equal(withoutItem(withoutItem(few(a, b), a), b), undefined);
  });

  test("keep what isn't taken away", () => {
    assert.equal(withoutItem(few(a), b), a);
    assert.deepEqual([...itemsOf(withoutItem(few(a, b, c), b))], [a, c]);
    assert.equal(withoutItem(undefined, a), undefined);
  });

  test("are looked through in the order in which they came", () => {
    for (const items of [[], [a], [a, b], [c, a, b]])
      for (const wanted of [[], [a], [b], [b, a]]) {
        const isWanted = (item: object): item is object => wanted.includes(item);
        assert.equal(findItem(few(...items), isWanted), items.find(isWanted));
      }
  });
});
