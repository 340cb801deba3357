import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A WebSocket client that does next to nothing, so that a measurement is the server's: frames are counted, not decoded. */
export class FrameSocket {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  /** Told of each text frame. */
  onFrame: (payload: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** `localAddress` is one of the loopback's: each has some 28,000 ports. */
  static async open(host: string, port: number, path: string, localAddress?: string): Promise<FrameSocket> {
    const socket = connect({ host, port, noDelay: true, localAddress });
    await once(socket, "connect");
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    const headSize = answer.indexOf("\r\n\r\n") + 4;
    if (!answer.toString("latin1").startsWith("HTTP/1.1 101")) throw new Error(`not upgraded: ${answer}`);
    const opened = new FrameSocket(socket);
    socket.on("data", (chunk: Buffer) => opened.#read(chunk));
    if (answer.length > headSize) opened.#rest = answer.subarray(headSize);
    socket.on("close", () => {
      throw new Error("the server closed a socket");
    });
    return opened;
  }

  write(frame: Buffer): void {
    this.#socket.write(frame);
  }

  /** The frame that comes after `frame` was sent, or, of several that come unasked, the last. */
  ask(frame: Buffer, answers = 1): Promise<string> {
    return new Promise((resolve) => {
      let toCome = answers;
      this.onFrame = (payload) => {
        toCome -= 1;
        if (toCome === 0) resolve(String(payload));
      };
      this.write(frame);
      this.#read(Buffer.alloc(0));
    });
  }

  close(): void {
    this.#socket.removeAllListeners("close").destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]! & 127;
      const headerSize = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < headerSize) break;
      const size =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      if (bytes.length - at < headerSize + size) break;
      this.onFrame(bytes.subarray(at + headerSize, at + headerSize + size));
      at += headerSize + size;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** The frame of a client: masked, as the protocol asks, and of at most 65,535 bytes. */
export function clientTextFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const mask = randomBytes(4);
  const size = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
  return Buffer.concat([
    Buffer.from([0x81, ...size]),
    mask,
    body.map((byte, index) => byte ^ mask[index & 3]!),
  ]);
}

export function clientFrame(message: readonly unknown[]): Buffer {
  return clientTextFrame(JSON.stringify(message));
}
