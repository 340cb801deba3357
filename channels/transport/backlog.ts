import type { EncodedFrame } from "../encoded-frame.ts";
import { websocketBytes } from "./websocket-frame.ts";

/**
 * What becomes of a client that leaves more unread than it may.
 *
 * - `"disconnect"`: it is closed with 1013, and comes back.
 * - `"drop_oldest"`, `"drop_newest"`: it misses events, those that have waited longest or those that come last.
 * - `{ conflate }`: of the events that wait and for which it answers the same key, the client gets the newest only, in the place
 *   of the first. It misses none for which the answer is undefined.
 *
 * What a client misses are broadcasts and pushes, never a reply, never an event whose name begins with `phx_` or `presence_`:
 * without one of those it would be wrong for ever. A client that leaves too much of them unread is disconnected under
 * every policy.
 * @example
 * ```ts
 * const websocket: WebSocketOptions = {
 *   maxBufferedSize: 1_000_000,
 *   slowConsumer: {
 *     conflate: (event, topic, payload) => (event === "cursor" ? `${topic} ${(payload as Cursor).userId}` : undefined),
 *   },
 * };
 * ```
 */
export type SlowConsumer = "disconnect" | "drop_oldest" | "drop_newest" | { readonly conflate: Conflate };

/** The key of an event, of whose kind a slow client gets the newest only; undefined if it is to miss none. What it throws ends the connection. */
export type Conflate = (event: string, topic: string, payload: object) => string | undefined;

export function isSlowConsumer(value: unknown): value is SlowConsumer {
  if (typeof value === "object" && value !== null) {
    return (
      typeof (value as { conflate?: unknown }).conflate === "function" && Object.keys(value).length === 1
    );
  }
  return value === "disconnect" || value === "drop_oldest" || value === "drop_newest";
}

/** What became of a frame that is to wait. */
export const Waiting = { Kept: 0, Dropped: 1, Overflow: 2 } as const;
export type Waiting = (typeof Waiting)[keyof typeof Waiting];

/** What the queue holds where a frame was taken out of its middle. */
const GAP = undefined;

/** Fewer gaps are not worth closing. */
const GAPS_MIN = 1_024;

/** The frames that wait for one slow client to read, and what is left out of them. Touches no socket. */
export class Backlog {
  readonly #policy: SlowConsumer;
  readonly #bytesMax: number;
  #frames: (EncodedFrame | typeof GAP)[] = [];
  #head = 0;
  #gaps = 0;
  /** No frame before this one can be dropped. */
  #droppable = 0;
  /** None from this one on. */
  #droppableEnd = 0;
  /** Where the frame with a key waits. */
  readonly #byKey = new Map<string, number>();
  #keys: (string | undefined)[] = [];
  #bytes = 0;
  droppedFrames = 0;
  droppedBytes = 0;

  constructor(policy: SlowConsumer, bytesMax: number) {
    this.#policy = policy;
    this.#bytesMax = bytesMax;
  }

  /** Of the frames that wait, as they go over the wire. At most what the limit says. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in a frame. `Overflow` if there is no room for it and nothing to be dropped: the client can't be kept. */
  add(frame: EncodedFrame): Waiting {
    const size = sizeOf(frame);
    const key = this.#keyOf(frame);
    const before = key === undefined ? undefined : this.#byKey.get(key);
    if (before !== undefined) return this.#replace(before, frame, size);
    if (!this.#hasRoom(size)) {
      if (this.#policy === "drop_oldest" && size <= this.#bytesMax) this.#makeRoom(size);
      if (this.#policy === "drop_newest" && size <= this.#bytesMax && !isDroppable(frame))
        this.#makeRoomAtEnd(size);
      if (!this.#hasRoom(size)) {
        return typeof this.#policy === "string" && isDroppable(frame) ? this.#drop(size) : Waiting.Overflow;
      }
    }
    this.#bytes += size;
    if (key !== undefined) this.#byKey.set(key, this.#frames.length);
    this.#frames.push(frame);
    this.#keys.push(key);
    if (this.#policy === "drop_newest" && isDroppable(frame)) this.#droppableEnd = this.#frames.length;
    return Waiting.Kept;
  }

  /** The frame that has waited longest, which waits no more. */
  shift(): EncodedFrame | undefined {
    while (this.#head < this.#frames.length) {
      const frame = this.#frames[this.#head];
      const key = this.#keys[this.#head];
      this.#head += 1;
      if (frame === GAP) continue;
      if (key !== undefined) this.#byKey.delete(key);
      this.#bytes -= sizeOf(frame);
      this.#leaveGap(this.#head - 1);
      return frame;
    }
    return undefined;
  }

  #hasRoom(size: number): boolean {
    return this.#bytes + size <= this.#bytesMax;
  }

  #keyOf({ message }: EncodedFrame): string | undefined {
    if (typeof this.#policy === "string" || message === undefined || isNeeded(message.event))
      return undefined;
    // From JavaScript, null says the same.
    return this.#policy.conflate(message.event, message.topic, message.payload as object) ?? undefined;
  }

  #replace(at: number, frame: EncodedFrame, size: number): Waiting {
    const old = sizeOf(this.#frames[at]!);
    if (this.#bytes + size - old > this.#bytesMax) return Waiting.Overflow;
    this.#frames[at] = frame;
    this.#bytes += size - old;
    return this.#drop(old);
  }

  #makeRoom(size: number): void {
    let at = Math.max(this.#droppable, this.#head);
    for (; at < this.#frames.length && !this.#hasRoom(size); at += 1) {
      const frame = this.#frames[at];
      if (frame === GAP || !isDroppable(frame)) continue;
      this.#bytes -= sizeOf(frame);
      this.#drop(sizeOf(frame));
      this.#frames[at] = GAP;
      this.#gaps += 1;
    }
    this.#droppable = at;
    this.#compact();
  }

  #makeRoomAtEnd(size: number): void {
    let end = this.#droppableEnd;
    for (; end > this.#head && !this.#hasRoom(size); end -= 1) {
      const frame = this.#frames[end - 1];
      if (frame === GAP || !isDroppable(frame)) continue;
      this.#bytes -= sizeOf(frame);
      this.#drop(sizeOf(frame));
      this.#frames[end - 1] = GAP;
      this.#gaps += 1;
    }
    this.#droppableEnd = end;
    this.#compact();
  }

  #leaveGap(at: number): void {
    this.#frames[at] = GAP;
    this.#gaps += 1;
    this.#compact();
  }

  #drop(bytes: number): Waiting {
    this.droppedFrames += 1;
    this.droppedBytes += bytes;
    return Waiting.Dropped;
  }

  /** Only what waits stays in the queue, once there are more gaps than frames. */
  #compact(): void {
    if (this.#gaps < GAPS_MIN || this.#gaps * 2 < this.#frames.length) return;
    const frames: EncodedFrame[] = [];
    const keys: (string | undefined)[] = [];
    let droppable: number | undefined;
    let droppableEnd = 0;
    for (let at = this.#head; at < this.#frames.length; at += 1) {
      if (at >= this.#droppable) droppable ??= frames.length;
      const frame = this.#frames[at];
      if (frame === GAP) continue;
      const key = this.#keys[at];
      if (key !== undefined) this.#byKey.set(key, frames.length);
      frames.push(frame);
      keys.push(key);
      if (at < this.#droppableEnd) droppableEnd = frames.length;
    }
    this.#frames = frames;
    this.#keys = keys;
    this.#head = 0;
    this.#gaps = 0;
    this.#droppable = droppable ?? frames.length;
    this.#droppableEnd = droppableEnd;
  }
}

/** Whether a client that misses it is none the worse for it. */
function isDroppable({ message }: EncodedFrame): boolean {
  return message !== undefined && !isNeeded(message.event);
}

function isNeeded(event: string): boolean {
  return event.startsWith("phx_") || event.startsWith("presence_");
}

function sizeOf(frame: EncodedFrame): number {
  return websocketBytes(frame).length;
}
