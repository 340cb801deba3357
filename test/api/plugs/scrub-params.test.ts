import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { scrubParams } from "../../../api/plugs/scrub-params.ts";
import { mounted } from "../mounted.ts";

async function scrubbed(payload: object | string): Promise<[number, unknown]> {
  const app = mounted((route) => {
    const echo = { create: (request: { body: unknown }) => request.body };
    route.post("/", echo, "create", { through: scrubParams("user") });
  });
  const headers = { "content-type": "application/json" };
  const response = await app.inject({ method: "POST", url: "/", payload, headers });
  return [response.statusCode, response.json()];
}

describe("scrubParams", () => {
  test("turns blank strings below the key into null, all the way down, and leaves the rest alone", async () => {
    const user = { name: " \t", age: 0, tags: ["", "a"], home: { city: "", constructor: " " } };
    assert.deepEqual(await scrubbed({ user, other: "" }), [
      200,
      { user: { name: null, age: 0, tags: [null, "a"], home: { city: null, constructor: null } }, other: "" },
    ]);
  });

  test("leaves alone what a parser has made, such as an uploaded file", async () => {
    class Upload {
      readonly filename = " ";
    }
    const file = new Upload();
    const bytes = Buffer.from(" ");
    const request = { body: { user: { file, bytes, name: " " as unknown } } };
    assert.equal(scrubParams("user")(request as never, {} as never), undefined);
    assert.equal(request.body.user.name, null);
    assert.equal(request.body.user.file, file);
    assert.equal(request.body.user.bytes, bytes);
  });

  for (const body of ["{}", "null", "[]", '"user"', '{"user":null}', '{"user":" "}']) {
    test(`answers ${body}, which has nothing under the key, with 400`, async () => {
      assert.deepEqual(await scrubbed(body), [400, { errors: { detail: "Bad Request" } }]);
    });
  }
});
