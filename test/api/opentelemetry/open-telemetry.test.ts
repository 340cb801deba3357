import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import * as api from "@opentelemetry/api";
import type { FastifyRequest } from "fastify";
import { describe, expect, test } from "vitest";
import { traceWithOpenTelemetry } from "../../../api/opentelemetry/open-telemetry.ts";
import {
  GenServer,
  nameOn,
  noReply,
  ok,
  reply,
  type Runtime,
  silentLogger,
  Task,
} from "../../../runtime/index.ts";
import { runInProcess, simulate } from "../../../runtime/testing.ts";
import { Held, served } from "../endpoint/served.ts";
import { databases } from "../repo/databases.ts";
import { RecordedSpans } from "./recorded-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const traceparent = `00-${TRACE}-${PARENT}-01`;

class Counter extends GenServer<number, string, string> {
  init(count: number) {
    return ok(count);
  }

  override async handleCall(request: string) {
    if (request === "fail") throw new RangeError("too far");
    await Promise.resolve();
    trace.getTracer("test").startSpan("work").end();
    this.self.cast(this.self.pid, "note");
    return reply(this.state);
  }

  override handleCast() {
    trace.getTracer("test").startSpan("noted").end();
    return noReply();
  }
}

describe("a request", () => {
  test("is a span of the trace of its client, by the conventions for HTTP servers", async () => {
    const spans = RecordedSpans.start();
    const { endpoint } = await served((route) => route.get("/users/:id", { show: () => ({}) }, "show"));
    const headers = { traceparent, "user-agent": "test" };
    await (await fetch(`${endpoint.url}/users/7?token=secret`, { headers })).text();
    await expect.poll(() => spans.names).toContain("GET /users/:id");
    const span = spans.named("GET /users/:id");
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext?.spanId).toBe(PARENT);
    const { port } = new URL(endpoint.url);
    expect(span.attributes).toEqual({
      "http.request.method": "GET",
      "http.route": "/users/:id",
      "http.response.status_code": 200,
      "url.path": "/users/7",
      "url.scheme": "http",
      "server.address": new URL(endpoint.url).hostname,
      "server.port": Number(port),
      "client.address": "127.0.0.1",
      "network.protocol.version": "1.1",
      "user_agent.original": "test",
    });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("takes its context along: into servers, casts of theirs, what they do after an await, and tasks", async () => {
    const spans = RecordedSpans.start();
    const actions = {
      create: async ({ server }: FastifyRequest) => {
        const { runtime } = server.endpoint;
        await runtime.call("counter", "count");
        await runInProcess(runtime, (self) => Task.async(self, async function square() {}).await());
        return {};
      },
    };
    const started = await served((route) => route.post("/counts", actions, "create"));
    await started.runtime.start(Counter, 0, { name: "counter" });
    const headers = { traceparent, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ padding: "x".repeat(100_000) }) };
    await (await fetch(`${started.endpoint.url}/counts`, init)).text();
    await expect.poll(() => spans.names).toContain("POST /counts");
    expect(spans.path("work")).toBe("work < Counter.handleCall < call Counter < POST /counts");
    expect(spans.path("noted")).toBe(
      "noted < Counter.handleCast < Counter.handleCall < call Counter < POST /counts",
    );
    expect(spans.path("Task square")).toBe("Task square < POST /counts");
    expect(new Set(spans.all.map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE]));
  });

  test("that fails is a span that failed, with its exception", async () => {
    const spans = RecordedSpans.start();
    const fail = {
      show(): never {
        throw new RangeError("too far");
      },
    };
    const { endpoint } = await served((route) => route.get("/", fail, "show"));
    await (await fetch(endpoint.url)).text();
    await expect.poll(() => spans.names).toContain("GET /");
    const { status, attributes, events } = spans.named("GET /");
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(attributes["error.type"]).toBe("500");
    expect(events.map((event) => event.attributes?.["exception.message"])).toEqual(["too far"]);
  });

  test("that its client gives up is a span that failed", async () => {
    const spans = RecordedSpans.start();
    const held = new Held();
    const { endpoint } = await served((route) => route.get("/", held, "show"));
    const abort = new AbortController();
    const response = fetch(endpoint.url, { signal: abort.signal });
    await held.arrived.promise;
    abort.abort();
    await expect(response).rejects.toThrow("aborted");
    await expect.poll(() => spans.names).toEqual(["GET /"]);
    const { status, attributes } = spans.named("GET /");
    expect([status.code, attributes["error.type"]]).toEqual([SpanStatusCode.ERROR, "aborted"]);
    held.answer.resolve({});
  });

  test("to no route has the method as its name, and one with a method of its own none of it", async () => {
    const spans = RecordedSpans.start();
    const { endpoint } = await served(() => {});
    await (await fetch(`${endpoint.url}/elsewhere`)).text();
    await expect.poll(() => spans.names).toEqual(["GET"]);
    expect(spans.named("GET").attributes["http.route"]).toBeUndefined();
  });
});

describe("a call", () => {
  test("that fails is a span that failed, of who called and of who was called", async () => {
    const spans = RecordedSpans.start();
    const simulation = await simulate({ seed: 1, logger: silentLogger });
    const { runtime } = simulation;
    const started = runtime.start(Counter, 0);
    await simulation.settle();
    const pid = await started;
    const done = trace
      .getTracer("test")
      .startActiveSpan("root", () => runtime.call(pid, "fail").catch(() => "failed"));
    await simulation.settle();
    expect(await done).toBe("failed");
    for (const name of ["call Counter", "Counter.handleCall"]) {
      const { status, kind } = spans.named(name);
      expect([name, status.code, kind]).toEqual([name, SpanStatusCode.ERROR, SpanKind.INTERNAL]);
    }
    expect(spans.named("Counter.handleCall").attributes["error.type"]).toBe("RangeError");
  });

  test("outside of any trace has no span", async () => {
    const spans = RecordedSpans.start();
    const simulation = await simulate({ seed: 1, logger: silentLogger });
    const started = simulation.runtime.start(Counter, 0);
    await simulation.settle();
    const answer = simulation.runtime.call(await started, "count");
    await simulation.settle();
    expect(await answer).toBe(0);
    expect(spans.names).toEqual(["work", "noted"]);
  });

  test("to another shard is part of the trace there", async () => {
    const spans = RecordedSpans.start();
    const simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    const [near, far] = simulation.runtimes as [Runtime, Runtime];
    const started = far.start(Counter, 0, { name: "counter", nameScope: "shard" });
    await simulation.settle();
    await started;
    const answer = trace
      .getTracer("test")
      .startActiveSpan("root", (root) => near.call(nameOn(1, "counter"), "count").finally(() => root.end()));
    await simulation.settle();
    expect(await answer).toBe(0);
    expect(spans.path("work")).toBe("work < Counter.handleCall < call GenServer < root");
  });
});

describe.each(databases)("a query, $name", ({ name, start }) => {
  test("is a span of who asks, by the conventions for databases, without its values", async () => {
    const spans = RecordedSpans.start();
    await using temporary = await start();
    const { repo } = temporary;
    await trace.getTracer("test").startActiveSpan("root", async (root) => {
      await temporary.addUser("secret");
      await repo.db.selectFrom("users as u").select("u.id").where("email", "=", "secret").execute();
      root.end();
    });
    const span = spans.named("SELECT users");
    expect(spans.path("SELECT users")).toBe("SELECT users < root");
    expect(spans.path("INSERT users")).toMatch(/^INSERT users < .*root$/);
    const parameter = name === "SQLite" ? "?" : "$1";
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.attributes).toEqual({
      "db.system.name": name === "SQLite" ? "sqlite" : "postgresql",
      "db.query.text": `select "u"."id" from "users" as "u" where "email" = ${parameter}`,
      "db.operation.name": "SELECT",
      "db.collection.name": "users",
      "rookery.repo": "test",
    });
    expect(JSON.stringify(spans.all.map(({ attributes }) => attributes))).not.toContain("secret");
    const [root, startMs, endMs] = [spans.named("root"), span.startTime, span.endTime].map((time) =>
      "startTime" in time ? time.startTime : time,
    ) as [[number, number], [number, number], [number, number]];
    expect(toMs(startMs)).toBeGreaterThanOrEqual(toMs(root) - 1);
    expect(toMs(endMs)).toBeGreaterThanOrEqual(toMs(startMs));
  });
});

function toMs([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}

describe("traceWithOpenTelemetry", () => {
  test("is refused while it is in force", () => {
    RecordedSpans.start();
    expect(() => traceWithOpenTelemetry(api)).toThrow(
      expect.objectContaining({ code: "ROOKERY_TRACING" }) as Error,
    );
  });

  test("makes no spans, and carries nothing, once the function that it answered was called", async () => {
    const spans = RecordedSpans.start();
    spans.end();
    const { endpoint, runtime } = await served((route) => route.get("/", { show: () => ({}) }, "show"));
    const counter = await runtime.start(Counter, 0);
    const root = trace.getTracer("test").startSpan("root");
    await api.context.with(trace.setSpan(api.ROOT_CONTEXT, root), () => runtime.call(counter, "count"));
    await (await fetch(endpoint.url, { headers: { traceparent } })).text();
    root.end();
    expect(spans.names.toSorted()).toEqual(["noted", "root", "work"]);
    expect(spans.named("noted").spanContext().traceId).not.toBe(root.spanContext().traceId);
  });
});
