import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type RequestOptions, RunningDemo } from "./running-demo.ts";

let demo: RunningDemo;

beforeAll(async () => {
  demo = await RunningDemo.start();
});
afterAll(() => demo[Symbol.asyncDispose]());

async function assertError(
  status: number,
  detail: string,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<void> {
  const answered = await demo.request(method, path, options);
  assert.equal(answered.status, status, `${method} ${path}`);
  assert.deepEqual(answered.json, { errors: { detail } });
}

describe("the API", () => {
  test("is healthy while it serves", async () => {
    const { status, json } = await demo.get("/healthz");
    assert.equal(status, 200);
    assert.deepEqual(json, { status: "ok" });
  });

  test("answers 404 for a path or a method that it does not have", async () => {
    await assertError(404, "Not Found", "GET", "/api/v1/nothing");
    await assertError(404, "Not Found", "DELETE", "/api/v1/products");
    await assertError(404, "Not Found", "GET", "/api/v2/products");
  });

  test("answers 406 to whoever does not take JSON", async () => {
    const headers = { accept: "text/html" };
    await assertError(406, "Not Acceptable", "GET", "/api/v1/products", { headers });
  });

  test("answers 415 for a body that is not JSON, and 400 for one that only says so", async () => {
    const response = async (type: string, body: string): Promise<[number, unknown]> => {
      const headers = { "content-type": type };
      const answered = await fetch(`${demo.url}/api/v1/sessions`, { method: "POST", headers, body });
      return [answered.status, await answered.json()];
    };
    const unsupported = [415, { errors: { detail: "Unsupported Media Type" } }];
    assert.deepEqual(await response("text/plain", "email=x"), unsupported);
    assert.deepEqual(await response("application/x-www-form-urlencoded", "email=x"), unsupported);
    assert.deepEqual(await response("application/json", "{bad"), [
      400,
      { errors: { detail: "Bad Request" } },
    ]);
  });

  test("answers 413 for a body that is too large", async () => {
    const body = { user: { name: "x".repeat(2_000_000) } };
    await assertError(413, "Payload Too Large", "POST", "/api/v1/users", { body });
  });

  test("gives every answer an id, the client's own if it has one", async () => {
    const own = "the-id-of-the-client-0123456789";
    const { headers } = await demo.request("GET", "/healthz", { headers: { "x-request-id": own } });
    assert.equal(headers.get("x-request-id"), own);
    assert.match((await demo.get("/healthz")).headers.get("x-request-id") ?? "", /^.{20}$/);
  });
});
