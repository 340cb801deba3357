import { describe, expect, test } from "vitest";
import { findStartFailure, isExpectedFailure, startFailureText } from "../../supervisors/start-failure.ts";

const nested = (id: string, reason: unknown) => ["shutdown", ["failed_to_start_child", id, reason]];
const textOf = (reason: unknown) => startFailureText(findStartFailure(reason));

describe("findStartFailure", () => {
  test("follows the supervisors down to the child that failed, and its reason", () => {
    const reason = nested("web", nested("http", "why"));
    expect(findStartFailure(reason)).toEqual({ path: ["web", "http"], reason: "why" });
  });

  test("is what a start function threw, without the tag that says that it was caught", () => {
    const inUse = new Error("in use");
    expect(findStartFailure(nested("web", ["EXIT", inUse]))).toEqual({ path: ["web"], reason: inUse });
    expect(findStartFailure(nested("web", ["EXIT", "why"]))).toEqual({ path: ["web"], reason: "why" });
  });

  test.each([["why"], [["shutdown", "x"]], [["shutdown", ["x", "y", "z"]]], [undefined]])(
    "takes %o as it is",
    (reason) => {
      expect(findStartFailure(reason)).toEqual({ path: [], reason });
    },
  );
});

describe("startFailureText", () => {
  test("says which child, and why", () => {
    const inUse = new Error("listen EADDRINUSE: address already in use 127.0.0.1:4000");
    expect(textOf(nested("web", nested("http", inUse)))).toBe(
      "child web > http failed to start: listen EADDRINUSE: address already in use 127.0.0.1:4000",
    );
  });

  test("is one line", () => {
    expect(textOf(nested("a", new Error("one\n  two\n")))).toBe("child a failed to start: one two ");
    expect(textOf({ much: "x".repeat(200), more: "y".repeat(200) })).not.toContain("\n");
  });
});

describe("isExpectedFailure", () => {
  test.each<[string, unknown, boolean]>([
    ["an error with a code", Object.assign(new Error("in use"), { code: "EADDRINUSE" }), true],
    ["an error without a code", new Error("boom"), false],
    [
      "a TypeError, though Node gives it a code",
      Object.assign(new TypeError("no"), { code: "ERR_INVALID_ARG_TYPE" }),
      false,
    ],
    ["a reason that is no error", "boom", false],
  ])("%s: %o -> %s", (_sentence, reason, expected) => {
    expect(isExpectedFailure({ path: [], reason })).toBe(expected);
  });
});
