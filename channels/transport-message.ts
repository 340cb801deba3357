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

/** To a transport process: the server is going away, the client is to come back. `:socket_drain`. */
export class SocketDrain {
  declare readonly socketDrain?: true;
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
