import { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";

/** A text frame. Throws ROOKERY_PAYLOAD_NOT_JSON, naming the event, for what JSON has no form for. */
export function textFrame(frame: object, event: string): EncodedFrame {
  try {
    return new EncodedFrame(JSON.stringify(frame));
  } catch (error) {
    throw channelsError("ROOKERY_PAYLOAD_NOT_JSON", event, error);
  }
}

/** Throws ROOKERY_FRAME_MALFORMED. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", "in JSON", error);
  }
}
