import { RookeryError } from "../../runtime/index.ts";
import { brief } from "../../runtime/internal.ts";

/** Every error that the data part of the api layer raises: `%s` are filled in order. `docs/errors.md` explains each. */
export const repoErrors = {
  ROOKERY_REPO_OPTION: "Expected the option %s of the repo to be %s, got %s",
  ROOKERY_REPO_OPEN: "Expected a SQLite database that can be opened and written at %s, but: %s",
  ROOKERY_REPO_MIGRATION: "Expected the migration %s to run, but: %s",
  ROOKERY_REPO_MIGRATION_LIST: "Expected migrations with rising versions and a name each, but: %s",
  ROOKERY_REPO_NOT_RUNNING: "Expected the repo %s to be running, but it is not: start it by its child spec",
  ROOKERY_REPO_NOT_FOUND: "Expected a row of %s with the id %s, but there is none",
  ROOKERY_REPO_MULTIPLE_RESULTS: "Expected at most one row, but the query found %s",
  ROOKERY_REPO_STALE: "Expected a row of %s with the id %s to %s, but there is none",
  ROOKERY_REPO_CONSTRAINT:
    "Expected the database to take the row of %s, but: %s. The changeset declares no such constraint",
  ROOKERY_REPO_READ_ONLY: "Expected a query that only reads, got: %s. Write in repo.transaction(…)",
  ROOKERY_REPO_QUEUE_FULL: "Expected the writer to take the transaction, but %s are waiting, its limit",
  ROOKERY_REPO_TRANSACTION_TIMEOUT:
    "Expected the transaction to end within %s ms, but it did not: nothing of it was written",
  ROOKERY_REPO_TRANSACTION_OVER: "Expected the query's transaction to be running, but it is over: %s",
  ROOKERY_REPO_TRANSACTION_LOST:
    "Expected the transaction to last until its end, but SQLite rolled it back: nothing of it was written",
  ROOKERY_REPO_TRANSACTION_CONTROL: "Expected a query that leaves the transaction to the repo, got: %s",
  ROOKERY_REPO_COMMIT_FAILED: "Expected the transaction to be committed, but: %s. Nothing of it was written",
  ROOKERY_MULTI_NAME_TAKEN: "Expected each step of a multi to have a name of its own, but %s is there twice",
  ROOKERY_MULTI_BAD_RETURN:
    "Expected the step %s to return { ok: true, value } or { ok: false, error }, got %s",
  ROOKERY_CHANGESET_FIELD: "Expected a field that cast was given a type for, got %s",
  ROOKERY_CHANGESET_ASYNC:
    "Expected the type of the field %s to validate without waiting, but it returned a promise",
  ROOKERY_CHANGESET_VALUE: "Expected the field %s to be %s, got %s",
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
  return repoErrors[code].replace(/%s/g, () => brief(values[next++]));
}
