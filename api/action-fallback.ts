import { STATUS_CODES } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./error-json.ts";
import { apiError } from "./errors.ts";
import { type Changeset, traverseErrors } from "./repo/changeset.ts";

/**
 * Answers for all actions of a router what they return as a failure. It sends a reply, or returns what is to be sent.
 * Phoenix's `action_fallback`; unlike there, it is not asked about anything but failures.
 */
export type ActionFallback = (failure: Failure, request: FastifyRequest, reply: FastifyReply) => unknown;

/** `{ error }`, where `error` names the reason or is an invalid changeset; or the invalid changeset itself. */
export type Failure = { readonly error: unknown } | Changeset<object>;

/** `not_found` for 404 and so on: the reason phrases of all errors in HTTP, as `Plug.Conn.Status` spells them. */
const STATUS_BY_REASON: ReadonlyMap<unknown, number> = new Map(
  Object.entries(STATUS_CODES)
    .filter(([status]) => Number(status) >= 400)
    .map(([status, phrase = ""]) => [phrase.toLowerCase().replace(/[^a-z]+/g, "_"), Number(status)]),
);

/** Whether a plug or an action has returned a failure rather than something to send. */
export function isFailure(result: unknown): result is Failure {
  if (typeof result !== "object" || result === null) return false;
  return ("error" in result && result.error !== undefined) || isInvalidChangeset(result);
}

function isInvalidChangeset(value: unknown): value is Changeset<object> {
  if (typeof value !== "object" || value === null) return false;
  const { valid, errors, changes } = value as Partial<Changeset<object>>;
  return valid === false && Array.isArray(errors) && typeof changes === "object";
}

/**
 * The fallback of every router that has no other: `{ error: "not_found" }` is answered with 404, `"unauthorized"` with 401,
 * `"forbidden"` with 403, `"conflict"` with 409 and so on, an invalid changeset with 422 and the messages for each
 * field. Any other failure is an error of the program (`ROOKERY_UNKNOWN_FAILURE`, 500).
 */
export const actionFallback: ActionFallback = (failure, request, reply) => {
  const error = "error" in failure ? failure.error : failure;
  if (isInvalidChangeset(error)) return reply.code(422).send({ errors: traverseErrors(error) });
  const status = STATUS_BY_REASON.get(error);
  if (status === undefined) {
    throw apiError("ROOKERY_UNKNOWN_FAILURE", `${request.method} ${request.routeOptions.url}`, failure);
  }
  return sendError(reply, status);
};
