import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, onTestFinished, test } from "vitest";
import { endpointStart, endpointStop } from "../../../api/telemetry.ts";
import { attachTelemetry, detachTelemetry } from "../../../runtime/index.ts";
import { Held, served } from "./served.ts";

describe("the log", () => {
  const show = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    request.currentUser = { id: 7 };
    return reply.code(201).send({});
  };

  test("has one line for each request, with its id, its user and how it was answered", async () => {
    const { endpoint, log } = await served((route) => route.post("/users/:id", { show }, "show"));
    const id = "a-request-id-of-the-client";
    const init = {
      method: "POST",
      headers: { "x-request-id": id, authorization: "Bearer hunter2", "content-type": "application/json" },
      body: '{"password":"hunter2"}',
    };
    const response = await fetch(`${endpoint.url}/users/1?token=hunter2`, init);
    const { fields } = await log.line(({ level }) => level === "info");
    const { durationMs, ...others } = fields;
    assert.deepEqual(others, { request_id: id, user_id: 7, method: "POST", path: "/users/1", status: 201 });
    assert.equal(typeof durationMs, "number");
    assert.equal(response.headers.get("x-request-id"), id);
    assert.equal(log.lines.length, 1);
    assert.ok(!JSON.stringify(log.lines).includes("hunter2"));
  });

  test("names a request by an id of the server if the client's is none", async () => {
    const { endpoint, log } = await served(() => {});
    const response = await fetch(`${endpoint.url}/elsewhere`, { headers: { "x-request-id": "short" } });
    const { fields } = await log.line(({ level }) => level === "info");
    assert.deepEqual([fields["status"], fields["user_id"]], [404, undefined]);
    assert.match(String(fields["request_id"]), /^[\w-]{20}$/);
    assert.equal(response.headers.get("x-request-id"), fields["request_id"]);
  });

  test("has the error of a failed request under the same id", async () => {
    const failed = new Error("broken");
    const fail = {
      show(): never {
        throw failed;
      },
    };
    const { endpoint, log } = await served((route) => route.get("/", fail, "show"));
    assert.equal((await fetch(endpoint.url)).status, 500);
    const request = await log.line(({ level }) => level === "info");
    const error = await log.line(({ level }) => level === "error");
    assert.equal(error.fields["err"], failed);
    assert.equal(error.fields["request_id"], request.fields["request_id"]);
  });

  test("has a line for a request that its client gave up", async () => {
    const held = new Held();
    const { endpoint, log } = await served((route) => route.get("/", held, "show"));
    const abort = new AbortController();
    const response = fetch(endpoint.url, { signal: abort.signal });
    await held.arrived.promise;
    abort.abort();
    await assert.rejects(response);
    const { fields } = await log.line(({ level }) => level === "info");
    assert.equal(fields["aborted"], true);
    held.answer.resolve({});
  });
});

describe("telemetry", () => {
  test("tells of the beginning and the end of each request, with the route and how it was answered", async () => {
    const show = { show: () => ({}) };
    const { endpoint } = await served((route) => route.get("/users/:id", show, "show"));
    const events: unknown[] = [];
    const twoStops = Promise.withResolvers<void>();
    attachTelemetry("start", [endpointStart], (_measurements, { method, route }, event) => {
      events.push([event, method, route]);
    });
    attachTelemetry("stop", [endpointStop], ({ durationMs }, { method, route, status, aborted }, event) => {
      events.push([event, method, route, status, aborted, typeof durationMs]);
      if (events.length === 4) twoStops.resolve();
    });
    onTestFinished(() => {
      detachTelemetry("start");
      detachTelemetry("stop");
    });
    await fetch(`${endpoint.url}/users/7`);
    await fetch(`${endpoint.url}/elsewhere`, { method: "DELETE" });
    await twoStops.promise;
    assert.deepEqual(events, [
      ["phoenix.endpoint.start", "GET", "/users/:id"],
      ["phoenix.endpoint.stop", "GET", "/users/:id", 200, false, "number"],
      ["phoenix.endpoint.start", "DELETE", undefined],
      ["phoenix.endpoint.stop", "DELETE", undefined, 404, false, "number"],
    ]);
  });
});
