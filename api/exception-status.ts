import { apiError } from "./errors.ts";

type ErrorClass = abstract new (...args: never) => object;

/** By the class of what is thrown, or by its `code`; the first that fits counts. */
export type ExceptionStatuses = readonly (readonly [exception: ErrorClass | string, status: number])[];

/** The same, checked. */
export interface ExceptionTable {
  readonly byCode: ReadonlyMap<unknown, number>;
  /** Those of subclasses may come before. */
  readonly byClass: readonly (readonly [ErrorClass, number])[];
}

/** Errors of other parts that a client can do something about. `Plug.Exception` in Phoenix. */
const STATUS_BY_CODE: ReadonlyMap<unknown, number> = new Map([
  ["ROOKERY_REPO_STALE", 409],
  ["ROOKERY_REPO_QUEUE_FULL", 503],
  ["ROOKERY_REPO_TRANSACTION_TIMEOUT", 503],
  ["ROOKERY_REPO_TRANSACTION_LOST", 503],
  // What PostgreSQL says of a value that no such column, or no index on it, can hold: a number out of its range or with a fraction, no
  // point in time, a text with U+0000 or of many pages. JSON and SQLite take all of these.
  ["22003", 400],
  ["22007", 400],
  ["22008", 400],
  ["22009", 400],
  ["22015", 400],
  ["22021", 400],
  ["22023", 400],
  ["22P02", 400],
  ["22P05", 400],
  ["54000", 400],
]);

/** Throws `ROOKERY_EXCEPTION_STATUS` for a status that is none of an error. */
export function completeExceptions(exceptions: ExceptionStatuses): ExceptionTable {
  for (const [exception, status] of exceptions) {
    if (isErrorStatus(status)) continue;
    throw apiError(
      "ROOKERY_EXCEPTION_STATUS",
      typeof exception === "string" ? exception : exception.name,
      status,
    );
  }
  return {
    byCode: new Map(exceptions.filter(([exception]) => typeof exception === "string").toReversed()),
    byClass: exceptions.flatMap(([exception, status]) =>
      typeof exception === "string" ? [] : [[exception, status] as const],
    ),
  };
}

/**
 * The HTTP status for something that was thrown: its own `statusCode` (Fastify's errors have one: 400 for broken JSON, 413,
 * 415), or what the router says about its code or its class, or what is known about its code, or 500.
 */
export function exceptionStatus(
  thrown: unknown,
  { byCode, byClass }: ExceptionTable = NO_EXCEPTIONS,
): number {
  if (typeof thrown !== "object" || thrown === null) return 500;
  const { statusCode, code } = thrown as { statusCode?: unknown; code?: unknown };
  if (isErrorStatus(statusCode)) return statusCode;
  const ofClass = byClass.find(([errorClass]) => thrown instanceof errorClass)?.[1];
  return byCode.get(code) ?? ofClass ?? STATUS_BY_CODE.get(code) ?? 500;
}

const NO_EXCEPTIONS: ExceptionTable = { byCode: new Map(), byClass: [] };

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
}
