import type { EncodedFrame } from "../encoded-frame.ts";
import type { Peer } from "./peer.ts";

/** Told of a frame: `"in"` from the client, `"out"` to it. */
export type FrameTap = (direction: "in" | "out", data: string | Uint8Array) => void;

/** Stands in front of a peer for as long as somebody watches its frames: a connection that nobody watches pays nothing. */
export class TappedPeer implements Peer {
  peer: Peer;
  readonly #tell: FrameTap;

  constructor(peer: Peer, tell: FrameTap) {
    this.peer = peer;
    this.#tell = tell;
  }

  get bytesRead(): number {
    return this.peer.bytesRead;
  }

  get unreadBytes(): number {
    return this.peer.unreadBytes ?? 0;
  }

  push(frame: EncodedFrame): void {
    this.#tell("out", frame.data);
    this.peer.push(frame);
  }

  took(data: string | Uint8Array): void {
    this.#tell("in", data);
    this.peer.took?.(data);
  }

  handled(): void {
    this.peer.handled();
  }
}

/** `peer` without `tapped`, which may stand behind others. */
export function untapped(peer: Peer, tapped: Peer): Peer {
  if (!(peer instanceof TappedPeer)) return peer;
  if (peer === tapped) return peer.peer;
  peer.peer = untapped(peer.peer, tapped);
  return peer;
}
