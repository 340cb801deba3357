import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { addError, change, type Changeset } from "../../../api/repo/changeset.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import { unsafeValidateUnique } from "../../../api/repo/unsafe-unique.ts";
import { databases } from "./databases.ts";

type User = { id: number; email: string; name: string | null };

describe.each(databases)("unsafeValidateUnique, $name", ({ start }) => {
  test("tells whether another row has the same", async () => {
    await using temporary = await start();
    const { id } = await temporary.addUser("ada");
    const { db } = temporary.repo;
    const check = async (changeset: Changeset<User>, options = {}): Promise<object> =>
      traverseErrors(await unsafeValidateUnique(changeset, db, "users", ["email"], options));
    const taken = { email: ["has already been taken"] };
    assert.deepEqual(await check(change<User>({}, { email: "ada" })), taken);
    assert.deepEqual(await check(change<User>({}, { email: "eva" })), {});
    assert.deepEqual(await check(change<User>({ id: id + 1, email: "eva" }, { email: "ada" })), taken);
    const own = change<User>({ id, email: "eva" }, { email: "ada" });
    assert.deepEqual(await check(own), {});
    assert.deepEqual(
      await check(change<User>({}, { email: "ada" }), { errorKey: "base", message: "is there" }),
      {
        base: ["is there"],
      },
    );
  });

  test("asks only if it matters", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    const { db } = temporary.repo;
    const check = async (changeset: Changeset<User>, nullsDistinct: boolean): Promise<boolean> =>
      (await unsafeValidateUnique(changeset, db, "users", ["email", "name"], { nullsDistinct })).valid;
    assert.equal(await check(change<User>({ email: "ada" }), false), true);
    assert.equal(await check(change<User>({}, { email: "ada" }), true), true);
    assert.equal(await check(change<User>({}, { email: "ada" }), false), false);
    const faulty = addError(change<User>({}, { email: "ada" }), "name", "is odd");
    const { errors } = await unsafeValidateUnique(faulty, db, "users", ["email", "name"], {
      nullsDistinct: false,
    });
    assert.equal(errors.length, 1);
  });
});
