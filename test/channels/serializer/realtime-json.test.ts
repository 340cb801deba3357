import { assert, describe, expect, test } from "vitest";
import { Broadcast, Message, ReplyMessage } from "../../../channels/message.ts";
import { realtimeJson } from "../../../channels/serializer/realtime-json.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
const code = (name: string): object => expect.objectContaining({ code: name });

const topic = "realtime:room";
const topicHex = "7265616c74696d653a726f6f6d";
// kind 3, sizes of joinRef, ref, topic, userEvent, metadata, the encoding; "1" "2" realtime:room cursor; {"x":1}
const jsonPush = hex(`03 01 01 0d 06 00 01  31 32 ${topicHex} 637572736f72  7b2278223a317d`);
// The same with {"persist":true} as metadata, and bytes.
const bytesPush = hex(
  `03 01 01 0d 06 10 00  31 32 ${topicHex} 637572736f72 7b2270657273697374223a747275657d  ca fe`,
);
// kind 4, sizes of topic, userEvent, metadata, the encoding; realtime:room cursor; the payload
const userBroadcast = hex(`04 0d 06 00 00  ${topicHex} 637572736f72  ca fe`);

describe("realtimeJson.decode", () => {
  test("reads a user's push of JSON as a push of broadcast", () => {
    assert.deepEqual(
      realtimeJson.decode(jsonPush),
      new Message("1", "2", topic, "broadcast", { type: "broadcast", event: "cursor", payload: { x: 1 } }),
    );
  });

  test("reads a user's push of bytes, with its metadata beside them", () => {
    assert.deepEqual(
      realtimeJson.decode(bytesPush),
      new Message("1", "2", topic, "broadcast", {
        persist: true,
        type: "broadcast",
        event: "cursor",
        payload: hex("ca fe"),
      }),
    );
  });

  test("does not let metadata stand for the event", () => {
    // {"event":"x"} as metadata
    const frame = hex("03 00 00 01 01 0d 00  74 65 7b226576656e74223a2278227d");
    assert.deepEqual(realtimeJson.decode(frame).payload, {
      type: "broadcast",
      event: "e",
      payload: Buffer.alloc(0),
    });
  });

  test("refuses a frame that ends within its header or its fields, wherever it is cut", () => {
    const payloadAt = bytesPush.length - 2;
    for (let cut = 1; cut < payloadAt; cut += 1) {
      expect(() => realtimeJson.decode(bytesPush.subarray(0, cut)), String(cut)).toThrow(
        code("ROOKERY_FRAME_MALFORMED"),
      );
    }
    for (let cut = payloadAt; cut <= bytesPush.length; cut += 1) {
      assert.equal(realtimeJson.decode(bytesPush.subarray(0, cut)).event, "broadcast");
    }
  });

  const malformed: readonly (readonly [what: string, bytes: string])[] = [
    ["an unknown encoding", "03 00 00 01 01 00 02 74 65"],
    ["a payload that is no JSON", "03 00 00 01 01 00 01 74 65 7b"],
    ["no payload where JSON is announced", "03 00 00 01 01 00 01 74 65"],
    ["metadata that is no JSON", "03 00 00 01 01 01 00 74 65 7b"],
    ["metadata that is no object", "03 00 00 01 01 02 00 74 65 5b5d"],
    ["a server's kind", "04 01 01 00 00 74 65"],
    ["nothing", ""],
  ];
  for (const [what, bytes] of malformed) {
    test(`refuses ${what}`, () => {
      expect(() => realtimeJson.decode(hex(bytes))).toThrow(code("ROOKERY_FRAME_MALFORMED"));
    });
  }

  test("reads the frames of version 2", () => {
    const text = '["1","2","t","e",{}]';
    assert.deepEqual(realtimeJson.decode(text), v2Json.decode(text));
    const bytes = hex("00 01 01 01 01  31 32 74 65  ff");
    assert.deepEqual(realtimeJson.decode(bytes), v2Json.decode(bytes));
  });
});

describe("realtimeJson.encode", () => {
  const payload = { type: "broadcast", event: "cursor", payload: Uint8Array.of(0xca, 0xfe) };

  test("writes a broadcast of a user's bytes, and a push of them, without refs", () => {
    assert.deepEqual(
      realtimeJson.encodeBroadcast(new Broadcast(topic, "broadcast", payload)).data,
      userBroadcast,
    );
    const push = realtimeJson.encode(new Message("1", null, topic, "broadcast", payload));
    assert.deepEqual(push.data, userBroadcast);
  });

  test("writes meta as metadata", () => {
    const replayed = new Broadcast("t", "broadcast", { ...payload, event: "e", meta: { id: 7 } });
    assert.deepEqual(
      realtimeJson.encodeBroadcast(replayed).data,
      // {"id":7}
      hex("04 01 01 08 00  74 65 7b226964223a377d  ca fe"),
    );
  });

  test("counts the sizes in bytes of UTF-8, 255 at most", () => {
    const fits = `${"ž".repeat(127)}x`;
    const frame = realtimeJson.encodeBroadcast(new Broadcast(fits, "broadcast", payload)).data as Buffer;
    assert.deepEqual(frame.subarray(0, 5), hex("04 ff 06 00 00"));
    for (const broadcast of [
      new Broadcast("ž".repeat(128), "broadcast", payload),
      new Broadcast("t", "broadcast", { ...payload, event: "ž".repeat(128) }),
      new Broadcast("t", "broadcast", { ...payload, meta: { id: "x".repeat(247) } }),
    ]) {
      expect(() => realtimeJson.encodeBroadcast(broadcast)).toThrow(code("ROOKERY_FIELD_TOO_LONG"));
    }
  });

  test("writes all else as version 2 does", () => {
    for (const broadcast of [
      new Broadcast(topic, "broadcast", { type: "broadcast", event: "cursor", payload: { x: 1 } }),
      new Broadcast(topic, "presence_diff", { joins: {}, leaves: {} }),
      new Broadcast(topic, "other", payload),
      new Broadcast(topic, "broadcast", Uint8Array.of(1)),
    ]) {
      assert.deepEqual(realtimeJson.encodeBroadcast(broadcast), v2Json.encodeBroadcast(broadcast));
    }
    const reply = new ReplyMessage("1", "2", topic, "ok", payload);
    assert.deepEqual(realtimeJson.encode(reply), v2Json.encode(reply));
    const push = new Message("1", null, topic, "system", { status: "ok" });
    assert.deepEqual(realtimeJson.encode(push), v2Json.encode(push));
  });
});
