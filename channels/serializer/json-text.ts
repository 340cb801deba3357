import { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";

/** Deeper than this no client's frame is; copies for other shards and what others are sent come to its end, too. */
const NESTING_MAX = 500;

/** A text frame. Throws ROOKERY_PAYLOAD_NOT_JSON, naming the event, for what JSON has no form for. */
export function textFrame(frame: object, event: string): EncodedFrame {
  try {
    return new EncodedFrame(JSON.stringify(frame));
  } catch (error) {
    throw channelsError("ROOKERY_PAYLOAD_NOT_JSON", event, error);
  }
}

/**
 * Throws ROOKERY_FRAME_MALFORMED, also for what is nested more than 500 levels deep: reading that is easy, but whoever sends it on would
 * come to the end of the stack, in the channels of others.
 */
export function parseJson(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", "in JSON", error);
  }
  // Nearly every frame is too short for that.
  if (text.length > 2 * NESTING_MAX && isNestedDeeper(parsed, NESTING_MAX))
    throw channelsError(
      "ROOKERY_FRAME_MALFORMED",
      `nested ${NESTING_MAX} levels deep at most`,
      "a deeper one",
    );
  return parsed;
}

/** Whether lists and objects stand in one another more than `levels` deep. */
function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((element) => isNestedDeeper(element, levels - 1));
  for (const name in value)
    if (isNestedDeeper((value as Readonly<Record<string, unknown>>)[name], levels - 1)) return true;
  return false;
}
