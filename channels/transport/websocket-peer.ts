import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket } from "ws";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import type { EncodedFrame } from "../encoded-frame.ts";
import { ClientGone, InboundFrame } from "../transport-message.ts";
import { closeCode } from "./close-code.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import type { Peer } from "./peer.ts";
import { websocketBytes } from "./websocket-frame.ts";

/** When so many frames of a client wait for its transport process, no more are read until it has caught up. */
const INBOUND_FRAMES_MAX = 64;

/**
 * A WebSocket as the peer of a transport process. `ws` does the handshake, reads, answers pings and closes; what the
 * transport process pushes is framed here and written to the stream below it, because `ws` would frame a broadcast for each
 * socket again and write each frame by itself. That is sound as long as only whole frames are written, none after the close
 * frame, and nothing is compressed; with compression frames go through `ws`.
 */
export class WebSocketPeer implements Peer, OutboxOwner {
  readonly #runtime: Runtime;
  readonly #stream: Duplex;
  readonly #outbox: Outbox;
  readonly #bufferedBytesMax: number;
  #websocket: WebSocket | undefined = undefined;
  #compresses = false;
  #bytesReadBefore = 0;
  #waitingFrames = 0;

  constructor(runtime: Runtime, stream: Duplex, bufferedBytesMax: number) {
    this.#runtime = runtime;
    this.#stream = stream;
    this.#bufferedBytesMax = bufferedBytesMax;
    this.#outbox = new Outbox(stream, bufferedBytesMax, this);
  }

  /** Connects the WebSocket, now open, with its transport process: the end of either is the end of both. */
  open(websocket: WebSocket, pid: Pid): void {
    const runtime = this.#runtime;
    this.#websocket = websocket;
    this.#compresses = websocket.extensions !== "";
    this.#bytesReadBefore = (this.#stream as NetSocket).bytesRead;
    const gone = (): void => runtime.send(pid, new ClientGone());
    websocket.on("message", (data: RawData, isBinary: boolean) => {
      this.#waitingFrames += 1;
      if (this.#waitingFrames >= INBOUND_FRAMES_MAX && !websocket.isPaused) websocket.pause();
      runtime.send(pid, new InboundFrame(isBinary ? (data as Buffer) : (data as Buffer).toString()));
    });
    websocket.on("close", gone);
    // ws has answered with the right close code; the client may take its time to close, but it isn't listened to any more.
    websocket.on("error", gone);
    onProcessExit(pid, (reason) => this.#close(closeCode(reason)));
  }

  get bytesRead(): number {
    return this.#websocket === undefined ? 0 : (this.#stream as NetSocket).bytesRead - this.#bytesReadBefore;
  }

  get isOpen(): boolean {
    return this.#websocket !== undefined && this.#websocket.readyState === WebSocket.OPEN;
  }

  push(frame: EncodedFrame): void {
    if (!this.isOpen) return;
    if (!this.#compresses) {
      this.#outbox.push(websocketBytes(frame));
      return;
    }
    const websocket = this.#websocket!;
    websocket.send(frame.data, { binary: typeof frame.data !== "string" });
    if (websocket.bufferedAmount > this.#bufferedBytesMax) this.overfull();
  }

  handled(): void {
    this.#waitingFrames -= 1;
    const websocket = this.#websocket;
    if (websocket?.isPaused === true && this.#waitingFrames <= INBOUND_FRAMES_MAX / 2) websocket.resume();
  }

  #close(code: number): void {
    if (!this.isOpen) return;
    const websocket = this.#websocket!;
    this.#outbox.flush();
    if (websocket.isPaused) websocket.resume();
    websocket.close(code);
  }

  /** A client that does not read what it is sent must not fill the memory: it is cut off, and may come back. */
  overfull(): void {
    const { logger } = this.#runtime;
    logger.warn(
      { bufferedBytesMax: this.#bufferedBytesMax },
      "A client was too slow in reading and is disconnected",
    );
    this.#websocket?.terminate();
  }
}
