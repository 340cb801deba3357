import type { Pid } from "../runtime/index.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import type { Message } from "./message.ts";

/** To a transport process: a frame that its client has sent; text is a string. */
export class InboundFrame {
  readonly data: string | Uint8Array;

  constructor(data: string | Uint8Array) {
    this.data = data;
  }
}

/** To the process of a connection without channels: a ping or pong of its client. */
export class InboundControl {
  readonly kind: "ping" | "pong";
  readonly data: Uint8Array;

  constructor(kind: "ping" | "pong", data: Uint8Array) {
    this.kind = kind;
    this.data = data;
  }
}

/** To the process of a connection without channels: its client can be sent something from here on. */
export class SocketOpened {
  declare readonly socketOpened?: true;
}

/** To a transport process: its client is gone. */
export class ClientGone {
  declare readonly clientGone?: true;
}

/** To a transport process: one of its channels stops in order, so its end is no crash. `{:socket_close, pid, reason}`. */
export class ChannelClosing {
  readonly pid: Pid;

  constructor(pid: Pid) {
    this.pid = pid;
  }
}

/** To a transport process: a channel has found another end for what its client has shown. */
export class ExpiryChange {
  readonly expiresAtMs: number;

  constructor(expiresAtMs: number) {
    this.expiresAtMs = expiresAtMs;
  }
}

/** To a transport process: the server is going away, the client is to come back. `:socket_drain`. */
export class SocketDrain {
  declare readonly socketDrain?: true;
}

/** A call to a transport process: which channels its client has joined, a JoinedTopic each. `:debug_channels`. */
export class ListChannels {
  declare readonly listChannels?: true;
}

export interface JoinedTopic {
  readonly topic: string;
  readonly pid: Pid;
}

/** A call to a channel process that has just started: join. */
export class JoinRequest {
  readonly message: Message;

  constructor(message: Message) {
    this.message = message;
  }
}

/** Its answer: the frame of the reply, and whether the client is in. */
export class JoinResult {
  readonly joined: boolean;
  readonly frame: EncodedFrame;

  constructor(joined: boolean, frame: EncodedFrame) {
    this.joined = joined;
    this.frame = frame;
  }
}
