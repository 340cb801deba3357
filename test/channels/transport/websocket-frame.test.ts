import * as ws from "ws";
import { assert, describe, test } from "vitest";
import { EncodedFrame } from "../../../channels/encoded-frame.ts";
import { websocketBytes } from "../../../channels/transport/websocket-frame.ts";

/** What ws frames with; its types leave it out. */
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

describe("websocketBytes", () => {
  test("frames text and bytes: FIN with the opcode, the length, the payload", () => {
    assert.deepEqual(websocketBytes(new EncodedFrame("Hello")), hex("81 05 48656c6c6f"));
    assert.deepEqual(websocketBytes(new EncodedFrame("ž")), hex("81 02 c5be"));
    assert.deepEqual(websocketBytes(new EncodedFrame("é")), hex("81 02 c3a9"));
    assert.deepEqual(websocketBytes(new EncodedFrame(Buffer.of(1, 2))), hex("82 02 0102"));
    assert.deepEqual(websocketBytes(new EncodedFrame("")), hex("81 00"));
  });

  test("writes the length in 1, 2 or 8 bytes", () => {
    const head = (size: number): Buffer =>
      websocketBytes(new EncodedFrame(Buffer.alloc(size))).subarray(0, -size);
    assert.deepEqual(head(125), hex("82 7d"));
    assert.deepEqual(head(126), hex("82 7e 007e"));
    assert.deepEqual(head(65_535), hex("82 7e ffff"));
    assert.deepEqual(head(65_536), hex("82 7f 0000000000010000"));
  });

  test("frames once, however often it is asked", () => {
    const frame = new EncodedFrame("Hello");
    assert.equal(websocketBytes(frame), websocketBytes(frame));
  });

  test("agrees with the sender of ws", () => {
    for (const text of ["x", "ž".repeat(100), "y".repeat(70_000)]) {
      const options = { fin: true, mask: false, opcode: 1, readOnly: true, rsv1: false };
      assert.deepEqual(
        websocketBytes(new EncodedFrame(text)),
        Buffer.concat(Sender.frame(Buffer.from(text), options)),
      );
    }
  });
});
