import { DatabaseError } from "pg";
import type { Violation } from "../constraint.ts";

/** What PostgreSQL calls the ways in which a query fails: the five characters of a SQLSTATE. */
const SqlState = {
  readOnly: "25006",
  aborted: "25P02",
  notNull: "23502",
  foreignKey: "23503",
  unique: "23505",
  check: "23514",
  exclusion: "23P01",
  serialization: "40001",
  deadlock: "40P01",
  cancelled: "57014",
  stalePlan: "0A000",
} as const;

const HIDDEN = { enumerable: false } as const;

const kinds: Readonly<Record<string, Violation["kind"]>> = {
  [SqlState.unique]: "unique",
  [SqlState.foreignKey]: "foreign_key",
  [SqlState.check]: "check",
  [SqlState.exclusion]: "exclusion",
  [SqlState.notNull]: "not_null",
};

/** What `error` says of a broken constraint; undefined for an error that is none. */
export function violationOf(error: unknown): Violation | undefined {
  if (!(error instanceof DatabaseError) || error.code?.startsWith("23") !== true) return undefined;
  const kind = kinds[error.code] ?? "other";
  const { constraint: name = "", table, column, detail } = error;
  if (kind === "not_null") return { kind, on: `${table}.${column}` };
  if (kind !== "unique" && kind !== "foreign_key") return { kind, on: name };
  return { kind, on: columnsIn(detail) ?? name, name, ...(table === undefined ? {} : { table }) };
}

/** `Key (user_id, title)=(1, Hello) already exists.`, in the server's language; undefined for an index on an expression. */
function columnsIn(detail: string | undefined): string[] | undefined {
  // From the first bracket on: a value behind it may look the same.
  const columns = /^[^(]*\(([^()]*)\)=\(/.exec(detail ?? "")?.[1];
  return columns?.split(", ").map((column) => column.replace(/^"(.*)"$/, "$1"));
}

/** Keeps the values of rows out of whatever writes down all that an error has, as loggers do. Who knows their names can read them. */
export function hideValues(error: unknown): void {
  if (!(error instanceof DatabaseError)) return;
  for (const name of ["detail", "where", "internalQuery"]) Object.defineProperty(error, name, HIDDEN);
}

/** Whether the transaction was in the way of another one, and may succeed if it is run again. */
export function isConflict(error: unknown): boolean {
  return hasState(error, SqlState.serialization) || hasState(error, SqlState.deadlock) || isStalePlan(error);
}

/** Whether a prepared statement doesn't fit its tables any more: somebody has migrated them. */
export function isStalePlan(error: unknown): boolean {
  return hasState(error, SqlState.stalePlan) && (error as DatabaseError).routine === "RevalidateCachedQuery";
}

export function isReadOnly(error: unknown): boolean {
  return hasState(error, SqlState.readOnly);
}

/** Whether an earlier query of the transaction has failed, so that this one was not even tried. */
export function isAborted(error: unknown): boolean {
  return hasState(error, SqlState.aborted);
}

/** Whether a query was ended because it took too long. */
export function isCancelled(error: unknown): boolean {
  return hasState(error, SqlState.cancelled);
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof DatabaseError && error.code === state;
}
