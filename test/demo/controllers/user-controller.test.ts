import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonResponse } from "rookery/api/testing";
import { data, demoCase, users } from "../demo-case.ts";

interface Page {
  readonly data: { readonly id: number }[];
  readonly meta: { readonly next: string | null };
}

const valid = { name: "Grace", email: "grace@example.com", password: "correct horse" };

describe("POST /api/v1/users", () => {
  test("makes a user and says where it is", async () => {
    const { conn, signIn } = await demoCase();
    const created = await conn.post("/api/v1/users", { user: valid });
    const { id } = data<{ id: number }>(created, 201);
    assert.deepEqual(data(created, 201), { id, name: "Grace", email: "grace@example.com" });
    const location = created.getRespHeader("location")!;
    assert.equal(location, `/api/v1/users/${id}`);
    assert.deepEqual(data(await (await signIn()).conn.get(location)), data(created, 201));
  });

  test("answers 422 with what is wrong, field by field", async () => {
    const { conn } = await demoCase();
    const refused: [object, object][] = [
      [{}, { name: ["can't be blank"], email: ["can't be blank"], password: ["can't be blank"] }],
      [{ ...valid, name: " " }, { name: ["can't be blank"] }],
      [{ ...valid, name: "x".repeat(101) }, { name: ["should be at most 100 character(s)"] }],
      // One character to a reader.
      [{ ...valid, name: `o${"\u0308".repeat(100)}` }, { name: ["should be at most 100 character(s)"] }],
      [
        { ...valid, email: `o${"\u0308".repeat(9_000)}@example.com` },
        { email: ["should be at most 160 character(s)"] },
      ],
      [{ ...valid, email: "nobody" }, { email: ["must be an email address"] }],
      [{ ...valid, email: 7 }, { email: ["is invalid"] }],
      [{ ...valid, password: "1234567" }, { password: ["should be at least 8 character(s)"] }],
      [{ ...valid, password: "x".repeat(201) }, { password: ["should be at most 200 character(s)"] }],
    ];
    for (const [user, errors] of refused)
      assert.deepEqual(jsonResponse(await conn.post("/api/v1/users", { user }), 422), { errors });
  });

  test("answers 422 for an address that is taken, however it is spelled", async () => {
    const { conn, factory } = await demoCase();
    const ada = await factory.insert(users);
    for (const email of [ada.email, ` ${ada.email.toUpperCase()} `]) {
      const refused = await conn.post("/api/v1/users", { user: { ...valid, email } });
      assert.deepEqual(jsonResponse(refused, 422), { errors: { email: ["has already been taken"] } });
    }
  });

  test("lets one of several win who take an address at once", async () => {
    const { conn } = await demoCase();
    const answers = await Promise.all([1, 2, 3].map(() => conn.post("/api/v1/users", { user: valid })));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 422, 422]);
  });

  test("answers 400 without a user", async () => {
    const json = (await demoCase()).conn.putReqHeader("content-type", "application/json");
    for (const body of [{}, [], '"text"', null]) {
      const refused = await json.post("/api/v1/users", body);
      assert.deepEqual(jsonResponse(refused, 400), { errors: { detail: "Bad Request" } });
    }
  });

  test("takes nothing but the three fields", async () => {
    const { conn } = await demoCase();
    const user = { ...valid, id: 4711, password_hash: "x", admin: true };
    const { id } = data<{ id: number }>(await conn.post("/api/v1/users", { user }), 201);
    assert.notEqual(id, 4711);
  });
});

describe("GET /api/v1/users", () => {
  test("needs a bearer token, for the list and for one", async () => {
    const { conn, factory } = await demoCase();
    const { id } = await factory.insert(users);
    for (const path of ["/api/v1/users", `/api/v1/users/${id}`]) {
      for (const nobody of [conn, conn.putBearer("nonsense")]) {
        const refused = await nobody.get(path);
        assert.deepEqual(jsonResponse(refused, 401), { errors: { detail: "Unauthorized" } });
        assert.equal(refused.getRespHeader("www-authenticate"), "Bearer");
      }
    }
  });

  test("shows no password, and no hash of one", async () => {
    const { conn } = await (await demoCase()).signIn();
    const shown = data<object[]>(await conn.get("/api/v1/users"));
    assert.deepEqual(
      shown.map((user) => Object.keys(user)),
      [["id", "name", "email"]],
    );
  });

  test("is read page by page, each user once", async () => {
    const { factory, signIn } = await demoCase();
    const { id, conn } = await signIn();
    const others = await factory.insertList(4, users);
    const met: number[] = [];
    let after: string | null | undefined;
    do {
      const page = jsonResponse<Page>(await conn.get("/api/v1/users", { limit: 2, after }), 200);
      assert.ok(page.data.length <= 2);
      met.push(...page.data.map((user) => user.id));
      after = page.meta.next;
    } while (after !== null);
    assert.deepEqual(met, [id, ...others.map((user) => user.id)]);
  });

  test("answers 404 for an id that is nobody's, or no id", async () => {
    const { conn } = await (await demoCase()).signIn();
    for (const id of ["999", "0", "-1", "1.5", "1e3", "abc", "%00", "99999999999999999999"]) {
      const missing = await conn.get(`/api/v1/users/${id}`);
      assert.deepEqual(jsonResponse(missing, 404), { errors: { detail: "Not Found" } });
    }
  });
});
