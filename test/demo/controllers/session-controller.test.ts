import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Accounts } from "../../../demo/accounts/accounts.ts";
import type { User } from "../../../demo/accounts/user.ts";
import { databaseAt } from "../../../demo/database.ts";
import { systemClockAgo } from "../clock-ago.ts";
import { RunningDemo, SECRET, type SignedIn } from "../running-demo.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

let demo: RunningDemo;
let ada: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  ada = await demo.signUp("Ada");
});
afterAll(() => demo[Symbol.asyncDispose]());

describe("POST /api/v1/sessions", () => {
  test("answers 201 with a token and the user", async () => {
    const body = { email: ` ${ada.email.toUpperCase()}`, password: "correct horse" };
    const { status, json } = await demo.post("/api/v1/sessions", body);
    assert.equal(status, 201);
    const { token } = (json as { data: { token: string } }).data;
    const user = { id: ada.id, name: "Ada", email: ada.email };
    assert.deepEqual(json, { data: { token, user } });
    assert.equal((await demo.get("/api/v1/users", token)).status, 200);
  });

  test("answers 401 for a wrong password and for an unknown address alike", async () => {
    const wrong = { email: ada.email, password: "correct Horse" };
    const unknown = { email: "nobody@example.com", password: "correct horse" };
    for (const body of [wrong, unknown]) {
      const { status, json } = await demo.post("/api/v1/sessions", body);
      assert.equal(status, 401);
      assert.deepEqual(json, { errors: { detail: "Unauthorized" } });
    }
  });

  test("answers 400 for what is no address and password", async () => {
    for (const body of [{}, { email: ada.email }, { email: { a: 1 }, password: ["x"] }, [], null]) {
      const { status, json } = await demo.post("/api/v1/sessions", body);
      assert.equal(status, 400);
      assert.deepEqual(json, { errors: { detail: "Bad Request" } });
    }
  });
});

describe("a token", () => {
  const signedAgo = (ms: number, id: number = ada.id): string => {
    const clock = systemClockAgo(demo.runtime.clock, ms);
    const accounts = new Accounts({ repo: databaseAt("unused.db"), clock, secretKeyBase: SECRET });
    return accounts.tokenFor({ id } as User);
  };
  const statusWith = async (token: string): Promise<number> =>
    (await demo.get("/api/v1/orders", token)).status;

  test("is good for two weeks", async () => {
    assert.equal(await statusWith(signedAgo(13 * DAY_MS)), 200);
    assert.equal(await statusWith(signedAgo(15 * DAY_MS)), 401);
  });

  test("is no good when it was changed, or made for a user that is not there", async () => {
    assert.equal(await statusWith(`${ada.token.slice(0, -2)}AA`), 401);
    assert.equal(await statusWith(signedAgo(0, 4_711)), 401);
  });
});
