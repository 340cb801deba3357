import { isUtf8 } from "node:buffer";
import type { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, type ServerOptions, WebSocket } from "ws";

/** FIN and the opcode: a message of one frame. */
const TEXT = 0x81;
const BINARY = 0x82;

/** The second byte of a masked frame whose length is in two or in eight bytes more, and of those with their length in it. */
const MASKED = 0x80;
const MASKED_TWO_BYTES = 0xfe;
const MASKED_EIGHT_BYTES = 0xff;

const MASK_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/** Who is told what a client sends. */
export interface MessageReader {
  /** A whole message. */
  message(data: string | Buffer): void;
  control(kind: "ping" | "pong", data: Buffer): void;
  /** Whether it is open is from now on for `websocket` to say; before, it is as long as the stream can be written to. */
  becameFull(websocket: WebSocket): void;
  /** The client has closed, has broken the protocol or is gone. May be said twice. */
  gone(): void;
}

/** How `ws` makes the WebSocket of a stream, once it has answered the handshake. */
const FullWebSocket = WebSocket as unknown as new (
  address: null,
  protocols: undefined,
  options: ServerOptions,
) => WebSocket & { setSocket(stream: Duplex, head: Buffer, options: ServerOptions): void };

const WEBSOCKET = Symbol("the LeanWebSocket of a stream");

type OwnedStream = NetSocket & { [WEBSOCKET]: LeanWebSocket };

/** For the errors of a stream, from the request on until a full WebSocket takes it over: a listener that stays costs less than two that come and go. */
export function destroyStream(this: Duplex): void {
  this.destroy();
}

/**
 * A WebSocket without all that `ws` reads and writes with, for what a connection keeps is what it costs. Whole messages of up to 64 KiB,
 * one frame each, it takes from the stream by itself. At the first byte of anything else (a control frame, a fragment, a frame that has not
 * come to its end, an offence), or when it is to do more than read, it becomes a full one of `ws`, for good.
 */
export class LeanWebSocket {
  readonly #stream: OwnedStream;
  readonly #options: ServerOptions;
  #reader!: MessageReader;
  #hearsControls = false;
  #full: WebSocket | undefined;

  /** `options` are those of the WebSocketServer. With `full` it is one from the start; else `stream` has `destroyStream` for its errors. */
  constructor(stream: Duplex, options: ServerOptions, full?: WebSocket) {
    this.#stream = stream as OwnedStream;
    this.#options = options;
    this.#full = full;
  }

  /** From now on. Pings are answered whether the reader hears of them or not. */
  readWith(reader: MessageReader, hearsControls: boolean): void {
    this.#reader = reader;
    this.#hearsControls = hearsControls;
    if (this.#full !== undefined) return this.#listenTo(this.#full);
    const stream = this.#stream;
    // The limits of a server of HTTP for requests that dawdle are none of a WebSocket. Not every stream has such.
    (stream as Partial<NetSocket>).setTimeout?.(0);
    (stream as Partial<NetSocket>).setNoDelay?.();
    stream[WEBSOCKET] = this;
    // Who ends its side is closed: that way it costs no listener.
    stream.allowHalfOpen = false;
    stream.on("data", LeanWebSocket.#onData);
    stream.on("close", LeanWebSocket.#onClose);
  }

  /** The one that frames have to go through, if they may be compressed. */
  get compressing(): WebSocket | undefined {
    return this.#full?.extensions === "" ? undefined : this.#full;
  }

  get isPaused(): boolean {
    return this.#full?.isPaused === true;
  }

  pause(): void {
    this.#becomeFull().pause();
  }

  resume(): void {
    this.#full?.resume();
  }

  close(code: number): void {
    this.#becomeFull().close(code);
  }

  terminate(): void {
    this.#stream.destroy();
  }

  static #onData(this: OwnedStream, chunk: Buffer): void {
    this[WEBSOCKET].#read(chunk);
  }

  static #onClose(this: OwnedStream): void {
    this[WEBSOCKET].#reader.gone();
  }

  #read(chunk: Buffer): void {
    const maxPayload = this.#options.maxPayload!;
    let at = 0;
    while (at < chunk.length) {
      const first = chunk[at]!;
      const second = chunk[at + 1]!;
      let mask = at + 2;
      let length = second - MASKED;
      if (second === MASKED_TWO_BYTES) {
        length = chunk[at + 2]! * 256 + chunk[at + 3]!;
        mask += 2;
      }
      const from = mask + MASK_BYTES;
      const to = from + length;
      // What is cut off makes a length of NaN, for which no comparison holds.
      const isPlain =
        (first === TEXT || first === BINARY) &&
        second !== MASKED_EIGHT_BYTES &&
        length >= 0 &&
        length <= maxPayload &&
        to <= chunk.length;
      if (!isPlain) return void this.#becomeFull(chunk.subarray(at));
      const seen = unmask(chunk, mask, from, to);
      if (first === BINARY) {
        this.#reader.message(chunk.subarray(from, to));
      } else if (seen < 0x80) {
        this.#reader.message(chunk.toString("latin1", from, to));
      } else if (isUtf8(chunk.subarray(from, to))) {
        this.#reader.message(chunk.toString("utf8", from, to));
      } else {
        unmask(chunk, mask, from, to);
        return void this.#becomeFull(chunk.subarray(at));
      }
      at = to;
      // The reader has closed or paused it.
      if (this.#full !== undefined) {
        if (at < chunk.length) this.#stream.unshift(chunk.subarray(at));
        return;
      }
    }
  }

  /** With what has come but was not read. */
  #becomeFull(rest: Buffer = NOTHING): WebSocket {
    if (this.#full !== undefined) return this.#full;
    const stream = this.#stream;
    const options = this.#options;
    stream.removeListener("data", LeanWebSocket.#onData);
    stream.removeListener("error", destroyStream);
    stream.removeListener("close", LeanWebSocket.#onClose);
    stream.allowHalfOpen = true;
    // What is put back into a stream that flows, while nobody listens, waits for the next chunk.
    stream.pause();
    const full = new FullWebSocket(null, undefined, options);
    full.setSocket(stream, rest, options);
    this.#full = full;
    this.#listenTo(full);
    stream.resume();
    return full;
  }

  #listenTo(full: WebSocket): void {
    const reader = this.#reader;
    reader.becameFull(full);
    full.on("message", (data: RawData, isBinary) =>
      reader.message(isBinary ? (data as Buffer) : (data as Buffer).toString()),
    );
    for (const kind of this.#hearsControls ? (["ping", "pong"] as const) : [])
      full.on(kind, (data) => reader.control(kind, data));
    const gone = (): void => reader.gone();
    full.on("close", gone);
    // It has answered with the right close code; the client may take its time to close, but isn't listened to any more.
    full.on("error", gone);
  }
}

/** In place, and its own inverse. Returns all bits that are set in any of the bytes: below 0x80 they are ASCII. */
function unmask(bytes: Buffer, mask: number, from: number, to: number): number {
  let seen = 0;
  for (let i = from; i < to; i++) seen |= bytes[i]! ^= bytes[mask + ((i - from) & 3)]!;
  return seen;
}
