import { runtimeError } from "../errors.ts";

/** What one node tells another, first byte of each frame. */
export const FrameKind = { Hello: 0, Signals: 1, Binary: 2, Named: 3, Place: 4, ShardLost: 5 } as const;

/** Nodes that don't speak this don't connect. */
const VERSION = 1;

/**
 * The two ids that a connection has, one from each side. Both greet until each knows both; a frame with others is of a connection that
 * is over.
 */
export interface FrameIds {
  readonly sender: number;
  readonly receiver: number;
}

export type NodeFrame = FrameIds &
  (
    | { readonly kind: typeof FrameKind.Hello }
    | {
        readonly kind: typeof FrameKind.Signals | typeof FrameKind.Binary;
        readonly from: number;
        readonly to: number;
        readonly body: Buffer;
      }
    | {
        readonly kind: typeof FrameKind.Named;
        readonly from: number;
        readonly name: string;
        readonly body: Buffer;
      }
    | {
        readonly kind: typeof FrameKind.Place;
        readonly slot: number;
        readonly node: string;
        readonly incarnation: string;
      }
    | { readonly kind: typeof FrameKind.ShardLost; readonly shard: number }
  );

/**
 * ```text
 *   every frame:      length 4 | kind | sender 4 | receiver 4 | ...      the length is that of the rest; highest byte first
 *   Hello             version
 *   Signals, Binary   from 4 | to 4 | bytes                   shards, as their own nodes number them
 *   Named             from 4 | length 4, name | bytes
 *   Place             slot 4 | length 4, node | length 4, incarnation
 *   ShardLost         shard 4
 * ```
 */
const LENGTH_BYTES = 4;
const KIND_AT = LENGTH_BYTES;
const SENDER_AT = KIND_AT + 1;
const RECEIVER_AT = SENDER_AT + 4;
const HEAD_BYTES = RECEIVER_AT + 4;

function head(kind: number, { sender, receiver }: FrameIds, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bodyBytes);
  frame.writeUInt32BE(frame.length - LENGTH_BYTES);
  frame[KIND_AT] = kind;
  frame.writeUInt32BE(sender, SENDER_AT);
  frame.writeUInt32BE(receiver, RECEIVER_AT);
  return frame;
}

export function helloFrame(ids: FrameIds): Buffer {
  const frame = head(FrameKind.Hello, ids, 1);
  frame[HEAD_BYTES] = VERSION;
  return frame;
}

export function shardFrame(
  kind: typeof FrameKind.Signals | typeof FrameKind.Binary,
  ids: FrameIds,
  from: number,
  to: number,
  body: Uint8Array,
): Buffer {
  const frame = head(kind, ids, 8 + body.length);
  frame.writeUInt32BE(from, HEAD_BYTES);
  frame.writeUInt32BE(to, HEAD_BYTES + 4);
  frame.set(body, HEAD_BYTES + 8);
  return frame;
}

export function namedFrame(ids: FrameIds, from: number, name: string, body: Uint8Array): Buffer {
  const text = Buffer.from(name);
  const frame = head(FrameKind.Named, ids, 8 + text.length + body.length);
  frame.writeUInt32BE(from, HEAD_BYTES);
  frame.set(body, writeText(frame, HEAD_BYTES + 4, text));
  return frame;
}

export function placeFrame(ids: FrameIds, slot: number, node: string, incarnation: string): Buffer {
  const texts = [Buffer.from(node), Buffer.from(incarnation)] as const;
  const frame = head(FrameKind.Place, ids, 12 + texts[0].length + texts[1].length);
  frame.writeUInt32BE(slot, HEAD_BYTES);
  writeText(frame, writeText(frame, HEAD_BYTES + 4, texts[0]), texts[1]);
  return frame;
}

export function shardLostFrame(ids: FrameIds, shard: number): Buffer {
  const frame = head(FrameKind.ShardLost, ids, 4);
  frame.writeUInt32BE(shard, HEAD_BYTES);
  return frame;
}

function writeText(frame: Buffer, at: number, text: Buffer): number {
  frame.writeUInt32BE(text.length, at);
  frame.set(text, at + 4);
  return at + 4 + text.length;
}

/** The frame that begins at `at`: several are carried together. Throws for one that is cut off. */
export function frameAt(bytes: Uint8Array, at: number): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
  const end = at + LENGTH_BYTES + length;
  if (end > bytes.length) throw runtimeError("ROOKERY_NODE_BYTES", "a frame that is cut off");
  return bytes.subarray(at, end);
}

/** Throws for bytes that are no frame. */
export function readFrame(bytes: Uint8Array): NodeFrame {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = frame.readUInt8(KIND_AT);
  const ids = { sender: frame.readUInt32BE(SENDER_AT), receiver: frame.readUInt32BE(RECEIVER_AT) };
  switch (kind) {
    case FrameKind.Hello:
      if (frame.readUInt8(HEAD_BYTES) !== VERSION)
        throw runtimeError("ROOKERY_NODE_BYTES", "another version of the protocol");
      return { ...ids, kind };
    case FrameKind.Signals:
    case FrameKind.Binary:
      return {
        ...ids,
        kind,
        from: frame.readUInt32BE(HEAD_BYTES),
        to: frame.readUInt32BE(HEAD_BYTES + 4),
        body: frame.subarray(HEAD_BYTES + 8),
      };
    case FrameKind.Named: {
      const [name, end] = readText(frame, HEAD_BYTES + 4);
      return { ...ids, kind, from: frame.readUInt32BE(HEAD_BYTES), name, body: frame.subarray(end) };
    }
    case FrameKind.Place: {
      const [node, end] = readText(frame, HEAD_BYTES + 4);
      return {
        ...ids,
        kind,
        slot: frame.readUInt32BE(HEAD_BYTES),
        node,
        incarnation: readText(frame, end)[0],
      };
    }
    case FrameKind.ShardLost:
      return { ...ids, kind, shard: frame.readUInt32BE(HEAD_BYTES) };
    default:
      throw runtimeError("ROOKERY_NODE_BYTES", `a frame of the unknown kind ${kind}`);
  }
}

function readText(frame: Buffer, at: number): [text: string, end: number] {
  const end = at + 4 + frame.readUInt32BE(at);
  if (end > frame.length) throw runtimeError("ROOKERY_NODE_BYTES", "a text longer than its frame");
  return [frame.toString("utf8", at + 4, end), end];
}
