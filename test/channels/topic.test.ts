import { assert, describe, expect, test } from "vitest";
import { topicMatch } from "../../channels/topic.ts";

describe("topicMatch", () => {
  test("a pattern without * matches itself only", () => {
    const matches = topicMatch("room:lobby");
    assert.isTrue(matches("room:lobby"));
    assert.isFalse(matches("room:lobby2"));
    assert.isFalse(matches("room:"));
  });

  test("a pattern that ends in * matches all that begins like it, with nothing behind as well", () => {
    const matches = topicMatch("room:*");
    assert.isTrue(matches("room:1"));
    assert.isTrue(matches("room:"));
    assert.isFalse(matches("rooms:1"));
    assert.isTrue(topicMatch("*")("anything"));
  });

  test("a * stands for itself in a topic", () => {
    assert.isTrue(topicMatch("room:*")("room:*"));
  });

  for (const pattern of ["*:room", "room:*:x", "room:**", 7, undefined]) {
    test(`refuses the pattern ${String(pattern)}`, () => {
      expect(() => topicMatch(pattern as string)).toThrow(
        expect.objectContaining({ code: "ROOKERY_TOPIC_PATTERN" }),
      );
    });
  }
});
