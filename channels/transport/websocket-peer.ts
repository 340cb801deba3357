import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import type { EncodedFrame } from "../encoded-frame.ts";
import { ClientGone, InboundControl, InboundFrame } from "../transport-message.ts";
import { slowConsumerDisconnected, slowConsumerDropped } from "../telemetry.ts";
import { Backlog, type SlowConsumer, Waiting } from "./backlog.ts";
import { closeCode } from "./close-code.ts";
import type { LeanWebSocket, MessageReader } from "./lean-websocket.ts";
import { Outbox } from "./outbox.ts";
import type { Peer } from "./peer.ts";
import { websocketBytes } from "./websocket-frame.ts";

/** What a client may leave unread, and what becomes of one that leaves more. */
export interface BufferLimits {
  readonly maxBufferedSize: number;
  readonly slowConsumer: SlowConsumer;
}

/** So long a client that is closed for being slow may go on reading, up to the close frame. */
const UNREAD_CLOSE_MS = 5_000;

/** When so many frames of a client wait for its transport process, no more are read until it has caught up. */
const INBOUND_FRAMES_MAX = 64;

/**
 * A WebSocket as the peer of a transport process. What that pushes is framed here and written to the stream below, because `ws` would frame
 * a broadcast for each socket again and write each frame by itself. That is sound as long as only whole frames are written, none
 * after the close frame, and nothing is compressed; with compression frames go through `ws`.
 */
export class WebSocketPeer extends Outbox implements Peer, MessageReader {
  readonly #runtime: Runtime;
  readonly #limits: BufferLimits;
  isTapped = false;
  #websocket: LeanWebSocket | undefined = undefined;
  #full: WebSocket | undefined = undefined;
  #pid!: Pid;
  #compressing: WebSocket | undefined = undefined;
  #bytesReadBefore = 0;
  #waitingFrames = 0;
  /** Only while the client is behind, and never with the policy to disconnect it. */
  #backlog: Backlog | undefined = undefined;
  #waitsForStream = false;
  #ending = false;
  #endedWith: number | undefined = undefined;

  constructor(runtime: Runtime, stream: Duplex, limits: BufferLimits) {
    const { slowConsumer, maxBufferedSize } = limits;
    super(stream, slowConsumer === "disconnect" ? maxBufferedSize : stream.writableHighWaterMark);
    this.#runtime = runtime;
    this.#limits = limits;
  }

  started(pid: Pid): void {
    onProcessExit(pid, (reason) => {
      this.#endedWith = closeCode(reason);
      this.#close(this.#endedWith);
    });
  }

  /**
   * Connects the WebSocket, now open, with its transport process: the end of either is the end of both. With `controls` the process is
   * told of pings and pongs, too.
   */
  open(websocket: LeanWebSocket, pid: Pid, controls: boolean = false): void {
    this.#websocket = websocket;
    this.#pid = pid;
    this.#compressing = websocket.compressing;
    this.#bytesReadBefore = (this.stream as NetSocket).bytesRead;
    websocket.readWith(this, controls);
    // It may have ended between its start and the handshake.
    if (this.#endedWith !== undefined) this.#close(this.#endedWith);
  }

  message(data: string | Buffer): void {
    if (this.#mayTake()) this.#runtime.send(this.#pid, new InboundFrame(data));
  }

  control(kind: "ping" | "pong", data: Buffer): void {
    if (this.#mayTake()) this.#runtime.send(this.#pid, new InboundControl(kind, data));
  }

  becameFull(websocket: WebSocket): void {
    this.#full = websocket;
  }

  gone(): void {
    this.#runtime.send(this.#pid, new ClientGone());
  }

  /** Counts a frame, unless nobody handles it any more: then a pause would keep the client's close frame from being read. */
  #mayTake(): boolean {
    if (!this.isOpen) return false;
    this.#waitingFrames += 1;
    if (this.#waitingFrames >= INBOUND_FRAMES_MAX && !this.isPaused) this.#websocket!.pause();
    return true;
  }

  get bytesRead(): number {
    return this.#websocket === undefined ? 0 : (this.stream as NetSocket).bytesRead - this.#bytesReadBefore;
  }

  get isPaused(): boolean {
    return this.#websocket?.isPaused === true;
  }

  get unreadBytes(): number {
    const sent = this.#compressing?.bufferedAmount ?? this.stream.writableLength;
    return this.heldBytes + sent + (this.#backlog?.bytes ?? 0);
  }

  override get isOpen(): boolean {
    const full = this.#full;
    if (full !== undefined) return full.readyState === WebSocket.OPEN;
    return this.#websocket !== undefined && this.stream.writable;
  }

  append(frame: EncodedFrame): boolean {
    if (this.isTapped || this.#backlog !== undefined || this.#compressing !== undefined) return false;
    const bytes = websocketBytes(frame);
    if (!this.mayHold(bytes.length)) return false;
    this.hold(bytes);
    return true;
  }

  push(frame: EncodedFrame): void {
    if (this.#backlog === undefined) this.#write(frame);
    else this.#keep(frame, this.#backlog);
  }

  handled(): void {
    this.#waitingFrames -= 1;
    const websocket = this.#websocket;
    if (websocket?.isPaused === true && this.#waitingFrames <= INBOUND_FRAMES_MAX / 2) websocket.resume();
  }

  /** The stream has all it may hold: from here on frames wait, or the client is cut off, as the policy says. */
  protected override overfull(): void {
    const { slowConsumer, maxBufferedSize } = this.#limits;
    if (this.#ending) return;
    if (slowConsumer === "disconnect") return this.#cutOff();
    this.#backlog ??= new Backlog(slowConsumer, maxBufferedSize);
    if (this.#waitsForStream) return;
    this.#waitsForStream = true;
    if (this.#compressing === undefined) this.stream.once("drain", () => this.#catchUp());
  }

  #write(frame: EncodedFrame): void {
    const websocket = this.#compressing;
    if (websocket === undefined) {
      this.hold(websocketBytes(frame));
      return;
    }
    if (!this.isOpen) return;
    const sent = this.#limits.slowConsumer === "disconnect" ? undefined : () => this.#compressedSent();
    websocket.send(frame.data, { binary: typeof frame.data !== "string" }, sent);
    if (websocket.bufferedAmount > this.streamBytesMax) this.overfull();
  }

  #compressedSent(): void {
    if (this.#waitsForStream && this.#compressing!.bufferedAmount <= this.streamBytesMax) this.#catchUp();
  }

  #keep(frame: EncodedFrame, backlog: Backlog): void {
    const { droppedFrames, droppedBytes } = backlog;
    const waiting = backlog.add(frame);
    if (waiting === Waiting.Overflow) return this.#cutOff();
    const count = backlog.droppedFrames - droppedFrames;
    if (count === 0) return;
    if (droppedFrames === 0)
      this.#runtime.logger.warn(
        { maxBufferedSize: this.#limits.maxBufferedSize },
        "A client is too slow in reading and misses events",
      );
    const bytes = backlog.droppedBytes - droppedBytes;
    const { slowConsumer: policy } = this.#limits;
    if (slowConsumerDropped.enabled)
      slowConsumerDropped.execute({ count, bytes }, { pid: this.#pid, policy });
  }

  /** The client has read on. */
  #catchUp(): void {
    this.#waitsForStream = false;
    const backlog = this.#backlog;
    if (backlog === undefined || !this.isOpen) return;
    for (let frame = backlog.shift(); frame !== undefined; frame = backlog.shift()) {
      this.#write(frame);
      if (this.#mustWait()) return;
    }
    this.flush();
    if (!this.#mustWait()) this.#backlog = undefined;
  }

  /** Asked anew: writing changes it. */
  #mustWait(): boolean {
    return this.#waitsForStream;
  }

  /** A client that does not read what it is sent must not fill the memory: it is closed, and may come back. */
  #cutOff(): void {
    if (!this.isOpen) return;
    const { slowConsumer: policy } = this.#limits;
    this.#runtime.logger.warn(
      { maxBufferedSize: this.#limits.maxBufferedSize },
      "A client is too slow in reading and is disconnected",
    );
    if (slowConsumerDisconnected.enabled) {
      slowConsumerDisconnected.execute({ bufferedBytes: this.unreadBytes }, { pid: this.#pid, policy });
    }
    // Nobody will read what waits.
    this.#backlog = undefined;
    this.#runtime.exit(this.#pid, ["shutdown", "slow_consumer"]);
    // The close frame stands behind all that is unread.
    const timer = this.#runtime.clock.setTimer(UNREAD_CLOSE_MS, () => this.#websocket!.terminate());
    timer.unref();
    this.stream.once("close", () => timer.cancel());
  }

  #close(code: number): void {
    if (!this.isOpen) return;
    const websocket = this.#websocket!;
    this.#ending = true;
    const backlog = this.#backlog;
    this.#backlog = undefined;
    for (let frame = backlog?.shift(); frame !== undefined; frame = backlog!.shift()) this.#write(frame);
    this.flush();
    if (websocket.isPaused) websocket.resume();
    websocket.close(code);
  }
}
