import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../../api/repo/base64url.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary-ascii" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("\uFFFD", "\u0080", "\u007F", "\u0000", "é", "日本", "😀"),
);

describe("base64url", () => {
  test("is that of RFC 4648, without padding", () => {
    for (const [text, encoded] of [
      ["", ""],
      ["f", "Zg"],
      ["fo", "Zm8"],
      ["foo", "Zm9v"],
      ["foobar", "Zm9vYmFy"],
      ["??>>~~", "Pz8-Pn5-"],
      ["???", "Pz8_"],
      ["é", "w6k"],
    ] as const) {
      assert.equal(encodeBase64url(text), encoded);
      assert.equal(decodeBase64url(encoded), text);
    }
  });

  test("says what Node's own says, and comes back as it was", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const encoded = encodeBase64url(text);
        assert.equal(encoded, Buffer.from(text).toString("base64url"));
        assert.equal(decodeBase64url(encoded), text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is nothing else than what a text becomes", () => {
    const symbol = fc.constantFrom(..."ABCQRSTgwxyz0189-_+/=. \n\u00E9\u0141");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: symbol, maxLength: 12 }), fc.base64String()), (given) => {
        const text = Buffer.from(given, "base64url").toString();
        const isText = Buffer.from(text).toString("base64url") === given;
        assert.equal(decodeBase64url(given), isText ? text : undefined);
      }),
      { numRuns: 5_000 },
    );
  });
});
