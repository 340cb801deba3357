import { isUtf8 } from "node:buffer";

/** So many frames of a body are taken, the others are dropped: clients send the rest in their next request. */
const FRAMES_MAX = 100;
/** A binary frame, as text. */
const BASE64_LENGTH_MAX = 10_000_000;

const NDJSON = "application/x-ndjson";
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The frames in the body of a client's request. In `application/x-ndjson` each line is one: a text frame if it begins with `[`, else a
 * binary frame in base64. In any other type the whole body is one text frame. Undefined if it can't be read; then none of its frames is
 * to be handled.
 */
export function framesOf(contentType: string | undefined, body: Buffer): (string | Uint8Array)[] | undefined {
  if (!isUtf8(body)) return undefined;
  const text = body.toString();
  if (contentType?.split(";", 1)[0]?.trim().toLowerCase() !== NDJSON) return [text];
  const frames: (string | Uint8Array)[] = [];
  for (const line of linesOf(text)) {
    const frame = line.startsWith("[") ? line : bytesOf(line);
    if (frame === undefined) return undefined;
    frames.push(frame);
  }
  return frames;
}

/** The end of the last line is no further line. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/, FRAMES_MAX + 1);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines.slice(0, FRAMES_MAX);
}

/** Node's own decoder leaves out what it does not know. */
function bytesOf(line: string): Uint8Array | undefined {
  if (line.length > BASE64_LENGTH_MAX || line.length % 4 !== 0 || !BASE64.test(line)) return undefined;
  return Buffer.from(line, "base64");
}
