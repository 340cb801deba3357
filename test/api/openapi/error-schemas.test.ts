import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { action } from "../../../api/action.ts";
import { fieldErrorsSchema } from "../../../api/openapi/error-schemas.ts";
import { openApi } from "../../../api/openapi/open-api.ts";
import { cast } from "../../../api/repo/changeset.ts";
import { castAssoc } from "../../../api/repo/nested-changeset.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import { validateRequired } from "../../../api/repo/validation.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { DocumentSchemas } from "../../../api/testing/fuzz/document-schemas.ts";

const items = { kind: "hasMany", table: "items", foreignKey: "order_id" } as const;
const buyer = { kind: "belongsTo", table: "users", foreignKey: "user_id" } as const;
const named = (data: object, params: unknown) =>
  validateRequired(cast(data, params, { name: z.string() }), ["name"]);

function errorsOf(params: object): object {
  const list = castAssoc(named({}, params), "items", items, {
    with: (item, given) => castAssoc(named(item, given), "parts", items, { with: named }),
  });
  return { errors: traverseErrors(castAssoc(list, "buyer", buyer, { with: named })) };
}

const bodies: [what: string, body: object][] = [
  ["a changeset", errorsOf({})],
  ["rows that belong to it, and of theirs", errorsOf({ items: [{ name: "a" }, { parts: [{}] }] })],
  ["a row that it belongs to", errorsOf({ name: "a", buyer: {} })],
];

describe("the documented answer to what has invalid fields", () => {
  const create = action({ body: z.object({}) }, () => ({}));
  const router = defineRouter((route) => route.post("/orders", { create }, "create"));
  const document = openApi(router, { info: { title: "Shop", version: "1" } });
  const { schema } = document.paths["/orders"]!.post!.responses["422"]!.content!["application/json"];

  for (const [what, body] of bodies) {
    test(`fits the errors of ${what}`, () => {
      assert.equal(new DocumentSchemas(document).problem(schema, body), undefined);
      assert.deepEqual(fieldErrorsSchema["~standard"].validate(body), { value: body });
    });
  }

  test("fits nothing else", () => {
    for (const errors of [{ name: "blank" }, { name: [7] }, { items: [{ name: "blank" }] }, { items: 7 }]) {
      assert.notEqual(new DocumentSchemas(document).problem(schema, { errors }), undefined);
      assert.ok("issues" in fieldErrorsSchema["~standard"].validate({ errors }));
    }
  });
});
