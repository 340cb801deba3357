/** Errors of other parts that a client can do something about. `Plug.Exception` in Phoenix. */
const STATUS_BY_CODE: ReadonlyMap<unknown, number> = new Map([
  ["ROOKERY_REPO_STALE", 409],
  ["ROOKERY_REPO_QUEUE_FULL", 503],
]);

/**
 * The HTTP status for something that was thrown: its own `statusCode` (Fastify's errors have one: 400 for broken JSON, 413,
 * 415), or what is known about its code, or 500.
 */
export function exceptionStatus(thrown: unknown): number {
  if (typeof thrown !== "object" || thrown === null) return 500;
  const { statusCode, code } = thrown as { statusCode?: unknown; code?: unknown };
  if (Number.isInteger(statusCode) && (statusCode as number) >= 400 && (statusCode as number) <= 599) {
    return statusCode as number;
  }
  return STATUS_BY_CODE.get(code) ?? 500;
}
