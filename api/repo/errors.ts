import { filterParameters } from "../../channels/internal.ts";
import { RookeryError } from "../../runtime/index.ts";
import { brief } from "../../runtime/internal.ts";

/** Every error that the data part of the api layer raises: `%s` are filled in order. `docs/errors.md` explains each. */
export const repoErrors = {
  ROOKERY_REPO_OPTION: "Expected the option %s of the repo to be %s, got %s",
  ROOKERY_REPO_OPEN: "Expected a database that can be opened and written at %s, but: %s",
  ROOKERY_REPO_MIGRATION: "Expected the migration %s to run, but: %s",
  ROOKERY_REPO_MIGRATION_LIST: "Expected migrations with rising versions and a name each, but: %s",
  ROOKERY_REPO_NOT_RUNNING: "Expected the repo %s to be running, but it is not: start it by its child spec",
  ROOKERY_REPO_NOT_FOUND: "Expected a row of %s with the id %s, but there is none",
  ROOKERY_REPO_MULTIPLE_RESULTS: "Expected at most one row, but the query found %s",
  ROOKERY_REPO_STALE: "Expected a row of %s with the id %s to %s, but there is none, or not as it was read",
  ROOKERY_REPO_CONSTRAINT:
    "Expected the database to take the row of %s, but: %s. The changeset declares no such constraint",
  ROOKERY_REPO_READ_ONLY: "Expected a query that only reads, got: %s. Write in repo.transaction(…)",
  ROOKERY_REPO_CORRUPT: "Expected the file of the database to be sound, but: %s",
  ROOKERY_REPO_DISK_FULL: "Expected room on the disk, but: %s. Nothing was written",
  ROOKERY_REPO_DISK: "Expected the disk to read and write the file of the database, but: %s",
  ROOKERY_REPO_BUSY: "Expected the file of the database to be free, but another program has its lock: %s",
  ROOKERY_REPO_FILE_GONE:
    "Expected the file of the database to stay at %s, but it was removed or replaced. Nothing was written",
  ROOKERY_REPO_BACKUP: "Expected a backup to be written to %s, but: %s",
  ROOKERY_REPO_STREAMS: "Expected a stream to be read to its end or given up, but %s are open, the limit",
  ROOKERY_REPO_PREPARED:
    "Expected the parameter %s of a prepared query to be used only as a value, but it was made into something else",
  ROOKERY_REPO_QUEUE_FULL: "Expected the database to have time, but %s are waiting for it, the limit",
  ROOKERY_REPO_QUEUE_TIMEOUT: "Expected a connection to be free within %s ms, but all are busy",
  ROOKERY_REPO_UNAVAILABLE: "Expected the database at %s to answer, but: %s. Nothing was written",
  ROOKERY_REPO_QUERY_TIMEOUT: "Expected the query to end within %s ms, but it did not",
  ROOKERY_REPO_TRANSACTION_TIMEOUT:
    "Expected the transaction to end within %s ms, but it did not: nothing of it was written",
  ROOKERY_REPO_TRANSACTION_OVER: "Expected the query's transaction to be running, but it is over: %s",
  ROOKERY_REPO_TRANSACTION_LOST:
    "Expected the transaction to last until its end, but the database ended it: nothing of it was written",
  ROOKERY_REPO_TRANSACTION_CONTROL: "Expected a query that leaves the transaction to the repo, got: %s",
  ROOKERY_REPO_CONFLICT:
    "Expected the transaction to get on with others, but it failed %s times, at last with: %s. Nothing of it was written",
  ROOKERY_REPO_COMMIT_UNKNOWN:
    "Expected an answer to the commit, but: %s. Whether the transaction was written is not known",
  ROOKERY_REPO_COMMIT_FAILED: "Expected the transaction to be committed, but: %s. Nothing of it was written",
  ROOKERY_MULTI_NAME_TAKEN: "Expected each step of a multi to have a name of its own, but %s is there twice",
  ROOKERY_MULTI_BAD_RETURN:
    "Expected the step %s to return { ok: true, value } or { ok: false, error }, got %s",
  ROOKERY_CHANGESET_FIELD: "Expected a field that cast was given a type for, got %s",
  ROOKERY_CHANGESET_ASYNC:
    "Expected the type of the field %s to validate without waiting, but it returned a promise",
  ROOKERY_CHANGESET_MERGE: "Expected two changesets of the same data and action, got one of %s and one of %s",
  ROOKERY_CHANGESET_PREPARE: "Expected the function of prepareChanges to return a changeset, got %s",
  ROOKERY_CHANGESET_NOT_LOADED:
    "Expected the data to have its %s, but they were not loaded for the row with the id %s",
  ROOKERY_CHANGESET_REPLACE:
    "Expected all rows of %s to be named, or onReplace to say what becomes of the others, but there is also %s",
  ROOKERY_CHANGESET_NESTED_ACTION: "Expected a changeset among the %s to have the action %s, got %s",
  ROOKERY_CHANGESET_VALUE: "Expected the field %s to be %s, got %s",
  ROOKERY_PAGE_KEY: "Expected a key for cursors of at least %s bytes, got %s",
  ROOKERY_PAGE_ORDER: "Expected an order of a page to %s, got %s",
} as const;

export type RepoErrorCode = keyof typeof repoErrors;

/** What `getOrThrow` throws when there is no such row. The API answers it with 404 (`Ecto.NoResultsError`). */
export class NotFoundError extends RookeryError {
  override readonly name: string = "NotFoundError";
  readonly statusCode: number = 404;

  constructor(table: string, id: unknown) {
    super("ROOKERY_REPO_NOT_FOUND", text("ROOKERY_REPO_NOT_FOUND", [table, id]));
  }
}

/** What a write throws whose row is gone, or not as it was (`Ecto.StaleEntryError`). The API answers it with 409. */
export class StaleEntryError extends RookeryError {
  override readonly name: string = "StaleEntryError";
  readonly statusCode: number = 409;

  constructor(table: string, id: unknown, action: "update" | "delete") {
    super("ROOKERY_REPO_STALE", text("ROOKERY_REPO_STALE", [table, id, action]));
  }
}

/** The database can't be asked now: later it may be. The API answers it with 503. */
export class UnavailableError extends RookeryError {
  override readonly name: string = "UnavailableError";
  readonly statusCode: number = 503;

  constructor(code: RepoErrorCode, values: readonly unknown[], cause?: unknown) {
    super(code, text(code, values), cause === undefined ? undefined : { cause });
  }
}

/** An error of the table above; `cause`, if given, is what SQLite or a user's function threw. */
export function repoError(
  code: RepoErrorCode,
  values: readonly unknown[] = [],
  cause?: unknown,
): RookeryError {
  return new RookeryError(code, text(code, values), cause === undefined ? undefined : { cause });
}

function text(code: RepoErrorCode, values: readonly unknown[]): string {
  let next = 0;
  // Rows may have secrets, and errors are logged.
  return repoErrors[code].replace(/%s/g, () => brief(filterParameters(values[next++])));
}
