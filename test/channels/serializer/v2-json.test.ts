import { assert, describe, expect, test } from "vitest";
import { Broadcast, Message, ReplyMessage } from "../../../channels/message.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const code = (name: string): object => expect.objectContaining({ code: name });

// As recorded from Phoenix: topic room:noreply, joined as "3".
const topic = "room:noreply";
const topicHex = "726f6f6d3a6e6f7265706c79";
// kind 0, sizes of joinRef, ref, topic, event; "3" "4" room:noreply echo; the payload
const clientPush = hex(`00 01 01 0c 04  33 34 ${topicHex} 6563686f  000102ff`);
// kind 1, sizes of joinRef, ref, topic, status; "3" "4" room:noreply ok; the payload
const reply = hex(`01 01 01 0c 02  33 34 ${topicHex} 6f6b  000102ff`);
// kind 2, sizes of topic and event; room:noreply shout_binary; the payload
const broadcast = hex(`02 0c 0c  ${topicHex} 73686f75745f62696e617279  090807`);
// kind 0, sizes of joinRef, topic, event, no ref; "3" room:noreply echo; the payload
const serverPush = hex(`00 01 0c 04  33 ${topicHex} 6563686f  0a`);

describe("v2Json.decode of text", () => {
  test("reads the five elements", () => {
    assert.deepEqual(
      v2Json.decode('["1","2","room:1","shout",{"a":[1,null]}]'),
      new Message("1", "2", "room:1", "shout", { a: [1, null] }),
    );
  });

  test("keeps refs as they are, takes any payload, and ignores further elements", () => {
    assert.deepEqual(v2Json.decode('[null,7,"t","e","text","more"]'), new Message(null, 7, "t", "e", "text"));
    assert.deepEqual(v2Json.decode('[1.5,true,"t","e",null]'), new Message(1.5, true, "t", "e", null));
  });

  test("keeps a key that is called __proto__ a key", () => {
    const { payload } = v2Json.decode('["1","2","t","e",{"__proto__":{"admin":true}}]');
    assert.deepEqual(Object.keys(payload as object), ["__proto__"]);
    assert.isUndefined((payload as { admin?: unknown }).admin);
  });

  test("takes what is nested 500 levels deep, the frame among them, and refuses what is deeper", () => {
    const text = (levels: number, inside = ""): string =>
      `["1","2","t","e",${"[".repeat(levels - 1)}${inside}${"]".repeat(levels - 1)}]`;
    const wide = `"[{\\"[",${"[{}],".repeat(600)}"\\\\"`;
    assert.instanceOf(v2Json.decode(text(500, '"ü"')), Message);
    assert.instanceOf(v2Json.decode(text(498, wide)), Message);
    for (const deeper of [text(501), text(501, "1"), text(500, '{"a":1}'), text(499, wide)])
      expect(() => v2Json.decode(deeper)).toThrow(code("ROOKERY_FRAME_MALFORMED"));
  });

  for (const text of [
    "",
    "nonsense",
    "{}",
    "null",
    '"text"',
    "[]",
    '["1","2","t","e"]',
    '["1","2","t","e",{}',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => v2Json.decode(text)).toThrow(code("ROOKERY_FRAME_MALFORMED"));
    });
  }
});

describe("v2Json.decode of bytes", () => {
  test("reads a push", () => {
    assert.deepEqual(v2Json.decode(clientPush), new Message("3", "4", topic, "echo", hex("000102ff")));
  });

  test("reads empty fields as empty strings, and a payload of nothing", () => {
    assert.deepEqual(
      v2Json.decode(hex("00 00 00 01 01 74 65")),
      new Message("", "", "t", "e", Buffer.alloc(0)),
    );
  });

  test("refuses a push that ends within its header or its fields, wherever it is cut", () => {
    const payloadAt = clientPush.length - 4;
    for (let cut = 0; cut < payloadAt; cut += 1) {
      expect(() => v2Json.decode(clientPush.subarray(0, cut)), String(cut)).toThrow(
        code("ROOKERY_FRAME_MALFORMED"),
      );
    }
    for (let cut = payloadAt; cut <= clientPush.length; cut += 1) {
      assert.equal(v2Json.decode(clientPush.subarray(0, cut)).event, "echo");
    }
  });

  test("refuses what is no push", () => {
    for (const kind of [1, 2, 3, 255]) {
      expect(() => v2Json.decode(Buffer.from([kind, ...clientPush.subarray(1)]))).toThrow(
        code("ROOKERY_FRAME_MALFORMED"),
      );
    }
  });

  test("reads bytes that stand in the middle of a buffer", () => {
    const buffer = Buffer.concat([Buffer.alloc(3, 0xff), clientPush, Buffer.alloc(3, 0xff)]);
    const message = v2Json.decode(new Uint8Array(buffer.buffer, buffer.byteOffset + 3, clientPush.length));
    assert.deepEqual(message.payload, hex("000102ff"));
  });
});

describe("v2Json.encode", () => {
  test("writes a push as text", () => {
    const frame = v2Json.encode(new Message("1", null, "room:1", "presence_state", { a: { metas: [] } }));
    assert.equal(frame.data, '["1",null,"room:1","presence_state",{"a":{"metas":[]}}]');
  });

  test("writes a reply as text, whose response may be any JSON", () => {
    const texts = [{ room: "dup" }, [1], "text", 0, false, null, undefined].map(
      (payload) => v2Json.encode(new ReplyMessage("3", 3, "room:dup", "ok", payload)).data,
    );
    assert.deepEqual(texts, [
      '["3",3,"room:dup","phx_reply",{"response":{"room":"dup"},"status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":[1],"status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":"text","status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":0,"status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":false,"status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":null,"status":"ok"}]',
      '["3",3,"room:dup","phx_reply",{"response":{},"status":"ok"}]',
    ]);
  });

  test("writes an empty object for the response that is not there", () => {
    const { data } = v2Json.encode(new ReplyMessage(null, "1", "phoenix", "ok", undefined));
    assert.equal(data, '[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]');
  });

  test("writes a push, a reply and a broadcast of bytes", () => {
    assert.deepEqual(v2Json.encode(new Message("3", null, topic, "echo", hex("0a"))).data, serverPush);
    assert.deepEqual(v2Json.encode(new ReplyMessage("3", "4", topic, "ok", hex("000102ff"))).data, reply);
    assert.deepEqual(
      v2Json.encodeBroadcast(new Broadcast(topic, "shout_binary", new Uint8Array([9, 8, 7]))).data,
      broadcast,
    );
  });

  test("writes refs that are no strings as strings into a frame of bytes, and null as nothing", () => {
    const { data } = v2Json.encode(new ReplyMessage(null, 17, "t", "ok", Buffer.alloc(0)));
    assert.deepEqual(data, hex("01 00 02 01 02  3137 74 6f6b"));
  });

  test("writes a broadcast without refs", () => {
    const { data } = v2Json.encodeBroadcast(new Broadcast("room:1", "shout", { body: "žluť" }));
    assert.equal(data, '[null,null,"room:1","shout",{"body":"žluť"}]');
  });

  test("counts the sizes in bytes of UTF-8, 255 at most", () => {
    const fits = `${"ž".repeat(127)}x`;
    const frame = v2Json.encodeBroadcast(new Broadcast(fits, "e", Buffer.of(1))).data as Buffer;
    assert.deepEqual(frame.subarray(0, 3), hex("02 ff 01"));
    assert.equal(frame.length, 3 + 255 + 1 + 1);
    const long = "ž".repeat(128);
    for (const encode of [
      () => v2Json.encodeBroadcast(new Broadcast(long, "e", Buffer.of(1))),
      () => v2Json.encodeBroadcast(new Broadcast("t", long, Buffer.of(1))),
      () => v2Json.encode(new Message(long, null, "t", "e", Buffer.of(1))),
      () => v2Json.encode(new ReplyMessage("1", long, "t", "ok", Buffer.of(1))),
    ]) {
      expect(encode).toThrow(code("ROOKERY_FIELD_TOO_LONG"));
    }
    // A frame of text has no such limit.
    assert.isString(v2Json.encodeBroadcast(new Broadcast(long, "e", {})).data);
  });

  for (const payload of [null, undefined, "text", 1, true, [1], new ArrayBuffer(1), new Uint16Array(1)]) {
    test(`refuses ${String(payload) || typeof payload} as the payload of a push or broadcast`, () => {
      const wrong = payload as object;
      expect(() => v2Json.encode(new Message("1", null, "t", "e", wrong))).toThrow(code("ROOKERY_PAYLOAD"));
      expect(() => v2Json.encodeBroadcast(new Broadcast("t", "e", wrong))).toThrow(code("ROOKERY_PAYLOAD"));
    });
  }

  test("says which event has a payload that is no JSON", () => {
    expect(() => v2Json.encodeBroadcast(new Broadcast("t", "price", { cents: 1n }))).toThrow(
      expect.objectContaining({
        code: "ROOKERY_PAYLOAD_NOT_JSON",
        message: expect.stringContaining("price"),
      }),
    );
  });
});
