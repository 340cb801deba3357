import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "vitest";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import { listenOnEveryShard } from "../../../api/endpoint/listening-shards.ts";
import { getSession } from "../../../api/session/session.ts";
import { type Conn, type ConnCase, connCase, jsonResponse, response } from "../../../api/testing.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { PlaceTree } from "../endpoint/place-tree.ts";
import { successor } from "../endpoint/served.ts";
import { type Shop, shopAt } from "./shop.ts";
import { shopRouter, type ShopUser } from "./shop-router.ts";
import { users } from "./users.ts";

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function shopCase(): Promise<ConnCase<Repo<Shop>, ShopUser>> {
  return connCase({
    repo: shopAt,
    router: ({ repo }) => shopRouter(repo),
    logIn: (conn, { id }: ShopUser) => conn.putBearer(String(id)),
  });
}

const echo = (conn: Conn): Echo => jsonResponse<Echo>(conn, 200);

const listening = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCPServer"));

describe("connCase", () => {
  test("serves a router, with the repo of the test, and logs each request", async () => {
    await using it = await shopCase();
    const { id } = await it.factory.insert(users, { name: "Grace" });
    const shown = await it.conn.get(`/users/${id}`);
    assert.deepEqual(jsonResponse(shown, 200), { id, email: "user1@example.com", name: "Grace" });
    assert.deepEqual(
      it.log.lines.map(({ message, fields }) => [message, fields["status"], fields["aborted"]]),
      [[`GET /users/${id}`, 200, undefined]],
    );
    assert.equal(shown.route?.action, "show");
  });

  test("serves an endpoint as it was defined, or the one that has the name", async () => {
    class PingController {
      show(): object {
        return { ok: true };
      }
    }
    const router = defineRouter((route) => {
      route.get("/ping", PingController, "show");
    });
    const endpoint = defineEndpoint({
      name: "shop",
      router,
      configure: (app) => void app.get("/own", () => "own"),
    });
    await using defined = await connCase({ endpoint });
    assert.equal(response(await defined.conn.get("/own"), 200), "own");
    await using named = await connCase({
      endpoint: "shop",
      children: [endpoint.childSpec({ server: false })],
    });
    assert.deepEqual(jsonResponse(await named.conn.get("/ping"), 200), { ok: true });
    await assert.rejects(connCase({ endpoint: "shop" }), { code: "ROOKERY_TEST_ENDPOINT" });
    await assert.rejects(connCase({ endpoint: "shop", router }), { code: "ROOKERY_TEST_OPTION" });
  });

  test("goes on with the successor of an endpoint that was killed", async () => {
    await using it = await shopCase();
    it.runtime.exit("endpoint.acceptor", "kill");
    await successor(it.runtime, "endpoint.acceptor");
    assert.equal(response(await it.conn.get("/text"), 200), "plain");
  });

  test("opens no port", async () => {
    await using it = await shopCase();
    assert.equal(response(await it.conn.get("/text"), 200), "plain");
    assert.deepEqual(listening(), []);
    const server = createServer().listen(0);
    assert.equal(listening().length, 1, "a checker that sees nothing passes");
    await new Promise((closed) => server.close(closed));
  });

  test("serves a tree that runs on every shard, on the first", async () => {
    await using it = await connCase({
      shards: 2,
      children: [listenOnEveryShard(PlaceTree, { server: false })],
      endpoint: "endpoint",
    });
    assert.deepEqual(jsonResponse(await it.conn.get("/"), 200), { place: 0 });
    assert.deepEqual(listening(), []);
  });

  test("says what logInAs needs", async () => {
    await using it = await connCase({ router: defineRouter(() => {}) });
    assert.throws(() => it.logInAs(it.conn, undefined as never), { code: "ROOKERY_TEST_OPTION" });
  });
});

describe("a request", () => {
  test("of each method is answered", async () => {
    await using it = await shopCase();
    for (const method of ["post", "put", "patch", "delete"] as const) {
      const { method: seen, body } = echo(await it.conn[method]("/echo", { name: "Ada" }));
      assert.deepEqual([seen, body], [method.toUpperCase(), { name: "Ada" }]);
    }
    assert.equal(response(await it.conn.head("/echo"), 200), "");
    assert.equal((await it.conn.options("/echo")).status, 404);
    assert.equal((await it.conn.dispatch("PUT", "/echo", [1])).status, 200);
  });

  test("without a body has its params in the query", async () => {
    await using it = await shopCase();
    const params = { page: 2, tags: ["a", "b c"], user: { name: "Ada" }, none: undefined };
    const { url } = echo(await it.conn.get("/echo?sort=name", params));
    assert.equal(url, "/echo?sort=name&page=2&tags=a&tags=b+c&user%5Bname%5D=Ada");
    assert.equal(echo(await it.conn.get("/echo", {})).url, "/echo");
  });

  test("has text and bytes as they are, under a content type", async () => {
    await using it = await shopCase();
    const json = it.conn.putReqHeader("content-type", "application/json");
    assert.deepEqual(echo(await json.post("/echo", '{"a": 1}')).body, { a: 1 });
    assert.deepEqual(echo(await json.post("/echo", Buffer.from("[2]"))).body, [2]);
    await assert.rejects(it.conn.post("/echo", "text"), { code: "ROOKERY_TEST_BODY" });
  });

  test("has the headers and cookies that were put, and nothing of the test's own", async () => {
    await using it = await shopCase();
    const conn = it.conn
      .putReqHeader("accept", "application/json")
      .putReqHeader("x-one", "1")
      .deleteReqHeader("x-one")
      .putReqCookie("theme", "dark")
      .putReqCookie("a", "b")
      .deleteReqCookie("a");
    assert.deepEqual(echo(await conn.get("/echo")).headers, {
      accept: "application/json",
      cookie: "theme=dark",
      host: "localhost:80",
      "user-agent": "lightMyRequest",
    });
    assert.throws(() => it.conn.putReqHeader("Accept", "x"), { code: "ROOKERY_TEST_HEADER" });
  });

  test("that no router can read is answered, too", async () => {
    await using it = await shopCase();
    const refused = await it.conn.get("/users/%zz");
    assert.equal(refused.status, 400);
    assert.equal(refused.route, undefined);
  });

  test("changes nothing about the conn that it was sent with", async () => {
    await using it = await shopCase();
    await it.conn.putReqHeader("x-one", "1").get("/cookies");
    const { headers } = echo(await it.conn.get("/echo"));
    assert.equal(headers["x-one"], undefined);
    assert.equal(headers["cookie"], undefined);
    assert.equal(it.conn.isAnswered, false);
    assert.throws(() => it.conn.status, /Expected a conn with an answer, got one that has sent no request/);
  });
});

describe("a conn with its answer", () => {
  test("goes on with the cookies that were set, and the headers of a client", async () => {
    await using it = await shopCase();
    const first = await it.conn
      .putReqHeader("authorization", "Bearer 1")
      .putReqHeader("accept-language", "en")
      .putReqHeader("x-one", "1")
      .putReqCookie("old", "x")
      .putReqCookie("late", "x")
      .putReqCookie("theme", "dark")
      .get("/cookies");
    assert.deepEqual([...first.respCookies.keys()], ["basket", "old", "late"]);
    assert.equal(first.respCookies.get("basket")?.attributes.get("httponly"), "");
    const { headers } = echo(await first.get("/echo"));
    assert.equal(headers["cookie"], "theme=dark; basket=full");
    assert.equal(headers["authorization"], "Bearer 1");
    assert.equal(headers["accept-language"], "en");
    assert.equal(headers["x-one"], undefined);
  });

  test("stays where it is, and asks for the same host", async () => {
    await using it = await shopCase();
    const first = await it.conn.putReqHeader("host", "shop.example").putRemoteIp("203.0.113.7").get("/text");
    const second = await first.get("/echo");
    assert.equal(second.request.ip, "203.0.113.7");
    assert.equal(echo(second).headers["host"], "shop.example");
  });

  test("keeps what is put after the answer, and of the headers before it those that recycle names", async () => {
    await using it = await shopCase();
    const first = await it.conn.putReqHeader("x-one", "1").putReqHeader("x-two", "2").get("/text");
    const { headers } = echo(await first.putReqHeader("x-three", "3").get("/echo"));
    assert.deepEqual([headers["x-one"], headers["x-three"]], [undefined, "3"]);
    const again = echo(await first.recycle(["x-two"]).get("/echo")).headers;
    assert.deepEqual([again["x-one"], again["x-two"]], [undefined, "2"]);
  });
});

describe("logInAs", () => {
  test("makes requests those of the user, until somebody else is logged in", async () => {
    await using it = await shopCase();
    assert.equal((await it.conn.get("/me")).status, 401);
    const ada = await it.logInAs(it.conn, { id: 1 }).get("/me");
    assert.deepEqual(jsonResponse(ada, 200), { id: 1 });
    assert.deepEqual(ada.request.currentUser, { id: 1 });
    assert.deepEqual(jsonResponse(await ada.get("/me"), 200), { id: 1 });
    assert.deepEqual(jsonResponse(await it.logInAs(ada, { id: 2 }).get("/me"), 200), { id: 2 });
  });
});

describe("initTestSession", () => {
  test("puts into the session what its requests then have, and those after the answer", async () => {
    await using it = await shopCase();
    const first = await it.conn.initTestSession({ user_id: 7 }).initTestSession({ visits: 4 }).get("/visits");
    assert.deepEqual(jsonResponse(first, 200), { user: 7, visits: 5 });
    assert.equal(getSession(first.request, "visits"), 5);
    assert.deepEqual(jsonResponse(await first.get("/visits"), 200), { user: 7, visits: 6 });
    assert.deepEqual(jsonResponse(await it.conn.get("/visits"), 200), { user: null, visits: 1 });
  });
});

describe("withCsrfProtection", () => {
  test("makes requests need the token that they need in production, and not in a test", async () => {
    await using it = await shopCase();
    const first = await it.conn.post("/visits");
    assert.deepEqual(jsonResponse(first, 200), { user: null, visits: 1 });
    const refused = await first.withCsrfProtection().post("/visits");
    assert.equal(refused.status, 403);
    assert.equal((await refused.post("/visits")).status, 403);
  });
});

describe("bypassThrough", () => {
  test("runs the pipelines of the route, and not its action", async () => {
    await using it = await shopCase();
    const passed = await it.logInAs(it.conn, { id: 1 }).bypassThrough().get("/me");
    assert.equal(response(passed, 204), "");
    assert.deepEqual(passed.request.currentUser, { id: 1 });
    assert.equal((await it.conn.bypassThrough().get("/me")).status, 401);
    assert.equal((await it.conn.bypassThrough().get("/crash")).status, 204);
    assert.equal((await it.conn.get("/crash")).status, 500);
  });

  test("runs plugs that are named, whatever the path", async () => {
    await using it = await shopCase();
    const seen: string[] = [];
    const conn = it.conn.bypassThrough([({ url }) => void seen.push(url)]);
    const first = await conn.post("/anywhere", { a: 1 });
    assert.equal(first.status, 204);
    assert.equal((await first.delete("/else")).status, 204);
    assert.deepEqual(seen, ["/anywhere", "/else"]);
    const halted = it.conn.bypassThrough([() => ({ error: "forbidden" })]);
    assert.equal((await halted.get("/")).status, 403);
  });
});

describe("pathParams", () => {
  test("are the variables of the route that matches", async () => {
    await using it = await shopCase();
    assert.deepEqual(it.conn.pathParams("/users/7"), { id: "7" });
    assert.deepEqual(it.conn.pathParams("/echo", "POST"), {});
    assert.throws(() => it.conn.pathParams("/users/7", "POST"), /a route for POST \/users\/7, got none/);
  });
});
