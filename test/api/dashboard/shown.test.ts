import { describe, expect, test } from "vitest";
import { frameText } from "../../../api/dashboard/frame-text.ts";
import { shown, shownInLine, shownText } from "../../../api/dashboard/shown.ts";

class Wallet {
  readonly owner = "Ada";
  readonly apiKey = "k-123";
  get balance(): number {
    throw new Error("never asked");
  }
}

describe("shown", () => {
  test("leaves out what stands under the name of a secret: in objects, maps and instances of classes", () => {
    const text = shown({
      user: { password: "hunter2", name: "Ada" },
      map: new Map<string, unknown>([["token", "t-123"]]),
      wallet: new Wallet(),
    });
    expect(text).not.toMatch(/hunter2|t-123|k-123/);
    expect(text).toContain('name: "Ada"');
    expect(text).toContain("Wallet {");
    expect(text.match(/\[FILTERED\]/g)).toHaveLength(3);
  });

  test("runs no code of a value", () => {
    const value = {
      get now(): number {
        throw new Error("never asked");
      },
      toString(): string {
        throw new Error("never asked");
      },
      toJSON(): string {
        throw new Error("never asked");
      },
    };
    expect(shown(value)).toContain("now: [computed]");
    expect(shown(new Wallet())).toContain('owner: "Ada"');
  });

  test("is never much longer than it may be, however large the value", () => {
    const large = Array.from({ length: 100_000 }, (_, index) => ({ index, text: "x".repeat(1_000) }));
    expect(shown(large).length).toBeLessThan(8_100);
    expect(shown(large)).toContain("…");
    expect(shown("x".repeat(100_000), 50).length).toBeLessThan(60);
  });

  test("ends where a value contains itself", () => {
    const value: Record<string, unknown> = {};
    value["self"] = value;
    expect(shown(value)).toContain("[circular]");
  });

  test("says which marks turn the direction of text, instead of letting them turn what comes behind", () => {
    const turned = { "na\u2067me": "a\u202eb", error: new Error("\u200f!") };
    expect(shownInLine(turned, 200)).toBe('{ na\\u2067me: "a\\u202eb", error: [Error: \\u200f!] }');
    expect(shownText("a\u2066b")).toBe("a\\u2066b");
    expect(shown("שלום")).toBe('"שלום"');
    const data = JSON.stringify([null, null, "room:\u202e1", "\u202eevent", {}]);
    expect(frameText({ direction: "in", data })).toMatchObject({
      topic: "room:\\u202e1",
      event: "\\u202eevent",
    });
  });

  test("says of bytes how many, and of errors what", () => {
    expect(shown(Buffer.from("abc"))).toBe("[3 bytes]");
    expect(shown(new TypeError("no such thing"))).toBe("[TypeError: no such thing]");
  });
});

describe("shownInLine", () => {
  test("says the same in one line", () => {
    expect(shownInLine({ a: 1, list: [1, { b: "x" }], none: {} }, 200)).toBe(
      '{ a: 1, list: [ 1, { b: "x" } ], none: {} }',
    );
  });
});

describe("shownText", () => {
  test("leaves out what stands under the name of a secret", () => {
    expect(shownText("{ password: 'hunter2', name: 'Ada' }")).toBe("{ password: [FILTERED], name: 'Ada' }");
    expect(shownText('login token="abc" failed')).toBe("login token=[FILTERED] failed");
  });
});
