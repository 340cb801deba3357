import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, test } from "vitest";
import { DocumentSchemas } from "../../../../api/testing/fuzz/document-schemas.ts";
import { KnownValues } from "../../../../api/testing/fuzz/known-values.ts";
import { SpoiledValues } from "../../../../api/testing/fuzz/spoiled-value.ts";
import { ValidValues } from "../../../../api/testing/fuzz/valid-value.ts";
import { SeededRandom } from "../../../../runtime/testing.ts";

/** Schemas with all keywords that zod writes. */
const definitions: Readonly<Record<string, object>> = {
  integer: { type: "integer", minimum: -3, maximum: 1_000 },
  price: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 10, multipleOf: 0.5 },
  name: { type: "string", minLength: 2, maxLength: 5 },
  code: { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
  choice: { enum: ["a", 1, null, { deep: [1] }] },
  nothing: { const: null },
  nullable: { type: ["string", "null"] },
  list: { type: "array", items: { $ref: "#/$defs/integer" }, minItems: 1, maxItems: 3 },
  set: { type: "array", items: { type: "integer", minimum: 0, maximum: 50 }, uniqueItems: true },
  pair: { type: "array", prefixItems: [{ type: "string" }, { type: "boolean" }], items: false, minItems: 2 },
  closed: {
    type: "object",
    properties: { id: { $ref: "#/$defs/integer" }, name: { $ref: "#/$defs/name", description: "beside" } },
    required: ["id"],
    additionalProperties: false,
  },
  open: { type: "object", properties: { nested: { $ref: "#/$defs/closed" } }, required: ["nested"] },
  map: {
    type: "object",
    propertyNames: { type: "string", minLength: 1 },
    additionalProperties: { type: "integer" },
  },
  shape: {
    oneOf: [
      {
        type: "object",
        properties: { kind: { const: "circle" }, r: { type: "number" } },
        required: ["kind", "r"],
      },
      { type: "object", properties: { kind: { const: "point" } }, required: ["kind"] },
    ],
  },
  either: { anyOf: [{ $ref: "#/$defs/name" }, { $ref: "#/$defs/list" }] },
  both: {
    allOf: [
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      { type: "object", properties: { b: { type: "integer" } }, required: ["b"] },
    ],
  },
  not: { type: "string", not: { const: "a" } },
  tree: {
    type: "object",
    properties: { kids: { type: "array", items: { $ref: "#/$defs/tree" } } },
    required: ["kids"],
  },
  anything: {},
};

const schemas = new DocumentSchemas({ $defs: definitions });
const ajv = new Ajv2020({ strict: false }).addSchema({ $id: "all", $defs: definitions });

for (const name of Object.keys(definitions)) {
  const schema = { $ref: `#/$defs/${name}` };
  const judge = ajv.compile({ $ref: `all#/$defs/${name}` });

  describe(`the schema ${name}`, () => {
    test("allows what ajv allows, and no more", () => {
      const near = fc.integer().map((seed) => {
        const random = new SeededRandom(seed);
        const value = new ValidValues(schemas, random, new KnownValues()).of(schema);
        return new SpoiledValues(schemas, random).of(schema, value)?.value ?? value;
      });
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue(), near), (value) => {
          assert.equal(schemas.problem(schema, value) === undefined, judge(value), JSON.stringify(value));
        }),
        { numRuns: 300, seed: 1 },
      );
    });

    test("gets values that ajv allows", () => {
      const random = new SeededRandom(1);
      const values = new ValidValues(schemas, random, new KnownValues());
      for (let count = 0; count < 100; count += 1) {
        const value = JSON.parse(JSON.stringify(values.of(schema))) as unknown;
        assert.ok(judge(value), JSON.stringify(value));
      }
    });

    test("has its values spoiled so that ajv refuses them", () => {
      const random = new SeededRandom(1);
      const values = new ValidValues(schemas, random, new KnownValues());
      const spoiled = new SpoiledValues(schemas, random);
      for (let count = 0; count < 100; count += 1) {
        const result = spoiled.of(schema, values.of(schema));
        assert.equal(result === undefined, name === "anything");
        if (result !== undefined)
          assert.ok(!judge(JSON.parse(JSON.stringify(result.value))), JSON.stringify(result));
      }
    });
  });
}

describe("DocumentSchemas.problem", () => {
  test("says what was expected, where, and what came", () => {
    const schema = { $ref: "#/$defs/open" };
    assert.equal(schemas.problem(schema, { nested: { id: "1" } }), 'expected integer at /nested/id, got "1"');
    assert.equal(schemas.problem(schema, {}), 'expected the key "nested" at the top, got {}');
    assert.equal(
      schemas.problem(schema, { nested: { id: 1, more: true } }),
      "expected no such key at /nested/more, got true",
    );
  });
});
