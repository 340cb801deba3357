import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { RunningDemo, type SignedIn } from "../running-demo.ts";

let demo: RunningDemo;
let ada: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  ada = await demo.signUp("Ada");
});
afterAll(() => demo[Symbol.asyncDispose]());

const valid = { name: "Grace", email: "grace@example.com", password: "correct horse" };

describe("POST /api/v1/users", () => {
  test("makes a user and says where it is", async () => {
    const user = { ...valid, email: "created@example.com" };
    const { status, headers, json } = await demo.post("/api/v1/users", { user });
    assert.equal(status, 201);
    const { id } = (json as { data: { id: number } }).data;
    assert.deepEqual(json, { data: { id, name: "Grace", email: "created@example.com" } });
    assert.equal(headers.get("location"), `/api/v1/users/${id}`);
    assert.deepEqual((await demo.get(headers.get("location")!, ada.token)).json, json);
  });

  test("answers 422 with what is wrong, field by field", async () => {
    const refused: [object, object][] = [
      [{}, { name: ["can't be blank"], email: ["can't be blank"], password: ["can't be blank"] }],
      [{ ...valid, name: " " }, { name: ["can't be blank"] }],
      [{ ...valid, name: "x".repeat(101) }, { name: ["should be at most 100 character(s)"] }],
      [{ ...valid, email: "nobody" }, { email: ["must be an email address"] }],
      [{ ...valid, email: 7 }, { email: ["is invalid"] }],
      [{ ...valid, password: "1234567" }, { password: ["should be at least 8 character(s)"] }],
      [{ ...valid, password: "x".repeat(201) }, { password: ["should be at most 200 character(s)"] }],
    ];
    for (const [user, errors] of refused) {
      const { status, json } = await demo.post("/api/v1/users", { user });
      assert.equal(status, 422);
      assert.deepEqual(json, { errors });
    }
  });

  test("answers 422 for an address that is taken, however it is spelled", async () => {
    for (const email of [ada.email, ` ${ada.email.toUpperCase()} `]) {
      const { status, json } = await demo.post("/api/v1/users", { user: { ...valid, email } });
      assert.equal(status, 422);
      assert.deepEqual(json, { errors: { email: ["has already been taken"] } });
    }
  });

  test("lets one of several win who take an address at once", async () => {
    const user = { ...valid, email: "race@example.com" };
    const statuses = await Promise.all(
      [1, 2, 3].map(async () => (await demo.post("/api/v1/users", { user })).status),
    );
    assert.deepEqual(statuses.toSorted(), [201, 422, 422]);
  });

  test("answers 400 without a user", async () => {
    for (const body of [{}, [], "text", null]) {
      const { status, json } = await demo.post("/api/v1/users", body);
      assert.equal(status, 400);
      assert.deepEqual(json, { errors: { detail: "Bad Request" } });
    }
  });

  test("takes nothing but the three fields", async () => {
    const user = { ...valid, email: "more@example.com", id: 4711, password_hash: "x", admin: true };
    const { id } = await demo.data<{ id: number }>(demo.post("/api/v1/users", { user }), 201);
    assert.notEqual(id, 4711);
  });
});

describe("GET /api/v1/users", () => {
  test("needs a bearer token, for the list and for one", async () => {
    for (const path of ["/api/v1/users", `/api/v1/users/${ada.id}`]) {
      for (const token of [undefined, "nonsense"]) {
        const { status, headers, json } = await demo.get(path, token);
        assert.equal(status, 401);
        assert.equal(headers.get("www-authenticate"), "Bearer");
        assert.deepEqual(json, { errors: { detail: "Unauthorized" } });
      }
    }
  });

  test("shows no password, and no hash of one", async () => {
    const users = await demo.data<object[]>(demo.get("/api/v1/users", ada.token));
    assert.ok(users.length > 0);
    for (const user of users) assert.deepEqual(Object.keys(user), ["id", "name", "email"]);
  });

  test("is read page by page, each user once", async () => {
    const met: number[] = [];
    let after = "";
    do {
      const { json } = await demo.get(`/api/v1/users?limit=2${after}`, ada.token);
      const { data, meta } = json as { data: { id: number }[]; meta: { next: string | null } };
      assert.ok(data.length <= 2);
      met.push(...data.map(({ id }) => id));
      after = meta.next === null ? "" : `&after=${meta.next}`;
    } while (after !== "");
    const { data } = (await demo.get("/api/v1/users?limit=100", ada.token)).json as {
      data: { id: number }[];
    };
    assert.deepEqual(
      met,
      data.map(({ id }) => id),
    );
    assert.ok(met.length > 2);
  });

  test("answers 404 for an id that is nobody's, or no id", async () => {
    for (const id of ["999", "0", "-1", "1.5", "1e3", "abc", "%00", "99999999999999999999"]) {
      const { status, json } = await demo.get(`/api/v1/users/${id}`, ada.token);
      assert.equal(status, 404, id);
      assert.deepEqual(json, { errors: { detail: "Not Found" } });
    }
  });
});
