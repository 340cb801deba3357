import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import type { CompiledQuery, QueryResult } from "kysely";
import type { Self } from "../../runtime/index.ts";
import { repoError, UnavailableError } from "./errors.ts";
import { faultOf, isCorrupt } from "./sqlite-fault.ts";
import { STATEMENT_LENGTH_MAX, STATEMENTS_MAX } from "./statement-limits.ts";

/** Another connection has the lock of the file: asked for again after so long, for no event loop waits for one in SQLite. */
export const BUSY_RETRY_MS = 5;
/** So long another program may be recovering the file before it is given up to open it. */
const OPENING_BUSY_MS = 1_000;
/** So long may it be migrating it. */
const MIGRATING_BUSY_MS = 60_000;
const NO_THROW = { throwIfNoEntry: false } as const;

/** What a query is allowed to do on a connection; throws if it is not. */
export type Admit = (statement: Database.Statement, sql: string) => void;

/**
 * One connection to a SQLite file, with its prepared statements. Everything here is synchronous and blocks the thread
 * for as long as SQLite needs.
 */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  /** Statements of our own, which are few. */
  readonly #commands = new Map<string, Database.Statement>();
  readonly #admit: Admit;
  readonly #file: { readonly path: string; readonly inode: number } | undefined;
  #isOpen = true;
  #inTransaction: boolean;

  /** `path` is that of the file, if it is to be seen whether it is still there. */
  constructor(database: Database.Database, admit: Admit, path?: string) {
    this.#database = database;
    this.#admit = admit;
    this.#file = path === undefined ? undefined : { path, inode: statSync(path).ino };
    this.#inTransaction = database.inTransaction;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** False also after SQLite rolled a transaction back by itself (disk full, `ON CONFLICT ROLLBACK`). */
  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  query(query: CompiledQuery): QueryResult<unknown> {
    const { sql, parameters } = query;
    try {
      const statement = this.#statements.get(sql) ?? this.#prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    } catch (error) {
      // Only a statement that fails can have taken the transaction with it: SQLite need not be asked after each.
      this.#askForTransaction();
      throw faultOf(error) ?? error;
    }
  }

  /** The rows of a query one by one, all of one moment. Until it is over, the connection can do nothing else. */
  *iterate({ sql, parameters }: CompiledQuery): IterableIterator<unknown> {
    try {
      yield* this.#prepare(sql).iterate(parameters);
    } catch (error) {
      throw faultOf(error) ?? error;
    }
  }

  /** Runs a statement of our own, such as BEGIN: nothing from users comes here. */
  exec(sql: string): void {
    try {
      this.#command(sql).run();
    } finally {
      this.#askForTransaction();
    }
  }

  /**
   * Begins a transaction that can write. The lock is refused here, where nothing has run yet, or not at all. Throws
   * `ROOKERY_REPO_FILE_GONE` if the file was removed or replaced.
   */
  begin(): void {
    // SQLite would go on in a file that nobody can find any more.
    if (this.#isGone) throw new UnavailableError("ROOKERY_REPO_FILE_GONE", [this.#file?.path]);
    this.exec("BEGIN IMMEDIATE");
  }

  /** As `exec`, in a transaction that the statement doesn't end unless it fails: SAVEPOINT and its like. */
  mark(sql: string): void {
    try {
      this.#command(sql).run();
    } catch (error) {
      this.#askForTransaction();
      throw error;
    }
  }

  /** Whether the file that was opened is no longer the one at its path: what is written to it is lost with it. */
  get #isGone(): boolean {
    return this.#file !== undefined && statSync(this.#file.path, NO_THROW)?.ino !== this.#file.inode;
  }

  /** Closes the file; an open transaction is rolled back by that. A second time does nothing. */
  close(): void {
    this.#isOpen = false;
    this.#inTransaction = false;
    this.#statements.clear();
    this.#commands.clear();
    this.#database.close();
  }

  #askForTransaction(): void {
    this.#inTransaction = this.#database.inTransaction;
  }

  #command(sql: string): Database.Statement {
    const known = this.#commands.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#commands.set(sql, statement);
    return statement;
  }

  #prepare(sql: string): Database.Statement {
    const statement = this.#database.prepare(sql);
    this.#admit(statement, sql);
    if (sql.length > STATEMENT_LENGTH_MAX) return statement;
    const oldest = this.#statements.size < STATEMENTS_MAX ? undefined : this.#statements.keys().next().value;
    if (oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/**
 * Opens the one connection that writes, and creates the file and its folder where they are missing. WAL, so that
 * readers and the writer never wait for each other; `synchronous=FULL`, so that a commit that has returned survives a
 * power cut. Throws `ROOKERY_REPO_OPEN`.
 */
export function openForWriting(path: string): SqliteConnection {
  return open(path, { mustExist: false }, admitInTransaction, (database) => {
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    // SQLite opens a file that it may not write, too: for reading, and without a word.
    accessSync(path, constants.W_OK);
  });
}

/** Opens a connection that reads what has been committed. The file must be there. Throws `ROOKERY_REPO_OPEN`. */
export function openForReading(path: string): SqliteConnection {
  // Not `readonly`: the last one to close the file has to bring its log into it, or a copy of the file alone would lack that.
  return open(path, { mustExist: true }, admitReading, (database) => database.pragma("query_only = ON"));
}

/**
 * Does what opens a file, for the process of `self`: again and again while another connection keeps it from that, for as long as
 * that might be recovering the file. Never resolves if the process dies meanwhile; then nothing is opened any more.
 */
export function openWhenFree(self: Self, open: () => void): Promise<void> {
  return whenFree(self, OPENING_BUSY_MS, open);
}

/** Does what begins a migration, in the same way, but for as long as another program may be migrating the file. */
export function migrateWhenFree(self: Self, begin: () => void): Promise<void> {
  return whenFree(self, MIGRATING_BUSY_MS, begin);
}

async function whenFree({ runtime, pid }: Self, forMs: number, act: () => void): Promise<void> {
  const giveUpMs = runtime.clock.nowMs() + forMs;
  while (runtime.isAlive(pid)) {
    try {
      return act();
    } catch (error) {
      const wasBusy = isBusy(error) || isBusy((error as Error).cause);
      if (!wasBusy || runtime.clock.nowMs() >= giveUpMs) throw error;
    }
    await new Promise<void>((resolve) => runtime.clock.setTimer(BUSY_RETRY_MS, resolve));
  }
  return new Promise(() => {});
}

/** Whether SQLite refused something because another connection has the lock that it needs. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}

function open(
  path: string,
  { mustExist }: { readonly mustExist: boolean },
  admit: Admit,
  setUp: (database: Database.Database) => void,
): SqliteConnection {
  let database: Database.Database | undefined;
  try {
    if (!mustExist) makeFolder(dirname(resolve(path)));
    database = new Database(path, { fileMustExist: mustExist, timeout: 0 });
    setUp(database);
    // SQLite opens any file; whether it is a database shows when it is read.
    database.exec("SELECT count(*) FROM sqlite_schema");
    return new SqliteConnection(database, admit, path);
  } catch (error) {
    database?.close();
    if (isCorrupt(error))
      throw repoError("ROOKERY_REPO_CORRUPT", [`${(error as Error).message}: ${path}`], error);
    throw repoError("ROOKERY_REPO_OPEN", [path, error instanceof Error ? error.message : error], error);
  }
}

// What returns no rows and writes nothing is BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ATTACH, DETACH or a switch.
// SQLite itself tells, so neither a comment nor an odd spelling gets a COMMIT past it into the group of others.
function admitInTransaction(statement: Database.Statement, sql: string): void {
  if (statement.readonly && !statement.reader) throw repoError("ROOKERY_REPO_TRANSACTION_CONTROL", [sql]);
}

function admitReading(statement: Database.Statement, sql: string): void {
  if (!statement.readonly || !statement.reader) throw repoError("ROOKERY_REPO_READ_ONLY", [sql]);
}

/** With what is missing above it. Node's own `recursive` never returns where a folder is refused with ENOENT, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
