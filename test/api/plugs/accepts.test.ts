import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { accepts, type Format } from "../../../api/plugs/accepts.ts";
import { mounted } from "../mounted.ts";

async function negotiated(formats: [Format, ...Format[]], accept?: string, query = ""): Promise<unknown> {
  const app = mounted((route) => {
    route.get("/", { show: (request: FastifyRequest) => ({ format: request.format }) }, "show", {
      through: accepts(...formats),
    });
  });
  const headers = accept === undefined ? {} : { accept };
  const response = await app.inject({ url: `/${query}`, headers });
  return response.statusCode === 200 ? response.json().format : response.body;
}

const REFUSED = '{"errors":{"detail":"Not Acceptable"}}';

describe("accepts", () => {
  const cases: [string | undefined, unknown][] = [
    [undefined, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["application/*", "json"],
    ["application/json", "json"],
    ["APPLICATION/JSON; charset=utf-8", "json"],
    ["text/html, application/json;q=0.1", "json"],
    ["text/html", REFUSED],
    ["text/html, */*;q=0", REFUSED],
    ["*/*, application/json;q=0", REFUSED],
    ["application/*;q=0, */*", REFUSED],
    ["nonsense", REFUSED],
    ["application/json;q=nonsense", REFUSED],
  ];
  for (const [accept, expected] of cases) {
    test(`json answers \`accept: ${accept}\` with ${expected}`, async () => {
      assert.equal(await negotiated(["json"], accept), expected);
    });
  }

  test("takes the format that the client wants most, and the server's favourite among equals", async () => {
    assert.equal(await negotiated(["json", "html"], "text/html;q=0.5, application/json;q=0.4"), "html");
    assert.equal(await negotiated(["json", "html"], "text/html, application/json"), "json");
    assert.equal(await negotiated(["html", "json"], "*/*"), "html");
  });

  test("leaves the last word to the parameter _format", async () => {
    assert.equal(await negotiated(["json", "html"], "application/json", "?_format=html"), "html");
    assert.equal(await negotiated(["json"], "application/json", "?_format=html"), REFUSED);
  });
});
