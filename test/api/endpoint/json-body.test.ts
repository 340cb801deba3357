import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { action } from "../../../api/action.ts";
import { isNestedDeeper, NESTING_MAX } from "../../../api/endpoint/json-body.ts";
import { served } from "./served.ts";

const nested = (levels: number, inside = ""): string => "[".repeat(levels) + inside + "]".repeat(levels);

describe("isNestedDeeper", () => {
  const deeper = (json: string, levels: number): boolean => isNestedDeeper(Buffer.from(json), levels);

  test("counts lists and objects that stand in one another, not those side by side", () => {
    assert.equal(deeper('[{"a":[1]}]', 2), true);
    assert.equal(deeper('[{"a":[1]}]', 3), false);
    assert.equal(deeper("[[],[],[],{},{}]", 2), false);
    assert.equal(deeper("[[],[],[[]]]", 2), true);
  });

  test("takes no bracket in a text for one, also not behind an escaped quote", () => {
    assert.equal(deeper('["[[[[", "\\"[[[[", "\\\\"]', 1), false);
    assert.equal(deeper('["\\\\", [[]]]', 2), true);
  });
});

describe("a body of JSON", () => {
  const echo = { show: ({ body }: { body: unknown }) => ({ length: JSON.stringify(body ?? null).length }) };

  async function statusOf(body: string | Buffer): Promise<number> {
    const { endpoint, log } = await served((route) => route.post("/", echo, "show"));
    const headers = { "content-type": "application/json" };
    const { status } = await fetch(endpoint.url, { method: "POST", headers, body: body as string });
    assert.deepEqual(
      log.lines.filter(({ level }) => level === "error"),
      [],
    );
    return status;
  }

  test("may be nested so deep, and not deeper", async () => {
    assert.equal(await statusOf(nested(NESTING_MAX, '"ü"')), 200);
    assert.equal(await statusOf(nested(NESTING_MAX + 1)), 400);
  });

  test("has to be UTF-8", async () => {
    assert.equal(await statusOf(Buffer.from([0x22, 0xc3, 0xbc, 0x22])), 200);
    assert.equal(await statusOf(Buffer.from([0x22, 0xc3, 0x22])), 400);
  });

  test("of nothing is none: clients announce JSON also where they send nothing", async () => {
    const { endpoint } = await served((route) => {
      route.delete("/", { delete: ({ body }: { body: unknown }) => ({ has: body !== undefined }) }, "delete");
      route.post("/", { create: action({ body: z.object({}) }, () => ({})) }, "create");
    });
    const headers = { "content-type": "application/json" };
    const deleted = await fetch(endpoint.url, { method: "DELETE", headers });
    assert.deepEqual([deleted.status, await deleted.json()], [200, { has: false }]);
    const chunked = new ReadableStream({ start: (controller) => controller.close() });
    for (const body of [null, "", chunked]) {
      const { status } = await fetch(endpoint.url, { method: "POST", headers, body, duplex: "half" });
      assert.equal(status, 400);
    }
  });

  test("of what would change a prototype, or of white space, is refused", async () => {
    for (const body of [" ", '{"__proto__":{}}', '{"a":{"constructor":{"prototype":{}}}}'])
      assert.equal(await statusOf(body), 400, body);
  });
});
