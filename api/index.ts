export { type ActionFallback, actionFallback, type Failure } from "./action-fallback.ts";
export {
  defineEndpoint,
  type Endpoint,
  type EndpointStartOptions,
  endpointUrl,
} from "./endpoint/endpoint.ts";
export type { EndpointOptions, ListenOptions, SocketMount } from "./endpoint/endpoint-options.ts";
export { listenOnEveryShard } from "./endpoint/listening-shards.ts";
export type { RunningEndpoint } from "./endpoint/running-endpoint.ts";
export { filterParameters } from "../channels/internal.ts";
export { createLogger } from "./logger.ts";
export type { Plug } from "./plug.ts";
export { accepts } from "./plugs/accepts.ts";
export { bearerAuth, type CurrentUser } from "./plugs/bearer-auth.ts";
export { bodyLimit } from "./plugs/body-limit.ts";
export { scrubParams } from "./plugs/scrub-params.ts";
export {
  addError,
  applyChanges,
  cast,
  change,
  type Changeset,
  deleteChange,
  getChange,
  getField,
  putChange,
  traverseErrors,
  uniqueConstraint,
} from "./repo/changeset.ts";
export { NotFoundError } from "./repo/errors.ts";
export type { Migration } from "./repo/migrator.ts";
export { Multi, type MultiResult, type StepResult } from "./repo/multi.ts";
export { type Page, page, type PageOptions, type PageParams, type PageResult } from "./repo/page.ts";
export type { WriteResult } from "./repo/queries.ts";
export { repoQuery } from "./repo/query-telemetry.ts";
export { Repo } from "./repo/repo.ts";
export type { RepoOptions } from "./repo/repo-options.ts";
export {
  validateChange,
  validateFormat,
  validateInclusion,
  validateLength,
  validateNumber,
  validateRequired,
} from "./repo/validation.ts";
export type { Route } from "./router/route.ts";
export { defineRouter, type Router } from "./router/router.ts";
export type { Scope } from "./router/scope.ts";
export { readSettings } from "./settings.ts";
export {
  dispatchException,
  dispatchStart,
  dispatchStop,
  endpointStart,
  endpointStop,
  errorRendered,
  socketDrain,
} from "./telemetry.ts";
export { sqliteLogStore, type SqliteLogStoreOptions } from "./topic-log/sqlite-log-store.ts";
