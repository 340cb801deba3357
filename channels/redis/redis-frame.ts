/** The first byte of what nodes say to each other over Redis. Another one is of a version that isn't spoken here. */
const VERSION = 1;
const HEAD_BYTES = 3;
/** The name of a node has at most so many bytes of UTF-8. */
export const NODE_BYTES_MAX = 255;

/** Who has sent a frame, of which kind it is, and what it holds. */
export interface RedisFrame {
  readonly kind: number;
  readonly node: string;
  readonly body: Buffer;
}

/**
 * ```text
 *   [ version | kind | size of node | node | body ]
 * ```
 */
export function encodeFrame(kind: number, node: Buffer, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + node.length + body.length);
  bytes[0] = VERSION;
  bytes[1] = kind;
  bytes[2] = node.length;
  bytes.set(node, HEAD_BYTES);
  bytes.set(body, HEAD_BYTES + node.length);
  return bytes;
}

/** Undefined for what is none, or of another version. */
export function decodeFrame(bytes: Buffer): RedisFrame | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return undefined;
  const end = HEAD_BYTES + bytes[2]!;
  if (bytes.length < end) return undefined;
  return { kind: bytes[1]!, node: bytes.toString("utf8", HEAD_BYTES, end), body: bytes.subarray(end) };
}
