import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";
import { apiError } from "./errors.ts";

/** `created` for 201, `not_found` for 404: the reason phrases of HTTP, as `Plug.Conn.Status` spells them. */
const STATUS_BY_NAME: ReadonlyMap<unknown, number> = new Map([
  ...Object.entries(STATUS_CODES).map(
    ([status, phrase = ""]) =>
      [
        phrase
          .toLowerCase()
          .replaceAll("'", "")
          .replace(/[^a-z]+/g, "_"),
        Number(status),
      ] as const,
  ),
  // Phrases of Plug that Node has otherwise.
  ["request_entity_too_large", 413],
  ["request_uri_too_long", 414],
  ["requested_range_not_satisfiable", 416],
  ["unprocessable_content", 422],
]);

/** The status of an error with this name; undefined if there is none. */
export function errorStatus(name: unknown): number | undefined {
  const status = STATUS_BY_NAME.get(name);
  return status === undefined || status < 400 ? undefined : status;
}

/**
 * Sets the status of a reply, by its number or its name: `putStatus(reply, "created")`. Throws `ROOKERY_STATUS` for a name
 * that no status has. `Plug.Conn.put_status/2`.
 */
export function putStatus(reply: FastifyReply, status: number | string): FastifyReply {
  const code = typeof status === "number" ? status : STATUS_BY_NAME.get(status);
  if (code === undefined) throw apiError("ROOKERY_STATUS", status);
  return reply.code(code);
}
