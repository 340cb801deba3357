import { inspect, isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitError,
  ExitMessage,
  Pid,
  Ref,
  RookeryError,
  StartError,
} from "../../../runtime/index.ts";
import { TermWire } from "./term-wire.ts";

const wire = new TermWire();

const { Float16Array } = globalThis as { Float16Array?: new (items: Iterable<number>) => unknown };

const aBinary = fc.uint8Array({ maxLength: 64 }).chain((bytes) =>
  fc.constantFrom(
    bytes,
    Buffer.from(bytes),
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    new Uint16Array(new Uint8Array([...bytes, ...bytes]).buffer),
    new Float64Array(bytes),
    new BigInt64Array([...bytes].map(BigInt)),
    new DataView(new Uint8Array(bytes).buffer),
    // Not in the language of every Node that this is compiled for.
    Float16Array === undefined ? bytes : new Float16Array(bytes),
  ),
);

/** Any text but half a surrogate pair, which becomes U+FFFD. */
const aText = fc.string({ unit: "binary", maxLength: 60 });
const aKey = fc
  .oneof(
    aText,
    fc.constantFrom("constructor", "toString", "hasOwnProperty", "valueOf", "length", "then", "0", ""),
  )
  .filter((key) => key !== "__proto__");

const aTerm = fc.letrec<{ term: unknown }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    // The zero of a minus sign is zero on the other side.
    fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
    fc.boolean(),
    fc.constantFrom(null, undefined, Number.NaN, Number.NEGATIVE_INFINITY),
    aText,
    fc.date({ noInvalidDate: false }),
    fc.constantFrom(/a\/b/giu, /(?<x>.)\k<x>/v, new RegExp("")),
    aBinary,
    fc.array(tie("term"), { maxLength: 6 }),
    fc.array(tie("term"), { maxLength: 6 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie("term"), tie("term")), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.dictionary(aKey, tie("term"), { maxKeys: 6, noNullPrototype: true }),
    fc
      .dictionary(aKey, tie("term"), { maxKeys: 3, noNullPrototype: true })
      .map((object) => Object.freeze(object)),
  ),
})).term;

/** Tells -0 from 0, and an absent key from undefined; a key called `constructor` is one like any other. */
function expectSame(got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) expect.fail(`${inspect(got)} is not ${inspect(expected)}`);
}

describe("what is sent to another shard", () => {
  test("arrives equal, whatever it is made of", () => {
    fc.assert(
      fc.property(fc.array(aTerm, { minLength: 1, maxLength: 5 }), (terms) => {
        for (const term of terms) wire.add(term);
        expectSame(wire.take(), terms);
      }),
      { numRuns: 500 },
    );
  });

  test("arrives equal behind what could not be sent", () => {
    const refused = fc.constantFrom(
      () => {},
      Symbol("s"),
      Promise.resolve(),
      new WeakMap(),
      new URL("http://a"),
    );
    fc.assert(
      fc.property(aTerm, aKey, refused, aTerm, (before, key, bad, after) => {
        wire.add({ [key]: before, same: 1 });
        expect(() => wire.add({ first: before, [key]: [{ bad }], other: after })).toThrow(
          expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE" }),
        );
        wire.add({ [key]: after, same: 2 });
        expectSame(wire.take(), [
          { [key]: before, same: 1 },
          { [key]: after, same: 2 },
        ]);
      }),
      { numRuns: 300 },
    );
  });

  test("may be large: binaries of any size and kind, long texts, wide objects", () => {
    const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => at % 251);
    for (const size of [65_535, 65_536, 300_000]) {
      const all = [bytes(size), Buffer.from(bytes(size)), bytes(size).buffer, new Float64Array(bytes(size))];
      expect(wire.carried({ all, last: 1 })).toEqual({ all, last: 1 });
    }
    const view = bytes(200_000).subarray(50_000, 150_000);
    expect(wire.carried([view, view])).toEqual([view, view]);
    const text = "aä\u{1f600}".repeat(300_000);
    expect(wire.carried(text)).toBe(text);
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`key ${at}`, at]));
    expect(wire.carried(wide)).toEqual(wide);
  });

  test("keeps binaries and what they belong to together, also behind one that could not be sent", () => {
    const large = (fill: number): Uint8Array => new Uint8Array(70_000).fill(fill);
    wire.add([large(1), large(2)]);
    expect(() => wire.add([large(3), () => {}])).toThrow("message[1]");
    wire.add({ last: large(4) });
    expect(wire.take()).toEqual([[large(1), large(2)], { last: large(4) }]);
  });

  test("may have a getter that sends to a third one", () => {
    const third = new TermWire();
    const sent: unknown[] = [];
    const sentOn: unknown[] = [];
    const sendOn = (message: unknown): void => {
      third.send(message);
      sentOn.push(message);
    };
    for (let round = 0; round < 5; round += 1) {
      for (const more of [{}, { deep: { [`key ${round}`]: round } }]) {
        const fields = { first: round, ...more };
        const sending = {
          get second() {
            sendOn({ first: round, deep: { [`key ${round}`]: "on" } });
            sendOn({ first: "on", second: round });
            return 2;
          },
        };
        wire.send(Object.defineProperties(fields, Object.getOwnPropertyDescriptors(sending)));
        sent.push({ first: round, ...more, second: 2 });
      }
      for (const message of [{ first: 3, second: 4 }, { second: round }]) {
        wire.send(message);
        sent.push(message);
        sendOn(message);
      }
    }
    expect(wire.take()).toEqual(sent);
    expect(third.take()).toEqual(sentOn);
  });

  test("may have any number of shapes, again and again", () => {
    const shape = (at: number): object => ({ [`a${at}`]: at, [`b${at % 7}`]: { [`c${at % 200}`]: at } });
    for (let round = 0; round < 3; round += 1) {
      const objects = Array.from({ length: 3_000 }, (_, at) => shape(at));
      for (const object of objects) wire.add(object);
      expect(wire.take()).toEqual(objects);
    }
  });

  test("keeps pids, references and the messages of the runtime", () => {
    const [pid, ref] = [new Pid(1, 7, undefined), new Ref()];
    const carried = wire.carried({ pid, ref, again: [pid, ref] }) as { pid: Pid; ref: Ref; again: unknown[] };
    expect([carried.pid, carried.ref, ...carried.again]).toEqual([pid, ref, pid, ref]);
    expect(carried.pid).toBe(pid);
    expect(carried.ref).toBe(ref);
    for (const message of [new ExitMessage(pid, ["a", 1]), new DownMessage("DOWN", ref, pid, { b: 2 })]) {
      const arrived = wire.carried(message);
      expect(arrived).toStrictEqual(message);
      expect(arrived).toBeInstanceOf(message.constructor);
    }
  });
});

describe("an error that is sent to another shard", () => {
  class Own extends Error {
    override readonly name = "Own";
    readonly detail = new Map([["a", 1n]]);
  }
  const errors: Error[] = [
    new Error("plain"),
    new TypeError("of a class of the language", { cause: { deep: [1n] } }),
    new RangeError("with a cause", { cause: new Error("the cause", { cause: "its cause" }) }),
    Object.assign(new Error("with fields"), { code: "E", errno: -2, nested: { error: new Error("inner") } }),
    new AggregateError([new Error("one"), new TypeError("two")], "several"),
    new ExitError("ROOKERY_EXIT", "an exit", ["shutdown", { a: 1 }]),
    new StartError("a start", "boom", new Error("why")),
    new RookeryError("ROOKERY_X", "of the runtime", { cause: 1 }),
    new Own("of a class of its own"),
  ];

  test.each(errors)("keeps its class, message, stack, cause and fields: %s", (error) => {
    const arrived = wire.carried(error) as Error;
    expect(inspect(arrived, { depth: 9 })).toBe(inspect(error, { depth: 9 }));
    expect(arrived).toMatchObject({ name: error.name, message: error.message, stack: error.stack });
    expect(arrived.cause).toEqual(error.cause);
    if (!(error instanceof Own)) expect(arrived).toBeInstanceOf(error.constructor);
  });

  test.each(["constructor", "toString", "hasOwnProperty", "__proto__", 5, { deep: [1] }])(
    "may have been given any name: %s",
    (name) => {
      const arrived = wire.carried(Object.assign(new Error("named"), { name })) as Error;
      expect(arrived).toBeInstanceOf(Error);
      expect(arrived).toMatchObject({ name, message: "named" });
      expect(wire.carried("next")).toBe("next");
    },
  );

  test.each([[[1, [2]]], [undefined], [5n]])("may have been given any message: %o", (message) => {
    const arrived = wire.carried(Object.assign(new TypeError("of"), { message })) as Error;
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived.message).toEqual(message);
    expect(wire.carried("next")).toBe("next");
  });
});

describe("what can't be sent to another shard is refused with its place", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = { inner: [cyclic] };
  class Own {}
  class OwnMap extends Map<unknown, unknown> {}
  class OwnBytes extends Uint8Array {}
  const moved = new ArrayBuffer(8);
  structuredClone(moved, { transfer: [moved] });
  test.each([
    ["a function", { a: [1, () => {}] }, "message.a[1]"],
    ["a symbol", new Map([["k", Symbol("s")]]), "message.get(k)"],
    ["the key of a Map", new Map([[() => {}, 1]]), "message.key"],
    ["the member of a Set", new Set([Symbol("s")]), "message.member"],
    ["an instance of a class of one's own", { own: new Own() }, "message.own"],
    ["what contains itself", cyclic, "message.self.inner[0]"],
    ["a field of an error", Object.assign(new Error("x"), { socket: () => {} }), "message.socket"],
    ["the key __proto__", { a: JSON.parse('{"__proto__":1}') as unknown }, "message.a.__proto__"],
    ["that key with the prototype of all objects", { ["__proto__"]: Object.prototype }, "message.__proto__"],
    ["a promise", [Promise.resolve()], "message[0]"],
    [
      "one of the errors of an AggregateError",
      { all: new AggregateError([1, () => {}], "x") },
      "message.all.errors[1]",
    ],
    ["a Map of a class of one's own", { of: [new OwnMap()] }, "message.of[0]"],
    ["binary data of a class of one's own", new Map([["k", new OwnBytes(2)]]), "message.get(k)"],
    ["binary data that was moved elsewhere", { bytes: [moved] }, "message.bytes[0]"],
  ])("%s", (_, value, path) => {
    expect(() => wire.add(value)).toThrow(
      expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining(path) }),
    );
    expect(wire.carried("next")).toBe("next");
  });
});

test("what is nested too deep for the stack of any thread is refused at the send, what is not arrives", () => {
  const nested = (depth: number, level: (inner: unknown, at: number) => unknown): unknown => {
    let value: unknown = 0;
    for (let at = 0; at < depth; at += 1) value = level(value, at);
    return value;
  };
  for (const level of [
    (inner: unknown) => [inner],
    (inner: unknown, at: number) => ({ [`key ${at % 100}`]: inner }),
    (inner: unknown) => new Map([["key", inner]]),
    (inner: unknown) => new Set([inner]),
    (inner: unknown) => new Error("of", { cause: inner }),
  ]) {
    expect(isDeepStrictEqual(wire.carried(nested(900, level)), nested(900, level))).toBe(true);
    for (const depth of [1_200, 3_000, 100_000]) {
      expect(() => wire.add(nested(depth, level))).toThrow(
        expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE" }),
      );
    }
    expect(wire.carried("next")).toBe("next");
  }
});
