import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonResponse } from "rookery/api/testing";
import { data, type DemoCase, demoCase } from "../demo-case.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const ada = { name: "Ada", email: "ada@example.com", password: "correct horse" };

/** The demo with a user who has a password. */
async function demoWithAda(): Promise<DemoCase & { readonly id: number }> {
  const demo = await demoCase();
  const registered = await demo.accounts.register(ada);
  assert.ok(registered.ok);
  return Object.assign(demo, { id: registered.user.id });
}

describe("POST /api/v1/sessions", () => {
  test("answers 201 with a token and the user", async () => {
    const { conn, id } = await demoWithAda();
    const body = { email: ` ${ada.email.toUpperCase()}`, password: ada.password };
    const { token, user } = data<{ token: string; user: object }>(
      await conn.post("/api/v1/sessions", body),
      201,
    );
    assert.deepEqual(user, { id, name: "Ada", email: ada.email });
    assert.equal((await conn.putBearer(token).get("/api/v1/users")).status, 200);
  });

  test("answers 401 for a wrong password and for an unknown address alike", async () => {
    const { conn } = await demoWithAda();
    const wrong = { email: ada.email, password: "correct Horse" };
    const unknown = { email: "nobody@example.com", password: ada.password };
    for (const body of [wrong, unknown]) {
      const refused = await conn.post("/api/v1/sessions", body);
      assert.deepEqual(jsonResponse(refused, 401), { errors: { detail: "Unauthorized" } });
    }
  });

  test("answers 400 for what is no address and password", async () => {
    const { conn } = await demoCase();
    for (const body of [{}, { email: ada.email }, { email: { a: 1 }, password: ["x"] }, [], null]) {
      const refused = await conn.post("/api/v1/sessions", body);
      assert.deepEqual(jsonResponse(refused, 400), { errors: { detail: "Bad Request" } });
    }
  });
});

describe("a token", () => {
  test("is good for two weeks", async () => {
    const { signIn, clock } = await demoCase();
    const { conn } = await signIn();
    clock.advance(13 * DAY_MS);
    assert.equal((await conn.get("/api/v1/orders")).status, 200);
    clock.advance(2 * DAY_MS);
    assert.equal((await conn.get("/api/v1/orders")).status, 401);
  });

  test("is no good when it was changed, or made for a user that is not there", async () => {
    const { conn, accounts, signIn } = await demoCase();
    const user = await signIn();
    for (const token of [
      `${accounts.tokenFor(user).slice(0, -2)}AA`,
      accounts.tokenFor({ ...user, id: 4_711 }),
    ])
      assert.equal((await conn.putBearer(token).get("/api/v1/orders")).status, 401);
  });
});
