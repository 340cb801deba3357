import { describe, expect, test } from "vitest";
import {
  frameAt,
  FrameKind,
  helloFrame,
  namedFrame,
  placeFrame,
  readFrame,
  shardFrame,
  shardLostFrame,
} from "../../../runtime/nodes/node-frame.ts";

const ids = { sender: 1, receiver: 0x0102_0304 };
const body = Buffer.from([0xca, 0xfe]);
/** What follows the kind in each frame: the ids of sender and receiver. */
const IDS = [0, 0, 0, 1, 1, 2, 3, 4];

const frames = [
  // kind, ids, version
  { bytes: [0, ...IDS, 1], written: helloFrame(ids), read: { kind: FrameKind.Hello } },
  // kind, ids, from shard 2, to shard 259, bytes
  {
    bytes: [1, ...IDS, 0, 0, 0, 2, 0, 0, 1, 3, 0xca, 0xfe],
    written: shardFrame(FrameKind.Signals, ids, 2, 259, body),
    read: { kind: FrameKind.Signals, from: 2, to: 259, body },
  },
  {
    bytes: [2, ...IDS, 0, 0, 0, 0, 0, 0, 0, 1, 0xca, 0xfe],
    written: shardFrame(FrameKind.Binary, ids, 0, 1, body),
    read: { kind: FrameKind.Binary, from: 0, to: 1, body },
  },
  // kind, ids, from shard 2, length of the name, the name, bytes
  {
    bytes: [3, ...IDS, 0, 0, 0, 2, 0, 0, 0, 3, ...Buffer.from("né"), 0xca, 0xfe],
    written: namedFrame(ids, 2, "né", body),
    read: { kind: FrameKind.Named, from: 2, name: "né", body },
  },
  // kind, ids, slot 5, length, node, length, incarnation
  {
    bytes: [4, ...IDS, 0, 0, 0, 5, 0, 0, 0, 3, ...Buffer.from("b@x"), 0, 0, 0, 2, ...Buffer.from("i1")],
    written: placeFrame(ids, 5, "b@x", "i1"),
    read: { kind: FrameKind.Place, slot: 5, node: "b@x", incarnation: "i1" },
  },
  // kind, ids, shard 65
  {
    bytes: [5, ...IDS, 0, 0, 0, 65],
    written: shardLostFrame(ids, 65),
    read: { kind: FrameKind.ShardLost, shard: 65 },
  },
];

function lengthBefore(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, bytes.length, ...bytes]);
}

describe("frames between nodes", () => {
  test("are carried together, one behind the other, and one that is cut off is refused", () => {
    const both = Uint8Array.from([0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9]);
    expect([...frameAt(both, 0)]).toEqual([0, 0, 0, 2, 7, 8]);
    expect([...frameAt(both, 6)]).toEqual([0, 0, 0, 1, 9]);
    for (let end = 7; end < both.length; end += 1)
      expect(() => frameAt(both.subarray(0, end), 6)).toThrow(/bounds|cut off/);
  });

  test.each(frames)("are written and read as these bytes: $bytes", ({ bytes, written, read }) => {
    const framed = lengthBefore(bytes);
    expect([...written]).toEqual([...framed]);
    expect(readFrame(framed)).toEqual({ ...ids, ...read });
  });

  test("that are cut off in their head, of an unknown kind or of another version are refused", () => {
    for (const { bytes, read } of frames) {
      const head = bytes.length - ("body" in read ? body.length : 0);
      for (let cut = 0; cut < head; cut += 1)
        expect(() => readFrame(lengthBefore(bytes.slice(0, cut)))).toThrow(/bounds|range|text/);
    }
    expect(() => readFrame(lengthBefore([6, ...IDS, 0]))).toThrow("unknown kind 6");
    expect(() => readFrame(lengthBefore([0, ...IDS, 2]))).toThrow("version");
  });
});
