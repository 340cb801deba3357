import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** The body of every answer that is an error and not about single fields. */
export interface ErrorJson {
  readonly errors: { readonly detail: string };
}

/** `{ errors: { detail: "Not Found" } }` for 404, and so on: Phoenix's `ErrorJSON.render/2`. */
export function errorJson(status: number): ErrorJson {
  return { errors: { detail: STATUS_CODES[status] ?? "Unknown Error" } };
}

/** Answers with the status and `body`; by default its `errorJson`. */
export function sendError(
  reply: FastifyReply,
  status: number,
  body: object = errorJson(status),
): FastifyReply {
  return reply.code(status).type("application/json").send(body);
}
