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
  ROOKERY_ROUTE_ORDER:
    "Expected %s before %s, which is declared first and would match too, but it comes after",
  ROOKERY_ROUTE_HOST: 'Expected hosts such as "example.com", or their beginning such as "api.", got %s',
  ROOKERY_RESOURCE_NAME:
    "Expected a name in the options of %s, for the parameter of what is nested in it, got %s",
  ROOKERY_FORWARD: "Expected %s to forward to a router or a plugin of Fastify, got %s",
  ROOKERY_ACTION_SCHEMA: "Expected %s in the schemas of an action, got %s",
  ROOKERY_RESPONSE: "Expected the answer of %s with status %s to fit its schema, but: %s",
  ROOKERY_PATH: "Expected a path of the router, got %s",
  ROOKERY_PATH_PARAM: "Expected a %s that can stand in the path %s, got %s",
  ROOKERY_EXCEPTION_STATUS: "Expected the status of the exception %s to be one from 400 to 599, got %s",
  ROOKERY_REDIRECT: "Expected a path of this server to redirect to, got %s",
  ROOKERY_STATUS: "Expected a status or the name of one, got %s",
  ROOKERY_NO_VIEW: "Expected a view for the format %s, but there are only those for %s",
  ROOKERY_COMMAND: "Expected %s, got %s",
  ROOKERY_NO_ANSWER: "Expected %s to send a reply or to return what to send, but it did neither",
  ROOKERY_UNKNOWN_FAILURE: "Expected %s to return a failure that the action fallback knows, got %s",
  ROOKERY_NO_CURRENT_USER:
    "Expected %s to be reached through the plug that sets the current user, but it is not",
  ROOKERY_NO_SESSION: "Expected %s to be reached through the plug that fetches the session, but it is not",
  ROOKERY_NO_COOKIES: "Expected %s to be reached through a plug that fetches cookies, but it is not",
  ROOKERY_COOKIE_OVERFLOW: "Expected the cookie %s to have at most %s bytes, got %s",
  ROOKERY_PLUG_OPTION: "Expected %s in the options of the plug %s, got %s",
  ROOKERY_ENDPOINT_OPTION: "Expected %s in the options of the endpoint, got %s",
  ROOKERY_LISTEN: "Expected to listen on %s, but %s",
  ROOKERY_OPENAPI: "Expected %s in an OpenAPI document, got %s",
  ROOKERY_TRACING: "Expected that nobody traces on this thread yet, but %s",
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
