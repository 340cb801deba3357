import { assert, describe, expect, test } from "vitest";
import { type CheckOrigin, originCheck } from "../../../channels/transport/origin.ts";

function allows(option: CheckOrigin, origin: string | undefined, host = "app.example:4000"): boolean {
  return originCheck(option)(origin, host);
}

describe("originCheck", () => {
  for (const option of [true, false, ["//x.com"], () => false]) {
    test(`a request without origin passes with ${String(option)}`, () =>
      assert.isTrue(allows(option, undefined)));
  }

  test("false lets every page in", () => {
    assert.isTrue(allows(false, "http://evil.example"));
    assert.isTrue(allows(false, "null"));
  });

  test("true lets the pages of the requested host in, of whatever scheme and port", () => {
    assert.isTrue(allows(true, "https://app.example"));
    assert.isTrue(allows(true, "http://app.example:4000"));
    assert.isFalse(allows(true, "http://evil.example"));
    assert.isFalse(allows(true, "http://sub.app.example"));
    assert.isTrue(allows(true, "http://[::1]:4000", "[::1]:4000"));
    assert.isTrue(allows(true, "http://localhost:4000", "LOCALHOST:4000"));
    assert.isFalse(allows(true, "http://undefined", ""));
    assert.isFalse(originCheck(true)("http://app.example", undefined));
  });

  test("conn lets the pages of the requested host, scheme and port in", () => {
    const check = originCheck("conn");
    assert.isTrue(check("http://app.example:4000", "app.example:4000", false));
    assert.isTrue(check("https://app.example", "app.example:443", true));
    assert.isTrue(check("http://APP.example:80", "app.example", false));
    assert.isFalse(check("https://app.example:4000", "app.example:4000", false));
    assert.isFalse(check("http://app.example", "app.example", true));
    assert.isFalse(check("http://app.example:81", "app.example", false));
    assert.isFalse(check("http://evil.example:4000", "app.example:4000", false));
    assert.isFalse(check("http://app.example", undefined, false));
    assert.isTrue(check(undefined, "app.example", false));
  });

  for (const origin of ["null", "", "app.example", "//app.example", "file:///x"]) {
    test(`the origin ${JSON.stringify(origin)} passes no check`, () => {
      assert.isFalse(allows(true, origin));
      assert.isFalse(allows(["//app.example"], origin));
      assert.isFalse(allows(() => true, origin));
    });
  }

  const table: readonly (readonly [allowed: string, passes: string[], fails: string[]])[] = [
    [
      "//x.com",
      ["http://x.com", "https://x.com:81", "https://X.COM"],
      ["http://a.x.com", "http://x.com.evil.example"],
    ],
    ["https://x.com", ["https://x.com", "https://x.com:443"], ["http://x.com", "https://x.com:8443"]],
    [
      "http://allowed.example",
      ["http://allowed.example"],
      ["https://allowed.example", "http://allowed.example:81"],
    ],
    ["//x.com:81", ["http://x.com:81", "https://x.com:81"], ["http://x.com", "http://x.com:82"]],
    ["//x.com:80", ["http://x.com"], ["https://x.com"]],
    ["//*.x.com", ["http://x.com", "https://a.b.x.com:9"], ["http://ax.com", "http://x.com.evil.example"]],
    ["HTTPS://X.com/", ["https://x.com"], ["http://x.com"]],
  ];
  for (const [allowed, passes, fails] of table) {
    test(`${allowed} in a list`, () => {
      for (const origin of passes) assert.isTrue(allows(["//other.example", allowed], origin), origin);
      for (const origin of fails) assert.isFalse(allows(["//other.example", allowed], origin), origin);
    });
  }

  test("a function decides itself", () => {
    assert.isTrue(allows((origin) => origin.port === "81", "http://x.com:81"));
    assert.isFalse(allows((origin) => origin.port === "81", "http://x.com:82"));
  });

  for (const option of ["x.com", "connection", ["x.com"], ["//"], [""], [7], 7, null]) {
    test(`refuses the option ${JSON.stringify(option)}`, () => {
      expect(() => originCheck(option as CheckOrigin)).toThrow(
        expect.objectContaining({ code: "ROOKERY_ORIGIN" }),
      );
    });
  }
});
