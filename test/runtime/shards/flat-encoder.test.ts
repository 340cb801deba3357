import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { REUSE_BUFFER_MODE } from "msgpackr";
import { expect, test } from "vitest";
import { FlatEncoder } from "../../../runtime/shards/flat-encoder.ts";
import { newPackr, type Packed } from "../../../runtime/shards/term-types.ts";
import { TermWire } from "./term-wire.ts";

/** An encoder that has seen what msgpackr makes of each of these, twice. */
function knowing(...records: object[]): FlatEncoder {
  const packr = newPackr();
  const flat = new FlatEncoder();
  flat.follow(packr);
  for (const record of [...records, ...records]) flat.learn(packr.pack(record, REUSE_BUFFER_MODE) as Packed);
  return flat;
}

function hex(packed: Packed | undefined): string | undefined {
  return packed?.toString("hex", packed.start, packed.end);
}

test.each([
  [0, "00"],
  [63, "3f"],
  [64, "ce00000040"],
  [4_294_967_295, "ceffffffff"],
  [4_294_967_296, "cb41f0000000000000"],
  [-1, "cbbff0000000000000"],
  [0.5, "cb3fe0000000000000"],
  ["", "a0"],
  ["abc", "a3616263"],
  ["a".repeat(32), `d920${"61".repeat(32)}`],
  [null, "c0"],
  [false, "c2"],
  [true, "c3"],
])("%j is these bytes", (value, bytes) => {
  expect(hex(knowing().encode(value))).toBe(bytes);
});

test("a record is the name that msgpackr has given its keys, and its values", () => {
  const flat = knowing({ a: 1 }, { a: 1, b: 1 }, {});
  expect(hex(flat.encode({ a: 5 }))).toBe("4005");
  expect(hex(flat.encode({ a: "x", b: null }))).toBe("41a178c0");
  expect(hex(flat.encode({}))).toBe("42");
});

test.each([
  ["other keys", { b: 1 }],
  ["the same keys in another order", { b: 1, a: 1 }],
  ["less keys", { a: 1 }],
  ["more keys", { a: 1, b: 1, c: 1 }],
  ["anything inside", { a: 1, b: [] }],
  ["undefined", { a: 1, b: undefined }],
  ["text that is not ASCII", { a: 1, b: "ä" }],
  ["a long text", { a: 1, b: "b".repeat(64) }],
  ["a key __proto__", { a: 1, ["__proto__"]: Object.prototype }],
  ["a class of its own", Object.assign(new (class Own {})(), { a: 1, b: 1 })],
  ["no prototype", Object.assign(Object.create(null), { a: 1, b: 1 })],
])("what has %s is left to msgpackr", (_, value) => {
  expect(knowing({ a: 1, b: 1 }).encode(value)).toBeUndefined();
});

test("a name that was given to other keys stands for these only", () => {
  const packr = newPackr();
  const flat = new FlatEncoder();
  flat.follow(packr);
  const learn = (record: object): void => flat.learn(packr.pack(record, REUSE_BUFFER_MODE) as Packed);
  learn({ first: 1 });
  learn({ first: 1 });
  for (let at = 0; at < 64; at += 1) packr.pack({ [`key${at}`]: 1 });
  expect(flat.encode({ first: 1 })).toBeUndefined();
  learn({ key63: 1 });
  expect(hex(flat.encode({ key63: 2 }))).toBe("4002");
});

test("keys that are named anew again and again stand for their latest name", () => {
  const packr = newPackr();
  const flat = new FlatEncoder();
  flat.follow(packr);
  for (let round = 0; round < 5; round += 1) {
    for (let at = 0; at < 65 - (round % 2); at += 1) packr.pack({ [`key${at}`]: 1 });
    packr.pack({ same: 1 });
    const packed = packr.pack({ same: 1 }, REUSE_BUFFER_MODE) as Packed;
    flat.learn(packed);
    expect(hex(flat.encode({ same: 1 }))).toBe(hex(packed));
  }
});

test("messages of any shape arrive as they were sent, in their order, with others between them that could not be sent", () => {
  const aPlain = fc.oneof(
    fc.nat(300),
    fc.integer(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.string({ unit: "grapheme", maxLength: 70 }),
    fc.constantFrom(true, false, null, undefined),
  );
  const aKey = fc.constantFrom("a", "b", "c", "0", "constructor");
  const aFlat = fc.dictionary(aKey, aPlain, { maxKeys: 4, noNullPrototype: true });
  const aMessage = fc.oneof(
    { weight: 6, arbitrary: aFlat },
    { weight: 1, arbitrary: aPlain },
    { weight: 1, arbitrary: fc.dictionary(aKey, fc.oneof(aPlain, aFlat), { noNullPrototype: true }) },
    { weight: 1, arbitrary: fc.nat(200).map((at) => ({ [`key${at}`]: at })) },
    { weight: 1, arbitrary: fc.array(aFlat, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(() => {}) },
  );
  fc.assert(
    fc.property(fc.array(aMessage, { minLength: 50, maxLength: 400 }), (messages) => {
      const wire = new TermWire();
      const sent: unknown[] = [];
      for (const message of messages) {
        if (typeof message === "function") {
          expect(() => wire.send({ a: 1, new: { message } })).toThrow("message.new.message");
        } else {
          wire.send(message);
          sent.push(message);
        }
      }
      // A key called `constructor` is one like any other.
      expect(isDeepStrictEqual(wire.take(), sent)).toBe(true);
    }),
    { numRuns: 100 },
  );
});
