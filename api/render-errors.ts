import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorJson, sendError } from "./error-json.ts";
import { exceptionStatus } from "./exception-status.ts";
import { errorRendered } from "./telemetry.ts";

/** Answers what was thrown while `request` was served. The client learns the status, the log everything about a 5xx. */
export function renderError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  leaveOutUnsendable(reply, error);
  const status = exceptionStatus(error, request.server.exceptionStatuses);
  if (status >= 500) request.log.error({ err: error }, "a request failed");
  if (errorRendered.enabled) {
    errorRendered.execute({ durationMs: reply.elapsedTime }, { request, status, error });
  }
  return sendError(reply, status);
}

/** A header that Node has refused to write would be in the way of this answer, too. */
function leaveOutUnsendable(reply: FastifyReply, error: unknown): void {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (code !== "ERR_INVALID_CHAR" && code !== "ERR_INVALID_HTTP_TOKEN") return;
  // Node has kept the phrase of the status that there was then.
  reply.raw.statusMessage = "";
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    try {
      validateHeaderName(name);
      for (const one of [value].flat()) validateHeaderValue(name, String(one));
    } catch {
      reply.removeHeader(name);
    }
  }
}

/** Gives exceptions and unknown routes (a known path with another method is one) the one shape of errors. */
export function renderErrors(app: FastifyInstance): void {
  app.setErrorHandler(renderError);
  app.setNotFoundHandler((request, reply) => {
    if (errorRendered.enabled) {
      errorRendered.execute({ durationMs: reply.elapsedTime }, { request, status: 404, error: undefined });
    }
    return sendError(reply, 404);
  });
}

/** Answers what is not even a request of HTTP, over the bare socket, and closes it. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return;
  const timedOut = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  refuseSocket(socket, timedOut ? 408 : error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400);
}

/** Writes the answer `status` to a socket that no reply belongs to, and closes it. */
export function refuseSocket(socket: { end(text: string): unknown }, status: number): void {
  const body = JSON.stringify(errorJson(status));
  socket.end(
    `HTTP/1.1 ${status} ${errorJson(status).errors.detail}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
