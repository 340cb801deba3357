import type { FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./error-json.ts";
import { apiError } from "./errors.ts";
import { InvalidRequest } from "./invalid-request.ts";
import type { Changeset } from "./repo/changeset.ts";
import { traverseErrors } from "./repo/traversal.ts";
import { errorStatus } from "./status.ts";

/**
 * Answers for all actions of a router what they return as a failure. It sends a reply, or returns what is to be sent.
 * Phoenix's `action_fallback`; unlike there, it is not asked about anything but failures.
 */
export type ActionFallback = (failure: Failure, request: FastifyRequest, reply: FastifyReply) => unknown;

/** `{ error }`, where `error` names the reason or is an invalid changeset; or the invalid changeset itself. */
export type Failure = { readonly error: unknown } | Changeset<object>;

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
 * field, an `InvalidRequest` with its status and the same. Any other failure is an error of the program (`ROOKERY_UNKNOWN_FAILURE`, 500).
 */
export const actionFallback: ActionFallback = (failure, request, reply) => {
  const error = "error" in failure ? failure.error : failure;
  if (isInvalidChangeset(error)) return sendError(reply, 422, { errors: traverseErrors(error) });
  if (error instanceof InvalidRequest) {
    if (Object.keys(error.errors).length === 0) return sendError(reply, error.status);
    return sendError(reply, error.status, { errors: error.errors });
  }
  const status = errorStatus(error);
  if (status === undefined) {
    throw apiError("ROOKERY_UNKNOWN_FAILURE", `${request.method} ${request.routeOptions.url}`, failure);
  }
  return sendError(reply, status);
};
