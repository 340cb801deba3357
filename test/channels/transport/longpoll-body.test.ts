import { assert, describe, test } from "vitest";
import { framesOf } from "../../../channels/transport/longpoll-body.ts";

const NDJSON = "application/x-ndjson";
const framesIn = (body: string, type: string | undefined = NDJSON): (string | Uint8Array)[] | undefined =>
  framesOf(type, Buffer.from(body));

describe("framesOf", () => {
  test("takes each line of ndjson as a frame, after either line end", () => {
    assert.deepEqual(framesIn("[1]\n[2]\r\n[3]"), ["[1]", "[2]", "[3]"]);
  });

  test("takes the end of the last line for no further line", () => {
    assert.deepEqual(framesIn("[1]\n"), ["[1]"]);
    assert.deepEqual(framesIn("[1]\n\n[2]"), ["[1]", Buffer.alloc(0), "[2]"]);
    assert.deepEqual(framesIn(""), [Buffer.alloc(0)]);
  });

  test("takes a line that begins otherwise as base64 of a binary frame", () => {
    assert.deepEqual(framesIn("AAEBCg==\n[1]\n+/8="), [
      Buffer.from([0, 1, 1, 10]),
      "[1]",
      Buffer.from([0xfb, 0xff]),
    ]);
  });

  test("takes the first 100 lines and drops the rest", () => {
    const lines = Array.from({ length: 101 }, (_, index) => `[${index}]`);
    assert.deepEqual(framesIn(lines.join("\n")), lines.slice(0, 100));
    assert.deepEqual(framesIn(lines.slice(0, 100).join("\n")), lines.slice(0, 100));
    assert.deepEqual(framesIn(`${lines.slice(0, 100).join("\n")}\n`), lines.slice(0, 100));
  });

  test("takes the whole body as one text frame in any other type, or none", () => {
    for (const type of ["application/json", "text/plain", "application/json; charset=utf-8"])
      assert.deepEqual(framesIn('["a\nb"]\n', type), ['["a\nb"]\n']);
    assert.deepEqual(framesOf(undefined, Buffer.from("AAE=")), ["AAE="]);
  });

  test("knows the type whatever its case and its parameters", () => {
    assert.deepEqual(framesIn("[1]\n[2]", "Application/X-NDJSON; charset=utf-8"), ["[1]", "[2]"]);
  });

  const unreadable: readonly (readonly [what: string, body: string])[] = [
    ["base64 that is cut short", "AAE"],
    ["base64 of the other alphabet", "-_8="],
    ["a line that is neither", "{}"],
    ["one such line among others", "[1]\nAAE\n[2]"],
    ["base64 of more than 10 MB", "A".repeat(10_000_004)],
  ];
  for (const [what, body] of unreadable) {
    test(`reads nothing of ${what}`, () => assert.isUndefined(framesIn(body)));
  }

  test("reads nothing of what is no UTF-8, whatever the type", () => {
    for (const type of [NDJSON, "application/json"])
      assert.isUndefined(framesOf(type, Buffer.from([0x5b, 0xff, 0x5d])));
  });
});
