import { RookeryError } from "../runtime/index.ts";
import { brief } from "../runtime/internal.ts";

/** Every error that the HTTP side of the api layer raises: `%s` are filled in order. `docs/errors.md` explains each. */
export const apiErrors = {
  ROOKERY_ROUTE_PATH: 'Expected a path that begins with "/", got %s',
  ROOKERY_DUPLICATE_ROUTE: "Expected each route once, but %s leads to both %s and %s",
  ROOKERY_UNKNOWN_PIPELINE: "Expected one of the router's pipelines (%s), got %s",
  ROOKERY_DUPLICATE_PIPELINE: "Expected the pipeline %s once, but it is %s twice",
  ROOKERY_UNKNOWN_ACTION: "Expected %s to have an action for %s, but it has no method %s",
  ROOKERY_RESOURCE_ACTION: "Expected the actions in %s of %s to be among %s, got %s",
  ROOKERY_NO_ANSWER: "Expected %s to send a reply or to return what to send, but it did neither",
  ROOKERY_UNKNOWN_FAILURE: "Expected %s to return a failure that the action fallback knows, got %s",
  ROOKERY_NO_CURRENT_USER:
    "Expected %s to be reached through the plug that sets the current user, but it is not",
  ROOKERY_ENDPOINT_OPTION: "Expected %s in the options of the endpoint, got %s",
  ROOKERY_LISTEN: "Expected to listen on %s, but %s",
  ROOKERY_SETTINGS: "Expected other settings: %s",
} as const;

export type ApiErrorCode = keyof typeof apiErrors;

export function apiError(code: ApiErrorCode, ...values: unknown[]): RookeryError {
  let next = 0;
  return new RookeryError(
    code,
    apiErrors[code].replace(/%s/g, () => brief(values[next++])),
  );
}
