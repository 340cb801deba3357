import fc from "fast-check";
import { assert, describe, test } from "vitest";
import { Message } from "../../../channels/message.ts";
import { realtimeJson } from "../../../channels/serializer/realtime-json.ts";
import type { Serializer } from "../../../channels/serializer/serializer.ts";
import { v1Json } from "../../../channels/serializer/v1-json.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";

const serializers: Readonly<Record<string, Serializer>> = { v1Json, v2Json, realtimeJson };

/** Bytes that are mostly nearly a frame: a kind, some sizes, then anything. */
const frames = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(
      fc.constantFrom(0, 1, 2, 3, 4),
      fc.uint8Array({ minLength: 4, maxLength: 6, max: 6 }),
      fc.uint8Array({ maxLength: 30 }),
    )
    .map(([kind, sizes, rest]) => Uint8Array.of(kind, ...sizes, ...rest)),
);
const texts = fc.oneof(
  fc.string(),
  fc.json(),
  fc.array(fc.jsonValue(), { maxLength: 6 }).map((it) => JSON.stringify(it)),
);
/** A field of at most 255 bytes in UTF-8. */
const field = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => Buffer.byteLength(text) < 256);

for (const [name, serializer] of Object.entries(serializers)) {
  describe(`${name}.decode`, () => {
    test("makes a message of whatever comes, or says that it is malformed", () => {
      fc.assert(
        fc.property(fc.oneof(frames, texts), (data) => {
          try {
            assert.instanceOf(serializer.decode(data), Message);
          } catch (error) {
            assert.propertyVal(error, "code", "ROOKERY_FRAME_MALFORMED");
          }
        }),
      );
    });
  });
}

describe("v2Json.decode", () => {
  test("reads every field of every push of bytes", () => {
    fc.assert(
      fc.property(field, field, field, field, fc.uint8Array(), (joinRef, ref, topic, event, payload) => {
        const fields = [joinRef, ref, topic, event].map((text) => Buffer.from(text));
        const frame = Buffer.from([
          0,
          ...fields.map(({ length }) => length),
          ...fields.flatMap((bytes) => [...bytes]),
          ...payload,
        ]);
        const message = v2Json.decode(frame);
        assert.deepEqual(
          [message.joinRef, message.ref, message.topic, message.event],
          [joinRef, ref, topic, event],
        );
        assert.deepEqual(new Uint8Array(message.payload as Uint8Array), payload);
      }),
    );
  });
});
