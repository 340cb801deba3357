import fc from "fast-check";
import { assert, describe, expect, test } from "vitest";
import { decodeTerm } from "../../../channels/token/decode-term.ts";
import { encodeTerm } from "../../../channels/token/encode-term.ts";
import { TermTag } from "../../../channels/token/term-tag.ts";
import { tuple } from "../../../channels/token/tuple.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

/** Written by hand from the page of the external term format; 83 is its version. */
const literals: readonly (readonly [name: string, term: unknown, bytes: Buffer])[] = [
  ["a byte", 255, hex("83 61 ff")],
  ["an integer of 32 bits", 256, hex("83 62 00000100")],
  ["a negative integer", -1, hex("83 62 ffffffff")],
  ["the smallest integer of 32 bits", -2147483648, hex("83 62 80000000")],
  ["a larger integer, little endian with its sign", 2147483648, hex("83 6e 04 00 00000080")],
  ["a larger negative integer", -2147483649, hex("83 6e 04 01 01000080")],
  ["a bigint", 2n ** 64n, hex("83 6e 09 00 000000000000000001")],
  ["a bigint of more than 255 bytes", 2n ** 2048n, hex(`83 6f 00000101 00 ${"00".repeat(256)}01`)],
  ["a float", 1.5, hex("83 46 3ff8000000000000")],
  ["nil", null, hex("83 64 0003 6e696c")],
  ["true", true, hex("83 64 0004 74727565")],
  ["an atom", Symbol.for("ok"), hex("83 64 0002 6f6b")],
  ["an atom beyond Latin-1", Symbol.for("ž"), hex("83 76 0002 c5be")],
  ["a binary", "ž", hex("83 6d 00000002 c5be")],
  ["a binary that is no UTF-8", new Uint8Array([0xff]), hex("83 6d 00000001 ff")],
  ["the empty list", [], hex("83 6a")],
  ["a list of bytes, which is a string", [1, 2], hex("83 6b 0002 0102")],
  ["a list", [256], hex("83 6c 00000001 62 00000100 6a")],
  ["a tuple", tuple(1, tuple()), hex("83 68 02 61 01 68 00")],
  ["a map with atoms as keys", new Map([[Symbol.for("a"), 1]]), hex("83 74 00000001 64 0001 61 61 01")],
];

describe("encodeTerm", () => {
  for (const [name, term, bytes] of literals) {
    test(`writes ${name}`, () => assert.deepEqual(encodeTerm(term), bytes));
  }

  test("sorts the keys of a map as Erlang does: numbers, atoms, binaries", () => {
    const map = new Map<unknown, number>([
      ["b", 1],
      ["a", 2],
      [Symbol.for("z"), 3],
      [10, 4],
      [9, 5],
    ]);
    const sorted = new Map<unknown, number>([
      [9, 5],
      [10, 4],
      [Symbol.for("z"), 3],
      ["a", 2],
      ["b", 1],
    ]);
    assert.deepEqual([...(decodeTerm(encodeTerm(map)) as Map<unknown, number>)], [...sorted]);
    assert.deepEqual(encodeTerm({ b: 1, a: 2 }), encodeTerm({ a: 2, b: 1 }));
  });

  for (const term of [
    undefined,
    Number.NaN,
    Infinity,
    () => 1,
    Symbol("local"),
    new Date(0),
    { a: undefined },
  ]) {
    test(`refuses ${typeof term} ${String(term)}`, () => {
      expect(() => encodeTerm(term)).toThrow(expect.objectContaining({ code: "ROOKERY_TERM" }));
    });
  }

  test("refuses what refers to itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => encodeTerm(loop)).toThrow(expect.objectContaining({ code: "ROOKERY_TERM" }));
  });
});

describe("decodeTerm", () => {
  for (const [name, term, bytes] of literals) {
    test(`reads ${name}`, () => assert.deepEqual(decodeTerm(bytes), term));

    test(`refuses ${name} cut short or with a byte too many`, () => {
      for (let cut = 0; cut < bytes.length; cut += 1) {
        expect(() => decodeTerm(bytes.subarray(0, cut)), String(cut)).toThrow(
          expect.objectContaining({ code: "ROOKERY_TERM" }),
        );
      }
      expect(() => decodeTerm(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(
        expect.objectContaining({ code: "ROOKERY_TERM" }),
      );
    });
  }

  test("reads atoms as OTP 26 and later write them, and as OTP 19 and earlier did", () => {
    assert.equal(decodeTerm(hex("83 77 02 6f6b")), Symbol.for("ok"));
    assert.equal(decodeTerm(hex("83 77 03 6e696c")), null);
    assert.equal(decodeTerm(hex("83 73 02 6f6b")), Symbol.for("ok"));
  });

  test("reads a float in letters", () => {
    const letters = Buffer.alloc(31);
    letters.write("1.50000000000000000000e+00");
    assert.equal(decodeTerm(Buffer.concat([hex("83 63"), letters])), 1.5);
  });

  test("reads an integer that fits into a number as a number, however it was written", () => {
    assert.equal(decodeTerm(hex("83 6e 01 00 07")), 7);
    assert.equal(decodeTerm(hex("83 6e 00 00")), 0);
  });

  test("reads a map with strings as keys as an object that has no prototype", () => {
    const map = decodeTerm(encodeTerm(JSON.parse('{"__proto__":1,"a":2}'))) as Record<string, unknown>;
    assert.equal(Object.getPrototypeOf(map), null);
    assert.deepEqual(Object.entries(map), [
      ["__proto__", 1],
      ["a", 2],
    ]);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["a function (NEW_FUN_EXT)", "83 70 00000000"],
    ["a function of old (FUN_EXT)", "83 75 00000000"],
    ["a function of a module (EXPORT_EXT)", "83 71 64 0001 61 64 0001 62 61 00"],
    ["a pid", "83 58 64 0001 61 00000001 00000000 00000000"],
    ["a reference", "83 5a 0001 64 0001 61 00000000 00000000"],
    ["a port", "83 66 64 0001 61 00000001 00"],
    ["bits that are no bytes", "83 4d 00000001 01 80"],
    ["what is compressed", "83 50 00000001 789c03000000000001"],
    ["a list with a tail", "83 6c 00000001 61 01 61 02"],
    ["a function inside a tuple", "83 68 01 70 00000000"],
    ["another version", "82 61 01"],
    ["a tuple that promises more than is there", "83 69 ffffffff"],
    ["a map that promises more than is there", "83 74 ffffffff"],
  ];
  for (const [name, bytes] of refused) {
    test(`refuses ${name}`, () => {
      expect(() => decodeTerm(hex(bytes))).toThrow(expect.objectContaining({ code: "ROOKERY_TERM" }));
    });
  }

  test("refuses a term that is nested too deep for the stack", () => {
    const deep = Buffer.concat([hex("83"), Buffer.from("6801".repeat(100_000), "hex"), hex("6100")]);
    expect(() => decodeTerm(deep)).toThrow(expect.objectContaining({ code: "ROOKERY_TERM" }));
  });

  test("reads back what encodeTerm writes", () => {
    const { term } = fc.letrec<{ term: unknown }>((tie) => ({
      term: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.bigInt().filter((value) => !Number.isSafeInteger(Number(value))),
        fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
        fc.string({ unit: "grapheme" }),
        fc.constantFrom(null, true, false, Symbol.for("ok")),
        fc.array(tie("term"), { maxLength: 4 }),
        fc.array(tie("term"), { maxLength: 4 }).map((elements) => tuple(...elements)),
        fc.dictionary(fc.string(), tie("term"), { maxKeys: 4, noNullPrototype: false }),
      ),
    }));
    fc.assert(
      fc.property(term, (value) => {
        expect(decodeTerm(encodeTerm(value))).toEqual(value);
      }),
    );
  });

  const readOrRefused = (bytes: Uint8Array): void => {
    try {
      decodeTerm(bytes);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "ROOKERY_TERM");
    }
  };

  test("throws ROOKERY_TERM for bytes that are none, and nothing else", () => {
    const tags = fc.constantFrom(...Object.values(TermTag));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.oneof(tags, fc.nat(3)), { maxLength: 40 }),
    );
    fc.assert(
      fc.property(bytes, (some) => readOrRefused(Buffer.from([131, ...some]))),
      { numRuns: 2_000 },
    );
  });

  test("throws ROOKERY_TERM, and nothing else, for a good term of which a byte is another", () => {
    const good = encodeTerm([
      tuple(1, "two", 3.5, 2n ** 70n, null),
      { a: [1, 2], b: Symbol.for("c") },
      new Map(),
    ]);
    for (let at = 0; at < good.length; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = Buffer.from(good);
        changed[at] = byte;
        readOrRefused(changed);
      }
    }
  });
});
