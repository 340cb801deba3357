export { type ActionFallback, actionFallback, type Failure } from "./action-fallback.ts";
export { action, type AnswerOf, type RequestOf } from "./action.ts";
export type { Action } from "./controller.ts";
export { type CookieOptions, type CookieSeal, deleteCookie, getCookie, putCookie } from "./cookies.ts";
export type { AuthOptions, CurrentUser } from "./current-user.ts";
export type { ChaosKit } from "./dashboard/chaos-kit.ts";
export type { DashboardOptions } from "./dashboard/dashboard-options.ts";
export {
  defineEndpoint,
  type Endpoint,
  type EndpointStartOptions,
  endpointUrl,
} from "./endpoint/endpoint.ts";
export type { EndpointOptions, ListenOptions, SocketMount } from "./endpoint/endpoint-options.ts";
export { listenOnEveryShard } from "./endpoint/listening-shards.ts";
export { EndpointToken } from "./endpoint/endpoint-token.ts";
export type { RunningEndpoint } from "./endpoint/running-endpoint.ts";
export { filterParameters } from "../channels/internal.ts";
export { InvalidRequest } from "./invalid-request.ts";
export { createLogger } from "./logger.ts";
export type {
  OpenApiDocument,
  OpenApiInfo,
  OpenApiOperation,
  OpenApiServer,
  SecurityScheme,
} from "./openapi/document.ts";
export { errorSchema, type FieldErrors, fieldErrorsSchema } from "./openapi/error-schemas.ts";
export { openApi, type OpenApiOptions } from "./openapi/open-api.ts";
export { traceWithOpenTelemetry } from "./opentelemetry/open-telemetry.ts";
export type { OpenTelemetryApi } from "./opentelemetry/span.ts";
export type { EndpointPlug, Plug, PlugSecurity } from "./plug.ts";
export { accepts } from "./plugs/accepts.ts";
export { basicAuth, type BasicAuthOptions } from "./plugs/basic-auth.ts";
export { bearerAuth, type BearerAuth } from "./plugs/bearer-auth.ts";
export { bodyLimit } from "./plugs/body-limit.ts";
export { cors, type CorsOptions } from "./plugs/cors.ts";
export { fetchCookies } from "./plugs/fetch-cookies.ts";
export { forceSsl, type ForceSslOptions, type HstsOptions } from "./plugs/force-ssl.ts";
export { protectFromForgery, type ProtectFromForgeryOptions } from "./plugs/protect-from-forgery.ts";
export { rateLimit } from "./plugs/rate-limit.ts";
export { scrubParams } from "./plugs/scrub-params.ts";
export { putSecureBrowserHeaders } from "./plugs/secure-browser-headers.ts";
export { sessionAuth, type SessionAuth } from "./plugs/session-auth.ts";
export { session, type SessionPlug } from "./plugs/session.ts";
export { counter, histogram, type Metric, type MetricOptions } from "./prometheus/metric.ts";
export { Prometheus, type PrometheusOptions } from "./prometheus/prometheus.ts";
export type { RateLimitOptions } from "./rate-limit/rate-limit-options.ts";
export type { Association, Embed, OnReplace } from "./repo/association.ts";
export { redirect } from "./redirect.ts";
export {
  addError,
  applyAction,
  applyChanges,
  cast,
  type CastOptions,
  change,
  type Changeset,
  deleteChange,
  type FieldError,
  forceChange,
  getChange,
  getField,
  isChanged,
  mergeChangesets,
  prepareChanges,
  putChange,
  updateChange,
  type Validation,
} from "./repo/changeset.ts";
export type { WriteOptions } from "./repo/changeset-write.ts";
export {
  assocConstraint,
  checkConstraint,
  type ConstraintOptions,
  exclusionConstraint,
  foreignKeyConstraint,
  noAssocConstraint,
  uniqueConstraint,
} from "./repo/constraint.ts";
export { type ColumnTypes, columnTypes } from "./repo/column-types.ts";
export { NotFoundError, StaleEntryError } from "./repo/errors.ts";
export type { Migration } from "./repo/migrator.ts";
export { Multi, type MultiResult, type Step as MultiStep, type StepResult } from "./repo/multi.ts";
export {
  castAssoc,
  castEmbed,
  getAssoc,
  type NestedCastOptions,
  type NestedListCastOptions,
  type NestedValue,
  putAssoc,
  putEmbed,
} from "./repo/nested-changeset.ts";
export { optimisticLock } from "./repo/optimistic-lock.ts";
export { signedCursors } from "./repo/cursor.ts";
export {
  type OffsetPage,
  offsetPage,
  type OffsetPageParams,
  type OffsetPageResult,
} from "./repo/offset-page.ts";
export {
  type Page,
  page,
  type PageOptions,
  type PageParams,
  type PageResult,
  type PreparedPage,
  preparedPage,
} from "./repo/page.ts";
export { associations } from "./repo/preload.ts";
export type { BulkResult } from "./repo/bulk.ts";
export type { Seed } from "./repo/seeds.ts";
export type { OnConflict, UpsertOptions } from "./repo/upsert.ts";
export { prepared, type PreparedQuery } from "./repo/prepared.ts";
export type { WriteResult } from "./repo/queries.ts";
export { repoQuery } from "./repo/query-telemetry.ts";
export { Repo } from "./repo/repo.ts";
export type { RepoOptions } from "./repo/repo-options.ts";
export { traverseErrors, type Traversed, traverseValidations } from "./repo/traversal.ts";
export { unsafeValidateUnique, type UnsafeUniqueOptions } from "./repo/unsafe-unique.ts";
export {
  validateAcceptance,
  validateChange,
  validateConfirmation,
  validateExclusion,
  validateFormat,
  validateInclusion,
  validateLength,
  validateNumber,
  validateRequired,
  validateSubset,
} from "./repo/validation.ts";
export type { HostPattern } from "./router/host.ts";
export { path, paths, type PathParam, type PathQuery, type PathTo } from "./router/path.ts";
export { routeInfo, type RouteInfo } from "./router/route-info.ts";
export type { HttpMethod, Route } from "./router/route.ts";
export type { RouteSchemas } from "./router/route-schemas.ts";
export { defineRouter, type Router, type RouterOptions } from "./router/router.ts";
export type { Scope } from "./router/scope.ts";
export { checkCsrfToken, deleteCsrfToken, getCsrfToken } from "./session/csrf-token.ts";
export type { SessionOptions } from "./session/session-options.ts";
export { clearSession, configureSession, deleteSession, getSession, putSession } from "./session/session.ts";
export { readSettings } from "./settings.ts";
export { putStatus } from "./status.ts";
export {
  dispatchException,
  dispatchStart,
  dispatchStop,
  endpointStart,
  endpointStop,
  errorRendered,
  renderException,
  renderStart,
  renderStop,
  socketDrain,
} from "./telemetry.ts";
export { sqliteLogStore, type SqliteLogStoreOptions } from "./topic-log/sqlite-log-store.ts";
export { render, type View } from "./view.ts";
