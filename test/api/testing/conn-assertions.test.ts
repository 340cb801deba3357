import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Repo } from "../../../api/repo/repo.ts";
import {
  assertErrorSent,
  type Conn,
  type ConnCase,
  connCase,
  htmlResponse,
  jsonResponse,
  redirectedParams,
  redirectedTo,
  response,
  responseContentType,
  textResponse,
} from "../../../api/testing.ts";
import { type Shop, shopAt } from "./shop.ts";
import { shopRouter } from "./shop-router.ts";

let it: ConnCase<Repo<Shop>, never>;

beforeAll(async () => {
  it = await connCase({ repo: shopAt, router: ({ repo }) => shopRouter(repo) });
});
afterAll(() => it[Symbol.asyncDispose]());

const get = (path: string): Promise<Conn> => it.conn.get(path);

describe("response", () => {
  test("answers the body of an answer of that status", async () => {
    assert.equal(response(await get("/text"), 200), "plain");
    assert.equal(response(await get("/created"), 201), "");
  });

  test("names both statuses, the request and the body when it is another", async () => {
    const conn = await get("/missing");
    assert.throws(() => response(conn, 200), {
      name: "AssertionError",
      expected: 200,
      actual: 404,
      message:
        "Expected the answer to GET /missing to have the status 200 (OK), got 404 (Not Found), with the body:\n" +
        '{"errors":{"detail":"Not Found"}}',
    });
    assert.throws(() => response(it.conn, 200), /got one that has sent no request/);
  });

  test("shows what the server has thrown, which the client does not see", async () => {
    const conn = await get("/crash");
    assert.throws(
      () => response(conn, 200),
      (error: Error) => {
        assert.match(error.message, /got 500 \(Internal Server Error\)/);
        assert.match(error.message, /the server has thrown:\nError: the shelf has collapsed/);
        assert.match(error.message, /shop-router/);
        assert.equal((error.cause as Error).message, "the shelf has collapsed");
        return true;
      },
    );
  });
});

describe("jsonResponse", () => {
  test("answers what the JSON holds, also of a type that is made of JSON", async () => {
    assert.deepEqual(jsonResponse(await get("/missing"), 404), { errors: { detail: "Not Found" } });
    assert.deepEqual(jsonResponse(await get("/api"), 200), { data: [] });
  });

  test("throws for another content type, or none, and for what is no JSON", async () => {
    const text = await get("/text");
    assert.throws(
      () => jsonResponse(text, 200),
      /a content type of json, got "text\/plain; charset=utf-8", with the/,
    );
    const created = await get("/created");
    assert.throws(() => jsonResponse(created, 201), /a content type of json, got none, without a body/);
    const broken = await get("/broken");
    assert.throws(() => jsonResponse(broken, 200), /to be JSON, got what is none: .*\n\{broken/s);
  });
});

describe("textResponse, htmlResponse and responseContentType", () => {
  test("hold an answer to its content type", async () => {
    assert.equal(textResponse(await get("/text"), 200), "plain");
    assert.equal(htmlResponse(await get("/page"), 200), "<p>a page</p>");
    assert.equal(responseContentType(await get("/text"), "text"), "text/plain; charset=utf-8");
    const page = await get("/page");
    assert.throws(() => textResponse(page, 200), /a content type of text, got "text\/html/);
    assert.throws(() => htmlResponse(page, 201), /the status 201 \(Created\)/);
  });
});

describe("redirectedTo and redirectedParams", () => {
  test("answer where it leads, and the variables of the route there", async () => {
    const conn = await get("/redirect");
    assert.equal(redirectedTo(conn), "/users/7?tab=orders");
    assert.deepEqual(redirectedParams(conn), { id: "7" });
  });

  test("throw for what is no redirect, and for one of another status", async () => {
    const text = await get("/text");
    assert.throws(() => redirectedTo(text), /the status 302 \(Found\), got 200/);
    const redirect = await get("/redirect");
    assert.throws(() => redirectedTo(redirect, 301), /the status 301 \(Moved Permanently\), got 302/);
    const created = await get("/created");
    assert.equal(redirectedTo(created, 201), "/users/7");
    assert.throws(() => redirectedTo(text, 200), /to have a location, got none/);
  });
});

describe("assertErrorSent", () => {
  test("holds for an exception and for a route that is not there", async () => {
    const crashed = await assertErrorSent(500, () => get("/crash"));
    assert.match(String(crashed.error), /the shelf has collapsed/);
    assert.equal(crashed.headers.get("content-type"), "application/json; charset=utf-8");
    const { body } = await assertErrorSent(404, () => get("/users/4711"));
    assert.deepEqual(JSON.parse(body), { errors: { detail: "Not Found" } });
    await assertErrorSent(404, () => get("/nowhere"));
  });

  test("does not hold for another status, nor for what an action answers by itself", async () => {
    await assert.rejects(
      assertErrorSent(404, () => get("/crash")),
      /the status 404 \(Not Found\), got 500/,
    );
    await assert.rejects(
      assertErrorSent(404, () => get("/missing")),
      /to be made of an exception, got one that was sent without any/,
    );
  });
});
