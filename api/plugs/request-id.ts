import { randomFillSync } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Long enough to be one of its kind, short enough for a log line, and nothing in it that a header or a log could trip over. */
const SAFE_ID = /^[\w+/=.:@~-]{20,200}$/;

// One question to the system for many ids: asked for each, it would cost more than the rest of a small request's handling.
const ID_BYTES = 15;
const pool = Buffer.alloc(ID_BYTES * 256);
let poolUsed = pool.length;

/** The client's `x-request-id` if it is 20 to 200 safe bytes, else a new one of 20. `Plug.RequestId`. */
export function requestIdOf(request: Pick<IncomingMessage, "headers">): string {
  const id = request.headers["x-request-id"];
  return typeof id === "string" && SAFE_ID.test(id) ? id : newId();
}

function newId(): string {
  if (poolUsed === pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += ID_BYTES;
  return pool.toString("base64url", poolUsed - ID_BYTES, poolUsed);
}

/** Tells the client the id under which the log speaks of its request. The endpoint does it for every request. */
export function requestId(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
}
