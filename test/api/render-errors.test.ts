import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, test } from "vitest";
import { renderErrors, answerClientError } from "../../api/render-errors.ts";
import { NotFoundError } from "../../api/repo/errors.ts";
import { errorRendered } from "../../api/telemetry.ts";
import { attachTelemetry, detachTelemetry } from "../../runtime/index.ts";
import { fastify } from "fastify";

function appThrowing(thrown: unknown): { app: ReturnType<typeof fastify>; log: string[] } {
  const log: string[] = [];
  const app = fastify({
    logger: { level: "error", stream: { write: (line: string) => void log.push(line) } },
  });
  renderErrors(app);
  app.get("/", async () => {
    throw thrown;
  });
  app.post("/", { bodyLimit: 16 }, async () => ({}));
  return { app, log };
}

test("a header that can't be sent is an exception like others, and is left out", async () => {
  const app = fastify();
  renderErrors(app);
  app.get("/", async (_request, reply) => {
    reply.headers({ "x-good": "1", "x-bad": "a\r\nset-cookie: b=c", "x-far": "\u{1f985}" });
    return {};
  });
  const { statusCode, statusMessage, body, headers } = await app.inject("/");
  assert.equal(statusMessage, "Internal Server Error");
  assert.deepEqual([statusCode, body], [500, '{"errors":{"detail":"Internal Server Error"}}']);
  assert.equal(headers["content-type"], "application/json; charset=utf-8");
  assert.deepEqual([headers["x-good"], headers["x-bad"], headers["x-far"]], ["1", undefined, undefined]);
});

describe("an exception", () => {
  test("is answered with 500 and no word about it, which only the log has", async () => {
    for (const thrown of [
      new Error("the password is hunter2"),
      "hunter2",
      undefined,
      { statusCode: 200 },
      { statusCode: "404" },
    ]) {
      const { app, log } = appThrowing(thrown);
      const response = await app.inject("/");
      assert.deepEqual(
        [response.statusCode, response.body],
        [500, '{"errors":{"detail":"Internal Server Error"}}'],
      );
      assert.equal(response.headers["content-type"], "application/json; charset=utf-8");
      assert.equal(log.length, 1);
      if (thrown instanceof Error) assert.match(log[0]!, /hunter2/);
    }
  });

  test("is answered with its own status if it has one for a client, and the log is spared", async () => {
    const { app, log } = appThrowing(new NotFoundError("users", 7));
    const response = await app.inject("/");
    assert.deepEqual([response.statusCode, response.body], [404, '{"errors":{"detail":"Not Found"}}']);
    assert.deepEqual(log, []);
  });

  test("is told of by telemetry, with the status it was answered with", async () => {
    const told: unknown[] = [];
    attachTelemetry("errors", [errorRendered], (_measurements, { status, error }) =>
      told.push([status, error]),
    );
    const error = new Error("broken");
    const { app } = appThrowing(error);
    await app.inject("/");
    await app.inject("/elsewhere");
    detachTelemetry("errors");
    assert.deepEqual(told, [
      [500, error],
      [404, undefined],
    ]);
  });
});

describe("what Fastify refuses", () => {
  const json = { "content-type": "application/json" };
  const refused: [string, object, number, string][] = [
    ["a body that is not JSON", { payload: "{", headers: json }, 400, "Bad Request"],
    ["a body that is announced as JSON, but empty", { payload: "", headers: json }, 400, "Bad Request"],
    [
      "a body that reaches for the prototype",
      { payload: '{"__proto__":{}}', headers: json },
      400,
      "Bad Request",
    ],
    [
      "a body that is too large",
      { payload: '{"a":"0123456789abcdef"}', headers: json },
      413,
      "Payload Too Large",
    ],
    [
      "a body of an unknown type",
      { payload: "a", headers: { "content-type": "a/b" } },
      415,
      "Unsupported Media Type",
    ],
    ["an unknown path", { url: "/elsewhere" }, 404, "Not Found"],
    ["a method that the path does not have", { method: "DELETE" }, 404, "Not Found"],
  ];
  for (const [what, request, status, detail] of refused) {
    test(`${what} is answered with ${status} in the one shape`, async () => {
      const { app } = appThrowing(new Error("never"));
      const response = await app.inject({ method: "POST", url: "/", ...request });
      assert.deepEqual([response.statusCode, response.json()], [status, { errors: { detail } }]);
    });
  }
});

describe("answerClientError", () => {
  function answered(error: NodeJS.ErrnoException): string {
    let written = "";
    const socket = new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    });
    answerClientError(error, socket as never);
    return written;
  }

  for (const [code, status] of [
    ["HPE_INVALID_METHOD", "400 Bad Request"],
    ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
    ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
  ]) {
    test(`answers ${code} with ${status}`, () => {
      const text = answered(Object.assign(new Error("refused"), { code }));
      assert.ok(text.startsWith(`HTTP/1.1 ${status}\r\n`), text);
      assert.match(text, /\r\n\r\n\{"errors":\{"detail":"[A-Za-z ]+"\}\}$/);
    });
  }

  test("writes nothing to a connection that the client has reset", () => {
    assert.equal(answered(Object.assign(new Error("gone"), { code: "ECONNRESET" })), "");
  });
});
