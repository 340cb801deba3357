import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { matchingString } from "../../../../api/testing/fuzz/matching-string.ts";
import { SeededRandom } from "../../../../runtime/testing.ts";

const patterns: readonly string[] = [
  "^[1-9]\\d{0,15}$",
  "^(a|bc|)+x?$",
  "^[^\\s@]+@[^\\s@]+$",
  "^[\\w.-]*\\u0041\\x42\\/\\{1,2\\}$",
  "^(?:[01]\\d|2[0-3]):[0-5]\\d(?<zone>Z|[+-]\\d{2})$",
  "^[^a-z]{3}\\D\\W\\S.{2,}$",
  "^a{2}b{1,}?c{0}$",
  "^[\\]\\-]\\t[.]$",
  "^\\p{L}+$",
  "",
  ...[
    z.email(),
    z.uuid(),
    z.iso.datetime(),
    z.iso.date(),
    z.ipv4(),
    z.cidrv4(),
    z.nanoid(),
    z.ulid(),
    z.e164(),
  ].map((schema) => String(z.toJSONSchema(schema).pattern)),
];

describe("matchingString", () => {
  for (const pattern of patterns) {
    test(`matches ${pattern.slice(0, 60)}`, () => {
      const random = new SeededRandom(1);
      const regex = new RegExp(pattern, "u");
      const made = Array.from({ length: 50 }, () => matchingString(pattern, random));
      assert.deepEqual(
        made.filter((text) => !regex.test(text)),
        [],
      );
    });
  }

  test("comes near to a pattern that looks ahead, so that a few tries find a match", () => {
    const random = new SeededRandom(1);
    const made = Array.from({ length: 50 }, () => matchingString("^(?!00)[0-2]{2}$", random));
    assert.ok(made.every((text) => /^[0-2]{2}$/.test(text)));
    assert.ok(made.some((text) => text !== "00"));
  });
});
