import { assert, describe, expect, test } from "vitest";
import { Broadcast, Message, ReplyMessage } from "../../../channels/message.ts";
import { v1Json } from "../../../channels/serializer/v1-json.ts";

const code = (name: string): object => expect.objectContaining({ code: name });

describe("v1Json.decode", () => {
  test("reads an object, and heeds its join_ref", () => {
    const text = '{"topic":"room:1","event":"shout","payload":{"a":[1,null]},"ref":"2"}';
    assert.deepEqual(v1Json.decode(text), new Message(null, "2", "room:1", "shout", { a: [1, null] }));
    const joined = '{"join_ref":"1","payload":null,"ref":null,"event":"e","topic":"t","more":1}';
    assert.deepEqual(v1Json.decode(joined), new Message("1", null, "t", "e", null));
  });

  test("reads JSON from a frame of bytes as well", () => {
    const bytes = Buffer.from('{"topic":"ž","event":"e","payload":{},"ref":7}');
    assert.deepEqual(v1Json.decode(bytes), new Message(null, 7, "ž", "e", {}));
  });

  for (const text of [
    "",
    "nonsense",
    "null",
    '"text"',
    '["1","2","room:1","shout",{}]',
    '{"event":"e","payload":{},"ref":"1"}',
    '{"topic":"t","payload":{},"ref":"1"}',
    '{"topic":"t","event":"e","ref":"1"}',
    '{"topic":"t","event":"e","payload":{}}',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => v1Json.decode(text)).toThrow(code("ROOKERY_FRAME_MALFORMED"));
    });
  }
});

describe("v1Json.encode", () => {
  test("writes a push and a broadcast, without join_ref", () => {
    assert.equal(
      v1Json.encode(new Message("1", null, "room:1", "feed", { a: 1 })).data,
      '{"topic":"room:1","event":"feed","payload":{"a":1},"ref":null}',
    );
    assert.equal(
      v1Json.encodeBroadcast(new Broadcast("room:1", "shout", { body: "žluť" }))!.data,
      '{"topic":"room:1","event":"shout","payload":{"body":"žluť"},"ref":null}',
    );
  });

  test("writes a reply, whose response may be any JSON", () => {
    const texts = [{ a: 1 }, [1], false, null, undefined].map(
      (payload) => v1Json.encode(new ReplyMessage("1", 3, "t", "maybe", payload)).data,
    );
    assert.deepEqual(texts, [
      '{"topic":"t","event":"phx_reply","payload":{"response":{"a":1},"status":"maybe"},"ref":3}',
      '{"topic":"t","event":"phx_reply","payload":{"response":[1],"status":"maybe"},"ref":3}',
      '{"topic":"t","event":"phx_reply","payload":{"response":false,"status":"maybe"},"ref":3}',
      '{"topic":"t","event":"phx_reply","payload":{"response":null,"status":"maybe"},"ref":3}',
      '{"topic":"t","event":"phx_reply","payload":{"response":{},"status":"maybe"},"ref":3}',
    ]);
  });

  test("has no frame for bytes: a push or a reply of them fails, a broadcast has none", () => {
    const bytes = Uint8Array.of(1);
    for (const message of [
      new Message("1", null, "t", "e", bytes),
      new ReplyMessage("1", "2", "t", "ok", bytes),
    ]) {
      expect(() => v1Json.encode(message)).toThrow(code("ROOKERY_PAYLOAD_NOT_JSON"));
    }
    assert.isUndefined(v1Json.encodeBroadcast(new Broadcast("t", "e", bytes)));
  });

  test("refuses a payload of a push or a broadcast that is no object, or no JSON", () => {
    for (const [payload, error] of [
      ["text", "ROOKERY_PAYLOAD"],
      [[1], "ROOKERY_PAYLOAD"],
      [{ n: 1n }, "ROOKERY_PAYLOAD_NOT_JSON"],
    ] as const) {
      const wrong = payload as object;
      expect(() => v1Json.encode(new Message("1", null, "t", "e", wrong))).toThrow(code(error));
      expect(() => v1Json.encodeBroadcast(new Broadcast("t", "e", wrong))).toThrow(code(error));
    }
  });
});
