import type { Kysely } from "kysely";
import type { Pid, Runtime, Self, StartResult } from "../../runtime/index.ts";
import { startChildServer } from "../../runtime/internal.ts";
import type { ChildSpec } from "../../supervisors/index.ts";
import type { Adapter, TransactionHandle } from "./adapter.ts";
import { backUp } from "./backup.ts";
import { type Violation, violationOf } from "./constraint.ts";
import { repoError } from "./errors.ts";
import { KyselyConnection, type QueryOrigin, readingKysely, transactionKysely } from "./kysely-connection.ts";
import { Reader } from "./reader.ts";
import type { CompleteSqliteOptions } from "./repo-options.ts";
import { openForReading, type SqliteConnection } from "./sqlite.ts";
import { Streams } from "./streams.ts";
import { TransactionRequest } from "./transaction-request.ts";
import { Writer } from "./writer.ts";

/** SQLite: a process that writes and commits for many at a time, and one that holds the connection for reading. */
export class SqliteAdapter<DB> implements Adapter<DB> {
  readonly address: string;
  readonly children: readonly ChildSpec[];
  readonly db: Kysely<DB>;
  readonly #options: CompleteSqliteOptions;
  readonly #origin: QueryOrigin;
  #runtime: Runtime | undefined = undefined;
  #writer: Pid<Writer> | undefined = undefined;
  #reader: SqliteConnection | undefined = undefined;

  constructor(options: CompleteSqliteOptions) {
    this.address = options.path;
    this.#options = options;
    this.#origin = { repo: this.#name, nowMs: () => this.#runtime?.clock.nowMs() ?? 0 };
    this.children = [
      { id: "writer", start: (supervisor) => this.#startWriter(supervisor) },
      { id: "reader", start: (supervisor) => this.#startReader(supervisor) },
    ];
    this.db = readingKysely<DB>(
      new KyselyConnection(
        this.#origin,
        () => this.#running(),
        new Streams(() => {
          this.#running();
          return openForReading(options.path);
        }),
      ),
    );
  }

  async transaction<Value>(work: (handle: TransactionHandle<DB>) => Value | Promise<Value>): Promise<Value> {
    const runtime = this.#runtime;
    const writer = this.#writer;
    if (runtime === undefined || writer === undefined)
      throw repoError("ROOKERY_REPO_NOT_RUNNING", [this.#name]);
    const { transactionTimeoutMs } = this.#options;
    const request = new TransactionRequest(runtime.clock.nowMs(), transactionTimeoutMs, (connection) => {
      const db = transactionKysely<DB>(connection);
      // A statement that fails in SQLite undoes itself, and nothing else.
      return work({ db, guarded: db, control: (sql) => connection.control(sql) });
    });
    await runtime.call(writer, request, Number.POSITIVE_INFINITY);
    return request.result() as Value;
  }

  /** Whoever is in a transaction has the lock of the file. */
  lockMigrations(): Promise<void> {
    return Promise.resolve();
  }

  backup(path: string): Promise<void> {
    return backUp(this.address, path);
  }

  violationOf(error: unknown): Violation | undefined {
    return violationOf(error);
  }

  #running(): SqliteConnection {
    if (this.#reader === undefined) throw repoError("ROOKERY_REPO_NOT_RUNNING", [this.#name]);
    return this.#reader;
  }

  get #name(): string {
    return this.#options.name ?? this.address;
  }

  async #startWriter(parent: Self): Promise<StartResult> {
    const { path, migrations, queueLengthMax } = this.#options;
    this.#runtime = parent.runtime;
    const options = { path, migrations, queueLengthMax, origin: this.#origin };
    const result = await startChildServer(parent, Writer, options, this.#nameOf("writer"));
    if (result.ok) this.#writer = result.pid as Pid<Writer>;
    return result;
  }

  #startReader(parent: Self): Promise<StartResult> {
    const attach = (reader: SqliteConnection | undefined): void => {
      this.#reader = reader;
    };
    const options = { path: this.#options.path, attach };
    return startChildServer(parent, Reader, options, this.#nameOf("reader"));
  }

  #nameOf(part: string): { readonly name: string; readonly nameScope: "shard" } | undefined {
    const { name } = this.#options;
    return name === undefined ? undefined : { name: `${name}.${part}`, nameScope: "shard" };
  }
}
