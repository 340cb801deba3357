import { repoError } from "./errors.ts";
import { checkMigrations, type Migration } from "./migrator.ts";

export interface RepoOptions {
  /** The file of the database. It is created, with its folder, if it is missing. */
  readonly path: string;
  /** In rising order of versions; those that the database has not seen run at start. */
  readonly migrations?: readonly Migration[];
  /** Names the repo in telemetry, and registers its processes as `<name>.writer` and `<name>.reader`. */
  readonly name?: string;
  /** A transaction that is not done so long after it was asked for is rolled back. Default: 15,000. */
  readonly transactionTimeoutMs?: number;
  /** So many transactions may be waiting; more are refused. Default: 10,000. */
  readonly queueLengthMax?: number;
}

export interface CompleteRepoOptions {
  readonly path: string;
  readonly migrations: readonly Migration[];
  readonly name: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly queueLengthMax: number;
}

const TRANSACTION_TIMEOUT_MS = 15_000;
const QUEUE_LENGTH_MAX = 10_000;

/** Checks the options and completes them. Throws `ROOKERY_REPO_OPTION` or `ROOKERY_REPO_MIGRATION_LIST`. */
export function completeOptions(options: RepoOptions): CompleteRepoOptions {
  const {
    path,
    migrations = [],
    name,
    transactionTimeoutMs = TRANSACTION_TIMEOUT_MS,
    queueLengthMax = QUEUE_LENGTH_MAX,
    ...unknown
  } = options;
  for (const [option, value] of Object.entries(unknown))
    refuse(option, "left out, for there is none of that name", value);
  // SQLite takes these for databases in memory, which no second connection could read.
  if (typeof path !== "string" || path.trim() === "" || path.trim() === ":memory:")
    refuse("path", "the path of a file", path);
  if (name !== undefined && (typeof name !== "string" || name === "")) refuse("name", "a name", name);
  if (!(transactionTimeoutMs > 0))
    refuse("transactionTimeoutMs", "milliseconds above 0", transactionTimeoutMs);
  if (!(queueLengthMax > 0)) refuse("queueLengthMax", "a number above 0", queueLengthMax);
  if (!Array.isArray(migrations)) refuse("migrations", "an array of migrations", migrations);
  checkMigrations(migrations);
  return Object.freeze({ path, migrations: [...migrations], name, transactionTimeoutMs, queueLengthMax });
}

function refuse(option: string, expected: string, got: unknown): never {
  throw repoError("ROOKERY_REPO_OPTION", [option, expected, got]);
}
