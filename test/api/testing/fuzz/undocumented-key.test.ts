import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { DocumentSchemas } from "../../../../api/testing/fuzz/document-schemas.ts";
import { undocumentedKey } from "../../../../api/testing/fuzz/undocumented-key.ts";

const bird = z.object({ id: z.int() });

const cases: readonly [string, z.ZodType, unknown, string | undefined][] = [
  ["a key beside the known ones", bird, { id: 1, age: 2 }, "/age"],
  ["only known keys", bird, { id: 1 }, undefined],
  [
    "one deep below",
    z.object({ data: z.array(bird) }),
    { data: [{ id: 1 }, { id: 1, age: 2 }] },
    "/data/1/age",
  ],
  ["a key of a map", z.record(z.string(), bird), { a: { id: 1 } }, undefined],
  ["one below the key of a map", z.record(z.string(), bird), { a: { id: 1, b: 1 } }, "/a/b"],
  ["an object that may have others", z.looseObject({ id: z.int() }), { id: 1, age: 2 }, undefined],
  ["an object about which nothing is said", z.object({}), { age: 2 }, undefined],
  ["a key of the other alternative", z.union([bird, z.object({ egg: z.null() })]), { egg: null }, undefined],
  ["a key of no alternative", z.union([bird, z.string()]), { id: 1, age: 2 }, "/age"],
  ["keys of both halves", z.intersection(bird, z.object({ age: z.int() })), { id: 1, age: 2 }, undefined],
  ["a key of neither half", z.intersection(bird, z.object({ age: z.int() })), { id: 1, age: 2, c: 3 }, "/c"],
  ["one in a pair", z.tuple([z.string(), bird]), ["a", { id: 1, age: 2 }], "/1/age"],
];

describe("undocumentedKey", () => {
  for (const [what, schema, value, key] of cases) {
    test(`${key === undefined ? "passes over" : "finds"} ${what}`, () => {
      const json = z.toJSONSchema(schema, { io: "input" });
      assert.equal(undocumentedKey(new DocumentSchemas(json), json, value), key);
    });
  }
});
