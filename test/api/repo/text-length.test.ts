import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { textLength } from "../../../api/repo/text-length.ts";

describe("textLength", () => {
  test("counts what a reader sees, code points, or bytes", () => {
    assert.equal(textLength("e\u0301👍🏽", "graphemes", 10), 2);
    assert.equal(textLength("e\u0301👍🏽", "codepoints", 10), 4);
    assert.equal(textLength("e\u0301👍🏽", "bytes", 10), 11);
    assert.equal(textLength("", "graphemes", 10), 0);
  });

  test("counts right up to the maximum, and stops behind it", () => {
    const segmenter = new Intl.Segmenter();
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat({ max: 12 }), (text, max) => {
        const graphemes = [...segmenter.segment(text)].length;
        const length = textLength(text, "graphemes", max);
        assert.ok(graphemes <= max ? length === graphemes : length > max && length <= graphemes);
        const codePoints = [...text].length;
        const points = textLength(text, "codepoints", max);
        assert.ok(codePoints <= max ? points === codePoints : points > max && points <= codePoints);
      }),
    );
  });
});
