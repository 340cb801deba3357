import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { addError, change, type Changeset } from "../../../api/repo/changeset.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import { dataCase, errorsOn, factoriesOf } from "../../../api/testing.ts";
import { type Shop, shopAt } from "./shop.ts";
import { orders, users } from "./users.ts";

const withUniqueEmail = (row: { email: string; name: null }): Changeset<{ email: string; name: null }> =>
  uniqueConstraint(change(row), "email");

describe("a factory", () => {
  test("inserts rows that the test counts, from 1 in each", async () => {
    for (let run = 0; run < 2; run += 1) {
      await using it = await dataCase({ repo: shopAt });
      assert.deepEqual(await it.factory.insert(users), { id: 1, email: "user1@example.com", name: "Ada" });
      const grace = await it.factory.insert(users, { name: "Grace" });
      assert.deepEqual(grace, { id: 2, email: "user2@example.com", name: "Grace" });
      assert.deepEqual(await it.repo.all("users"), [
        { id: 1, email: "user1@example.com", name: "Ada" },
        grace,
      ]);
    }
  });

  test("inserts the parents of a row first, unless it is given one", async () => {
    await using it = await dataCase({ repo: shopAt });
    const order = await it.factory.insert(orders);
    assert.equal(order.user_id, 1);
    assert.equal(order.status, "placed");
    const more = await it.factory.insertList(2, orders, { user_id: order.user_id });
    assert.deepEqual(
      more.map(({ user_id }) => user_id),
      [1, 1],
    );
    assert.equal((await it.repo.all("users")).length, 1);
  });

  test("takes its chance from the seed", async () => {
    const totals = async (seed: number): Promise<number[]> => {
      await using it = await dataCase({ repo: shopAt, seed });
      return (await it.factory.insertList(3, orders)).map(({ total_cents }) => total_cents);
    };
    assert.deepEqual(await totals(7), await totals(7));
    assert.notDeepEqual(await totals(7), await totals(8));
  });

  test("builds what a row would be without a database, and without parents", async () => {
    await using it = await dataCase();
    const order = it.factory.build(orders, { total_cents: 250 });
    assert.deepEqual(order, { total_cents: 250 });
    assert.deepEqual(
      it.factory.buildList(2, users).map(({ email }) => email),
      ["user1@example.com", "user2@example.com"],
    );
    await assert.rejects(it.factory.insert(users), { code: "ROOKERY_TEST_REPO" });
  });

  test("keeps a null that it is given, also where the column has a default", async () => {
    await using it = await dataCase({ repo: shopAt });
    const { status } = await it.factory.insert(orders, { status: null as unknown as string });
    assert.equal(status, null);
  });

  test("says which columns a table does not have", () => {
    // @ts-expect-error -- no such column
    factoriesOf<Shop>()("users", ({ n }) => ({ email: `${n}`, name: null, age: 7 }));
    // @ts-expect-error -- a column is missing
    factoriesOf<Shop>()("users", () => ({ name: "Ada" }));
    // @ts-expect-error -- no such table
    factoriesOf<Shop>()("pets", () => ({ name: "Rex" }));
  });
});

describe("errorsOn", () => {
  test("answers the messages of each field, of a changeset or of what a repo has answered", async () => {
    await using it = await dataCase({ repo: shopAt });
    const short = addError(change({}), "name", "should be at least %{count} character(s)", { count: 3 });
    assert.deepEqual(errorsOn(short), { name: ["should be at least 3 character(s)"] });
    const ada = await it.factory.insert(users);
    const taken = await it.repo.insert("users", withUniqueEmail({ email: ada.email, name: null }));
    assert.deepEqual(errorsOn(taken), { email: ["has already been taken"] });
  });

  test("throws where nothing was refused", async () => {
    await using it = await dataCase({ repo: shopAt });
    const inserted = await it.repo.insert("users", withUniqueEmail({ email: "ada@example.com", name: null }));
    assert.throws(
      () => errorsOn(inserted),
      /Expected a changeset, or a result that has one as its error, got/,
    );
  });
});
