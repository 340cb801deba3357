import type { FastifyRequest } from "fastify";
import type { Plug } from "../plug.ts";

/**
 * Requires the body to be an object with `key`, else it is answered with 400, and turns strings of nothing but white space in
 * what stands there into null, all the way down. `Phoenix.Controller.scrub_params/2`.
 */
export function scrubParams(key: string): Plug {
  const scrubbing = (request: FastifyRequest): unknown => {
    const body = request.body;
    const scrubbed = isRecord(body) && Object.hasOwn(body, key) ? scrub(body[key]) : null;
    if (scrubbed === null) return { error: "bad_request" };
    request.body = { ...(body as object), [key]: scrubbed };
    return undefined;
  };
  return Object.assign(scrubbing, { refuses: [400] });
}

function scrub(value: unknown): unknown {
  if (typeof value === "string") return value.trim() === "" ? null : value;
  if (Array.isArray(value)) return value.map(scrub);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrub(item)]));
  return value;
}

/** Whether it is but data: the instances of a parser, an uploaded file for one, are more than their fields. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
