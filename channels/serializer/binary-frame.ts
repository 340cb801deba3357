import { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";

const FIELD_BYTES_MAX = 255;

/**
 * A frame of bytes: its kind, a byte for the size of each field, `encoding` where the kind has one, the fields in UTF-8,
 * and the payload to the end. Throws ROOKERY_FIELD_TOO_LONG.
 */
export function binaryFrame(
  kind: number,
  fields: Readonly<Record<string, string>>,
  payload: Uint8Array,
  encoding?: number,
): EncodedFrame {
  const names = Object.keys(fields);
  const header = [kind];
  let size = payload.length;
  for (const name of names) {
    const bytes = Buffer.byteLength(fields[name]!);
    if (bytes > FIELD_BYTES_MAX) throw channelsError("ROOKERY_FIELD_TOO_LONG", name, bytes);
    header.push(bytes);
    size += bytes;
  }
  if (encoding !== undefined) header.push(encoding);
  const frame = Buffer.allocUnsafe(header.length + size);
  frame.set(header);
  let offset = header.length;
  for (const name of names) offset += frame.write(fields[name]!, offset);
  frame.set(payload, offset);
  return new EncodedFrame(frame);
}

/** The same bytes as a Buffer, which reads UTF-8. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Where the fields of a frame end, the last of them where its payload begins: `sizes` of them, behind a header of
 * `headerBytes`. Throws ROOKERY_FRAME_MALFORMED for a frame that ends before.
 */
export function fieldEnds(frame: Uint8Array, sizes: number, headerBytes: number): number[] {
  if (frame.length < headerBytes) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", `of at least ${headerBytes} bytes`, frame.length);
  }
  let end = headerBytes;
  const ends: number[] = [];
  for (let index = 1; index <= sizes; index += 1) ends.push((end += frame[index]!));
  if (end > frame.length) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", `of at least ${end} bytes`, frame.length);
  }
  return ends;
}
