import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInParts } from "../../runtime/json-parts.ts";

type Outcome = { readonly value: unknown } | { readonly refused: string };

function outcome(parse: () => unknown): Outcome {
  try {
    return { value: parse() };
  } catch (error) {
    return { refused: (error as Error).name };
  }
}

/** As one line for each value and each key, in order: values that are nested deeper than a comparison goes. */
function lines(root: unknown): string[] {
  const found: string[] = [];
  const open: (readonly [string, unknown])[] = [["", root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [key, value] = next;
    if (typeof value !== "object" || value === null) {
      found.push(`${key}: ${Object.is(value, -0) ? "-0" : JSON.stringify(value)}`);
      continue;
    }
    found.push(`${key}: ${Array.isArray(value) ? "list" : "object"}`);
    for (const inner of Reflect.ownKeys(value)) {
      const { value: held, ...flags } = Object.getOwnPropertyDescriptor(value, inner)!;
      open.push([`${String(inner)} ${Object.values(flags).join()}`, held]);
    }
  }
  return found;
}

/** That `text` is read in parts of `limit` as it is read whole. */
function expectSame(text: string, limit: number): void {
  const [expected, found] = [
    outcome(() => JSON.parse(text)),
    outcome(() => parseInParts(text, limit, JSON.parse)),
  ];
  if ("value" in expected && "value" in found) expect(lines(found.value)).toEqual(lines(expected.value));
  else expect(found).toEqual(expected);
}

const blank = fc.stringMatching(/^[ \n\r\t]{0,3}$/);
const quoted = (text: string): string => JSON.stringify(text);
const escaped = (text: string): string =>
  `"${text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("")}"`;
const anyText = fc.string({ unit: "binary", maxLength: 30 });
const key = fc.oneof(
  fc.constantFrom("a", "b", "__proto__", "1", "0", "toString", "constructor", "length", ""),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const scalar = fc.oneof(
  fc.constantFrom("true", "false", "null", "0", "-0", "1e400", "-1E-400", "12345678901234567890", "0.1e+5"),
  fc.constantFrom('"\\u0041\\ud83d"', '"\\ude00"', '"\\\\\\""', '"\\\\"', '""', '"},{"', '"[\\"1,"'),
  anyText.map(quoted),
  anyText.map(escaped),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const { value } = fc.letrec<{ value: string }>((tie) => {
  const spaced = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(blank, inner, blank).map((parts) => parts.join(""));
  const between = (opening: string, inner: fc.Arbitrary<string>, closing: string): fc.Arbitrary<string> =>
    fc
      .tuple(blank, fc.array(inner, { maxLength: 8 }))
      .map(([space, all]) => opening + (all.length === 0 ? space : all.join(",")) + closing);
  const member = fc
    .tuple(spaced(key.map(quoted)), spaced(tie("value")))
    .map(([name, held]) => `${name}:${held}`);
  return {
    value: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      scalar,
      between("[", spaced(tie("value")), "]"),
      between("{", member, "}"),
    ),
  };
});
const text = fc.tuple(blank, value, blank).map((parts) => parts.join(""));
const limit = fc.integer({ min: 1, max: 40 });
const edit = fc.record({
  at: fc.nat(),
  without: fc.nat(2),
  insert: fc.constantFrom(...'[]{},:"\\ \n\r\t0123-+.eEtfnu/x\u0001\u2028é', "", "😀"),
});

describe("parseInParts", () => {
  test("answers what JSON.parse does: order of keys, keys that are there twice, `__proto__`, -0, lone surrogates", () => {
    fc.assert(fc.property(text, limit, expectSame), { numRuns: 1_000 });
  });

  test("refuses what JSON.parse refuses", () => {
    const damaged = fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([whole, edits]) => {
      let rest = whole;
      for (const { at, without, insert } of edits) {
        const index = at % (rest.length + 1);
        rest = rest.slice(0, index) + insert + rest.slice(index + without);
      }
      return rest;
    });
    fc.assert(fc.property(damaged, limit, expectSame), { numRuns: 2_000 });
    const cut = fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1)));
    fc.assert(fc.property(cut, limit, expectSame), { numRuns: 1_000 });
    const junk = fc.string({ unit: fc.constantFrom(...'[]{},:"\\ 01-.etrufalsn1a\n') });
    fc.assert(fc.property(junk, limit, expectSame), { numRuns: 2_000 });
  });

  test.each([
    ["lists", "[", "", "]"],
    ["objects", '{"a":', "1", "}"],
    ["lists with something before and behind", "[1,", "2", ",3]"],
    ["objects with something before and behind", '{"a":1,"b":', "[]", ',"c":{}}'],
    ["lists that nobody closes", "[1,", "2", ""],
  ])("reads any depth: %s", (_, opening, inner, closing) => {
    for (const parts of [1, 7, 40, 500, 5_000])
      expectSame(opening.repeat(3_000) + inner + closing.repeat(3_000), parts);
  });

  test("gives the native one no more than the limit says, whatever is long", () => {
    const rows = JSON.stringify(
      Array.from({ length: 200 }, (_, id) => ({ id, name: `row ${id}`, tags: ["a", "b"] })),
    );
    const texts = [
      rows,
      `{"data":${rows},"more":[${rows}]}`,
      `["${"\\u0041\\n\\\\".repeat(500)}"]`,
      `{"${"key".repeat(500)}" ${" ".repeat(500)} : ${" ".repeat(500)} "${"a,".repeat(500)}"   }`,
      `${" ".repeat(5_000)}[${" ".repeat(500)}1${" ".repeat(500)}]`,
      `${"[1,".repeat(500)}2${"]".repeat(500)}`,
    ];
    for (const whole of texts)
      for (const parts of [50, 200]) {
        let longest = 0;
        const native = (part: string): unknown => {
          longest = Math.max(longest, part.length);
          return JSON.parse(part);
        };
        expect(parseInParts(whole, parts, native)).toEqual(JSON.parse(whole));
        expect(longest).toBeLessThanOrEqual(2 * parts + 2);
      }
  });

  test("says where a text is at fault, as far as it has read, and does not have it read again", () => {
    const rows = `[${Array.from({ length: 200 }, (_, id) => `{"id":${id},"name":"row ${id}"}`).join(",\n")}`;
    for (const rest of [
      "",
      "}",
      ",]",
      ",tru]",
      ',"\\x"]',
      ',"open',
      ",-]",
      ",{a:1}]",
      "] ]",
      ",1.]",
      ",01]",
    ]) {
      const whole = rows + rest;
      let longest = 0;
      const native = (part: string): unknown => {
        longest = Math.max(longest, part.length);
        return JSON.parse(part);
      };
      expect(() => parseInParts(whole, 100, native)).toThrow(
        expect.objectContaining({
          name: "SyntaxError",
          message: expect.stringMatching(/^The text is no JSON, at position \d+ or behind$/),
        }),
      );
      expect(longest).toBeLessThanOrEqual(202);
    }
  });
});
