import { shownInLine, undirected } from "./shown.ts";

/** A longer frame is not read: its length says enough. */
const READ_LENGTH_MAX = 64_000;
const PAYLOAD_LENGTH_MAX = 600;
const TEXT_MAX = 120;

/** A frame as the tap shows it. */
export interface TappedFrame {
  readonly direction: "in" | "out";
  readonly length: number;
  readonly topic: string;
  readonly event: string;
  readonly ref: string;
  readonly payload: string;
}

/** A frame as it was seen. */
export interface RawFrame {
  readonly direction: "in" | "out";
  readonly data: string | Uint8Array;
}

/** What a frame says, without secrets: in version 2 of the protocol or 1; of bytes, how many. */
export function frameText({ direction, data }: RawFrame): TappedFrame {
  const { length } = data;
  const plain = { direction, length, topic: "", event: "", ref: "" };
  if (typeof data !== "string") return { ...plain, payload: `[${length} bytes]` };
  if (length > READ_LENGTH_MAX) return { ...plain, payload: `[${length} characters]` };
  try {
    const message = JSON.parse(data) as unknown;
    const { topic, event, ref, payload } = Array.isArray(message)
      ? { ref: message[1], topic: message[2], event: message[3], payload: message[4] }
      : (message as Record<string, unknown>);
    return {
      ...plain,
      topic: short(topic),
      event: short(event),
      ref: short(ref),
      payload: shownInLine(payload, PAYLOAD_LENGTH_MAX),
    };
  } catch {
    return { ...plain, payload: "[no JSON]" };
  }
}

function short(value: unknown): string {
  return value === null || value === undefined ? "" : undirected(String(value).slice(0, TEXT_MAX));
}
