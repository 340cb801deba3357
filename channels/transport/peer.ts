import type { Duplex } from "node:stream";
import type { Pid } from "../../runtime/index.ts";
import type { EncodedFrame } from "../encoded-frame.ts";

/** The client's end of a transport process: what it writes to, and what it asks about its client. */
export interface Peer {
  /** The transport process begins: whenever it ends, the client hears why, also if it is not connected until then. */
  started?(pid: Pid): void;
  /** Frames leave in the order of the pushes. Dropped if the client is gone. */
  push(frame: EncodedFrame): void;
  /**
   * Takes a frame that its transport process would only push next, without a turn of it. False if there is more to it than to keep the
   * frame: then the process has to push it.
   */
  append?(frame: EncodedFrame): boolean;
  /** While somebody taps the connection nothing is appended: who taps sees what the process pushes. */
  isTapped?: boolean;
  /** A frame of the client has been dealt with, so it may send one more. */
  handled(): void;
  /** How many bytes have come from the client so far. */
  readonly bytesRead: number;
  /** Whether nothing is read from the client, until more of its frames have been handled. */
  readonly isPaused?: boolean;
  /** How many bytes wait to be read by the client; left out by those who can't know. */
  readonly unreadBytes?: number;
  /** What carries a WebSocket: for faults on purpose. */
  readonly stream?: Duplex;
  /** Told of each frame of the client: only while somebody taps its connection. */
  took?(data: string | Uint8Array): void;
}

/** Answers a client whose transport process is about to run: the last thing that it starts with. False if the client has gone. */
export type OpenClient = (pid: Pid) => boolean;
