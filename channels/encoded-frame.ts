import type { Broadcast, Message } from "./message.ts";

/**
 * A message as it goes over the wire: a string for a text frame, bytes for a binary one. Made once, and shared by all
 * connections that send it.
 */
export class EncodedFrame {
  readonly data: string | Uint8Array;
  /**
   * The same with the header of its transport in front, kept by the first connection that needs it, so that a broadcast
   * is framed once however many sockets it goes to.
   * @internal
   */
  wire: Buffer | undefined = undefined;
  /**
   * What it says, if it is a broadcast or a push: something that a client which is slow in reading may have to do without.
   * @internal
   */
  message: Message | Broadcast | undefined = undefined;

  constructor(data: string | Uint8Array) {
    this.data = data;
  }
}
