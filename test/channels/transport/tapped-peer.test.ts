import { describe, expect, test } from "vitest";
import { EncodedFrame } from "../../../channels/encoded-frame.ts";
import { ConnectionServer } from "../../../channels/transport/connection.ts";
import type { Peer } from "../../../channels/transport/peer.ts";
import { TappedPeer, untapped } from "../../../channels/transport/tapped-peer.ts";

function newPeer(): { readonly peer: Peer; readonly pushed: unknown[] } {
  const pushed: unknown[] = [];
  return {
    pushed,
    peer: {
      push: ({ data }) => void pushed.push(data),
      handled: () => void pushed.push("handled"),
      bytesRead: 7,
    },
  };
}

describe("TappedPeer", () => {
  test("tells of the frames of both directions, and passes all on", () => {
    const { peer, pushed } = newPeer();
    const told: unknown[] = [];
    const tapped = new TappedPeer(peer, (direction, data) => told.push([direction, data]));
    tapped.took("from client");
    tapped.push(new EncodedFrame("to client"));
    tapped.handled();
    expect(told).toEqual([
      ["in", "from client"],
      ["out", "to client"],
    ]);
    expect(pushed).toEqual(["to client", "handled"]);
    expect(tapped.bytesRead).toBe(7);
  });

  test("is taken away alone, in whichever order several are", () => {
    for (const first of [0, 1]) {
      const { peer, pushed } = newPeer();
      const told: string[] = [];
      const inner = new TappedPeer(peer, () => told.push("inner"));
      const outer = new TappedPeer(inner, () => told.push("outer"));
      const [gone, left] = first === 0 ? [inner, "outer"] : [outer, "inner"];
      const rest = untapped(outer, gone);
      rest.push(new EncodedFrame("one"));
      expect(told).toEqual([left]);
      expect(untapped(rest, first === 0 ? outer : inner)).toBe(peer);
      expect(pushed).toEqual(["one"]);
    }
  });

  test("is not there for a connection that has not started yet", () => {
    expect(new ConnectionServer().tap(() => {})).toBeUndefined();
  });
});
