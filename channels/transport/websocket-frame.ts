import type { EncodedFrame } from "../encoded-frame.ts";

/** FIN and the opcode: a message of one frame. */
const TEXT = 0x81;
const BINARY = 0x82;

/** The frame with its WebSocket header, made once however many sockets it goes to. Servers don't mask (RFC 6455, 5.1). */
export function websocketBytes(frame: EncodedFrame): Buffer {
  return (frame.wire ??= bytesOf(frame.data));
}

function bytesOf(data: string | Uint8Array): Buffer {
  if (typeof data === "string") {
    const size = Buffer.byteLength(data);
    const offset = headerSize(size);
    const bytes = Buffer.allocUnsafe(offset + size);
    writeHeader(bytes, TEXT, size);
    // Mostly ASCII, and that is copied faster than UTF-8 is encoded.
    if (size === data.length) bytes.write(data, offset, "latin1");
    else bytes.write(data, offset, "utf8");
    return bytes;
  }
  const offset = headerSize(data.length);
  const bytes = Buffer.allocUnsafe(offset + data.length);
  writeHeader(bytes, BINARY, data.length);
  bytes.set(data, offset);
  return bytes;
}

function headerSize(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

function writeHeader(bytes: Buffer, first: number, size: number): void {
  bytes[0] = first;
  if (size < 126) {
    bytes[1] = size;
  } else if (size < 65_536) {
    bytes[1] = 126;
    bytes.writeUInt16BE(size, 2);
  } else {
    bytes[1] = 127;
    bytes.writeUInt32BE(0, 2);
    bytes.writeUInt32BE(size, 6);
  }
}
