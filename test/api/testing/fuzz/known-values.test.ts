import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { KnownValues } from "../../../../api/testing/fuzz/known-values.ts";

describe("KnownValues", () => {
  test("remembers what was answered by its key", () => {
    const known = new KnownValues();
    known.learn({ data: [{ name: "Ada" }, { name: "Grace" }], meta: { next: "abc" } }, "users");
    assert.deepEqual(known.of("name"), ["Ada", "Grace"]);
    assert.deepEqual(known.of("next"), ["abc"]);
    assert.deepEqual(known.of("age"), []);
    assert.deepEqual(known.all(), ["Ada", "Grace", "abc"]);
  });

  test("keeps apart of what ids are, by the path or by the key around them", () => {
    const known = new KnownValues();
    known.learn({ data: [{ id: 1 }] }, "users");
    known.learn({ data: { id: 2, items: [{ product: { id: 3 } }] } }, "orders");
    assert.deepEqual(known.of("id", "users"), [1]);
    assert.deepEqual(known.of("id", "orders"), [2, 3]);
    assert.deepEqual(known.of("id", "rooms"), [1, 2, 3]);
    assert.deepEqual(known.of("product_id"), [3]);
    assert.deepEqual(known.of("userId"), [1]);
  });

  test("knows what belonged together", () => {
    const known = new KnownValues();
    known.learn({ user: { email: "ada@example.com", password: "horse", tags: [] } });
    known.learn({ email: "grace@example.com" });
    assert.deepEqual(known.records(["email", "password"]), [{ email: "ada@example.com", password: "horse" }]);
    assert.deepEqual(known.records(["email", "name"]), []);
  });

  test("has a limit for each key, and room for what is new", () => {
    const known = new KnownValues();
    for (let id = 1; id <= 1_000; id += 1) known.learn({ id });
    assert.equal(known.of("id").length, 32);
    assert.equal(known.of("id").at(-1), 1_000);
  });
});
