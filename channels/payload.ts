import { channelsError } from "./errors.ts";

/** A payload of a push or a broadcast: an object that JSON has a form for, or bytes. */
export type Payload = object;

/**
 * Refuses what no client could read as the payload of a push or a broadcast. Only its kind: what inside an object has no
 * form in JSON shows when it is encoded.
 */
export function assertPayload(payload: unknown, event: string): asserts payload is Payload {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload) || isOtherBytes(payload)) {
    throw channelsError("ROOKERY_PAYLOAD", event, payload);
  }
}

/** Bytes in another shape than Uint8Array have a form in JSON, `{}`: sending that would lose them in silence. */
function isOtherBytes(payload: object): boolean {
  return payload instanceof ArrayBuffer || (ArrayBuffer.isView(payload) && !(payload instanceof Uint8Array));
}
