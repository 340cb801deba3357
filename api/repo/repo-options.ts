import { repoError } from "./errors.ts";
import { checkMigrations, type Migration } from "./migrator.ts";
import { addressOf } from "./postgres/address.ts";

interface CommonOptions {
  /** In rising order of versions; those that the database has not seen run at start. */
  readonly migrations?: readonly Migration[];
  /** Names the repo in telemetry, and registers its processes as `<name>.writer`, `<name>.reader` and `<name>.pool`. */
  readonly name?: string;
  /** A transaction that is not done so long after it was asked for is rolled back. Default: 15,000. */
  readonly transactionTimeoutMs?: number;
  /** So many may be waiting for the database; more are refused. Default: 10,000. */
  readonly queueLengthMax?: number;
}

interface SqliteOptions extends CommonOptions {
  /** The file of a SQLite database. It is created, with its folder, if it is missing. */
  readonly path: string;
}

interface PostgresOptions extends CommonOptions {
  /** Which PostgreSQL: `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** So many connections are opened at most, on each shard, as they are needed. Default: 10. */
  readonly poolSize?: number;
  /** So long may it take to open a connection. Default: 5,000. */
  readonly connectTimeoutMs?: number;
  /** So long may a query or a transaction wait until a connection is free. Default: 5,000. */
  readonly queueTimeoutMs?: number;
  /** What a transaction sees of others that run at the same time. Default: `read committed`, PostgreSQL's own. */
  readonly isolationLevel?: IsolationLevel;
}

type Absent<Options, Other> = Options & { readonly [Name in Exclude<keyof Other, keyof Options>]?: never };

/** Where the rows are: a SQLite file at `path`, or the PostgreSQL at `url`. */
export type RepoOptions = Absent<SqliteOptions, PostgresOptions> | Absent<PostgresOptions, SqliteOptions>;

const isolationLevels = ["read committed", "repeatable read", "serializable"] as const;
export type IsolationLevel = (typeof isolationLevels)[number];

interface CompleteCommonOptions {
  readonly migrations: readonly Migration[];
  readonly name: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly queueLengthMax: number;
}

export interface CompleteSqliteOptions extends CompleteCommonOptions {
  readonly path: string;
}

export interface CompletePostgresOptions extends CompleteCommonOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly queueTimeoutMs: number;
  readonly isolationLevel: IsolationLevel;
}

const TRANSACTION_TIMEOUT_MS = 15_000;
const QUEUE_LENGTH_MAX = 10_000;
const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const QUEUE_TIMEOUT_MS = 5_000;
/** Neither the server nor a timer takes more: 24 days. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Checks the options and completes them. Throws `ROOKERY_REPO_OPTION` or `ROOKERY_REPO_MIGRATION_LIST`. */
export function completeOptions(options: RepoOptions): CompleteSqliteOptions | CompletePostgresOptions {
  return options.url === undefined ? completeSqlite(options) : completePostgres(options);
}

function completeSqlite(options: SqliteOptions): CompleteSqliteOptions {
  const { path, ...others } = options;
  // SQLite takes these for databases in memory, which no second connection could read.
  if (typeof path !== "string" || path.trim() === "" || path.trim() === ":memory:")
    refuse("path", "the path of a file", path);
  return Object.freeze({ path, ...completeCommon(others) });
}

function completePostgres(options: PostgresOptions): CompletePostgresOptions {
  const {
    url,
    poolSize = POOL_SIZE,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    queueTimeoutMs = QUEUE_TIMEOUT_MS,
    isolationLevel = "read committed",
    ...others
  } = options;
  // Not what came: there may be a password in it.
  if (typeof url !== "string" || addressOf(url) === undefined)
    refuse("url", "a URL such as postgres://user@host:5432/database", "another one");
  if (!Number.isInteger(poolSize) || poolSize < 1) refuse("poolSize", "a whole number above 0", poolSize);
  const common = completeCommon(others);
  const { transactionTimeoutMs } = common;
  const timeouts = { connectTimeoutMs, queueTimeoutMs, transactionTimeoutMs };
  for (const [option, timeoutMs] of Object.entries(timeouts)) {
    if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX))
      refuse(option, `milliseconds above 0 and up to ${TIMEOUT_MS_MAX}`, timeoutMs);
  }
  if (!isolationLevels.includes(isolationLevel))
    refuse("isolationLevel", `one of ${isolationLevels.join(", ")}`, isolationLevel);
  const own = { url, poolSize, connectTimeoutMs, queueTimeoutMs, isolationLevel };
  return Object.freeze({ ...own, ...common });
}

function completeCommon(options: CommonOptions): CompleteCommonOptions {
  const {
    migrations = [],
    name,
    transactionTimeoutMs = TRANSACTION_TIMEOUT_MS,
    queueLengthMax = QUEUE_LENGTH_MAX,
    ...unknown
  } = options;
  for (const [option, value] of Object.entries(unknown))
    if (value !== undefined) refuse(option, "left out, for there is none of that name", value);
  if (name !== undefined && (typeof name !== "string" || name === "")) refuse("name", "a name", name);
  if (!(transactionTimeoutMs > 0))
    refuse("transactionTimeoutMs", "milliseconds above 0", transactionTimeoutMs);
  if (!(queueLengthMax > 0)) refuse("queueLengthMax", "a number above 0", queueLengthMax);
  if (!Array.isArray(migrations)) refuse("migrations", "an array of migrations", migrations);
  checkMigrations(migrations);
  return { migrations: [...migrations], name, transactionTimeoutMs, queueLengthMax };
}

function refuse(option: string, expected: string, got: unknown): never {
  throw repoError("ROOKERY_REPO_OPTION", [option, expected, got]);
}
