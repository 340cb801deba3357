import { describe, expect, test } from "vitest";
import { decodeLinkFrame, encodeLinkFrame } from "../../../channels/redis/link-frame.ts";
import { decodeFrame, encodeFrame } from "../../../channels/redis/redis-frame.ts";

describe("a frame on Redis", () => {
  // version, kind, size of the name, "web-1", body
  const bytes = Buffer.from([1, 6, 5, 0x77, 0x65, 0x62, 0x2d, 0x31, 0xca, 0xfe]);

  test("says who has sent it, and of which kind it is", () => {
    expect(encodeFrame(6, Buffer.from("web-1"), Uint8Array.of(0xca, 0xfe))).toEqual(bytes);
    expect(decodeFrame(bytes)).toEqual({ kind: 6, node: "web-1", body: Buffer.of(0xca, 0xfe) });
  });

  test("of another version, or cut off in its head, is none", () => {
    expect(decodeFrame(Buffer.from([2, ...bytes.subarray(1)]))).toBeUndefined();
    for (let size = 0; size < 8; size += 1) expect(decodeFrame(bytes.subarray(0, size))).toBeUndefined();
  });
});

describe("a frame of a connection between nodes", () => {
  const frame = {
    carries: true,
    incarnation: "ab",
    to: "c",
    mine: 7,
    yours: 258,
    sequence: 2 ** 40,
    bytes: Buffer.of(0xca),
  };
  const bytes = Buffer.concat([
    Buffer.of(2, 0x61, 0x62),
    Buffer.of(1, 0x63),
    Buffer.of(0, 0, 0, 0, 0, 7),
    Buffer.of(0, 0, 0, 0, 1, 2),
    Buffer.of(1, 0, 0, 0, 0, 0),
    Buffer.of(0xca),
  ]);

  test("names both incarnations and both numbers, and counts what it carries", () => {
    expect(encodeLinkFrame(frame)).toEqual(bytes);
    expect(decodeLinkFrame(true, bytes)).toEqual(frame);
  });

  test("cut off in its head is none", () => {
    for (let size = 0; size < bytes.length - 1; size += 1)
      expect(decodeLinkFrame(true, bytes.subarray(0, size))).toBeUndefined();
  });
});
