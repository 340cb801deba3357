import type { EncodedFrame } from "../encoded-frame.ts";

/** The client's end of a transport process: what it writes to, and what it asks about its client. */
export interface Peer {
  /** Frames leave in the order of the pushes. Dropped if the client is gone. */
  push(frame: EncodedFrame): void;
  /** A frame of the client has been dealt with, so it may send one more. */
  handled(): void;
  /** How many bytes have come from the client so far. */
  readonly bytesRead: number;
  /** How many bytes wait to be read by the client; left out by those who can't know. */
  readonly unreadBytes?: number;
}
