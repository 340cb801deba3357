import type { Kysely } from "kysely";
import type { ChildSpec } from "../../supervisors/index.ts";
import type { Violation } from "./constraint.ts";
import type { Control } from "./savepoint.ts";

/**
 * What a repo asks of the database behind it (`Ecto.Adapter`). Everything else of a repo, changesets, multis and pages
 * included, is one code for all databases.
 */
export interface Adapter<DB> {
  /** What the repo is called unless it was given a name: which database it is, without any password. */
  readonly address: string;
  /** Its processes, in the order in which they start. The first one opens the database and migrates it. */
  readonly children: readonly ChildSpec[];
  /** For reading in the caller, outside of transactions: sees what has been committed, and refuses to write. */
  readonly db: Kysely<DB>;

  /**
   * Runs `work` in a transaction, and resolves to what it returns once that is committed. It is rolled back if `work`
   * throws, and rejects with that, or returns an object with `ok: false`, and resolves to that. `work` may run again.
   */
  transaction<Value>(work: (handle: TransactionHandle<DB>) => Value | Promise<Value>): Promise<Value>;

  /** Keeps everybody else from migrating the database until the transaction of `db` is over. */
  lockMigrations(db: Kysely<DB>): Promise<void>;

  /** Copies the database to a file. Not there where the database has tools of its own for that. */
  backup?(path: string): Promise<void>;

  /** What `error`, thrown by a query, says of a broken constraint; undefined for an error that is none. */
  violationOf(error: unknown): Violation | undefined;
}

/** A transaction, as its function gets to see it. */
export interface TransactionHandle<DB> {
  readonly db: Kysely<DB>;
  /** For writes whose failure is a result: the transaction goes on after it as if it had not been tried. */
  readonly guarded: Kysely<DB>;
  /** How savepoints are set, if not as any other query. */
  readonly control?: Control;
}
