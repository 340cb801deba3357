import type { FastifyReply } from "fastify";
import { apiError } from "./errors.ts";

/** Begins with one slash, and has nothing in it that browsers read as a second one, or leave out. */
const LOCAL = /^\/(?!\/|%09)(?!.*(?:\\|\/%09))[^\u0000-\u001f\u007f]*$/is;
/** What a header can't hold. */
const UNSENDABLE = /[^\u0021-\u007e]+/g;

/**
 * Sends the client elsewhere, with 302 or the status that the reply has, if that is one of 300 to 399: `to` a path of this server, or
 * to an `external` URL. Throws `ROOKERY_REDIRECT` for a `to` that leads to another host, as what a client sent may do
 * (`//evil.example`). `Phoenix.Controller.redirect/2`.
 */
export function redirect(
  reply: FastifyReply,
  target: { readonly to: string } | { readonly external: string },
): FastifyReply {
  const { statusCode } = reply;
  const status = statusCode >= 300 && statusCode <= 399 ? statusCode : 302;
  if (!("external" in target) && !LOCAL.test(target.to)) throw apiError("ROOKERY_REDIRECT", target.to);
  const url = "external" in target ? target.external : target.to;
  return reply.redirect(url.toWellFormed().replace(UNSENDABLE, encodeURIComponent), status);
}
