import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { accepts } from "../../api/plugs/accepts.ts";
import { renderException, renderStart, renderStop } from "../../api/telemetry.ts";
import { render, type View } from "../../api/view.ts";
import { attachTelemetry, detachTelemetry } from "../../runtime/index.ts";
import { mounted } from "./mounted.ts";

interface User {
  readonly id: number;
  readonly name: string;
}
const showUser: View<User> = {
  json: ({ name }) => ({ data: { name } }),
  text: ({ name }) => `name: ${name}`,
};
const ada = { id: 1, name: "Ada" };

function appWith(view: View<User>, formats?: readonly ["json", "text", "html"]): ReturnType<typeof mounted> {
  const show = (_request: FastifyRequest, reply: FastifyReply): unknown => render(reply.code(201), view, ada);
  return mounted((route) =>
    route.get("/", { show }, "show", { through: formats === undefined ? [] : [accepts(...formats)] }),
  );
}

describe("render", () => {
  test("sends the view of the format that was agreed on, with the status of the reply", async () => {
    const app = appWith(showUser, ["json", "text", "html"]);
    const json = await app.inject("/");
    assert.equal(json.statusCode, 201);
    assert.equal(json.headers["content-type"], "application/json; charset=utf-8");
    assert.equal(json.body, '{"data":{"name":"Ada"}}');
    const text = await app.inject({ url: "/", headers: { accept: "text/plain" } });
    assert.equal(text.headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(text.body, "name: Ada");
  });

  test("sends the first view in a route that agrees on no format", async () => {
    assert.equal((await appWith(showUser).inject("/")).body, '{"data":{"name":"Ada"}}');
  });

  test("sends JSON as JSON whatever a view answers", async () => {
    for (const [content, body] of [
      ['"Ada"', '"\\"Ada\\""'],
      ["", '""'],
      [null, "null"],
      [false, "false"],
      [[], "[]"],
    ])
      assert.equal((await appWith({ json: () => content }).inject("/")).body, body);
  });

  test("answers 500 for a format without a view", async () => {
    const app = appWith(showUser, ["json", "text", "html"]);
    assert.equal((await app.inject("/?_format=html")).statusCode, 500);
  });

  test("tells telemetry of start and stop, or of what a view has thrown", async () => {
    const events: unknown[] = [];
    attachTelemetry("render", [renderStart, renderStop, renderException], (_measurements, metadata, name) => {
      events.push([name, metadata.format, metadata.view]);
    });
    await appWith(showUser).inject("/");
    const broken = (): never => {
      throw new Error("broken");
    };
    assert.equal((await appWith({ text: broken }).inject("/")).statusCode, 500);
    detachTelemetry("render");
    assert.deepEqual(events, [
      ["phoenix.controller.render.start", "json", "json"],
      ["phoenix.controller.render.stop", "json", "json"],
      ["phoenix.controller.render.start", "text", "broken"],
      ["phoenix.controller.render.exception", "text", "broken"],
    ]);
  });
});
