import type { Clock, HostTimer } from "../../../runtime/index.ts";
import { repoError, UnavailableError } from "../errors.ts";
import type { PostgresConnection } from "./postgres-connection.ts";

export interface PoolOptions {
  /** Of the repo, for people. */
  readonly name: string;
  /** Opens one. `begun` is given it before it is open. */
  readonly open: (begun: (connection: PostgresConnection) => void) => Promise<PostgresConnection>;
  readonly clock: Clock;
  readonly poolSize: number;
  readonly queueTimeoutMs: number;
  readonly queueLengthMax: number;
}

interface Waiting {
  readonly resolve: (connection: PostgresConnection) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: HostTimer;
}

/**
 * At most `poolSize` connections, opened as they are needed, and who waits for one of them, in the order in which they came.
 *
 * ```text
 *             take()                   give()
 *   #idle ------------> #taken --------------------> #idle, or whoever waits first
 *                          ^            |
 *     opened, if fewer     |            |  broken: forgotten, and another one
 *     than poolSize -------+            +--> opened for whoever waits first
 * ```
 *
 * Nothing is tried again by itself: while the server is away, each one who asks tries to connect, and is told.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  /** The last one given back goes first: the others are spares. */
  readonly #idle: PostgresConnection[] = [];
  readonly #taken = new Set<PostgresConnection>();
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * A connection that nobody else uses until it is given back. Throws `ROOKERY_REPO_UNAVAILABLE`,
   * `ROOKERY_REPO_QUEUE_FULL`, `ROOKERY_REPO_QUEUE_TIMEOUT` and `ROOKERY_REPO_NOT_RUNNING`.
   */
  async take(): Promise<PostgresConnection> {
    if (this.#isClosed) throw this.#notRunning();
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      this.#taken.add(idle);
      return idle;
    }
    return this.#taken.size < this.#options.poolSize ? this.#open() : this.#wait();
  }

  /** One that is broken, or in a transaction, is closed. */
  give(connection: PostgresConnection): void {
    if (!this.#taken.delete(connection)) return;
    const isUsable = connection.isOpen && !connection.isBusy && !connection.inTransaction;
    if (!isUsable || this.#isClosed) connection.close();
    if (this.#isClosed) return;
    if (!isUsable) return this.#openForNext();
    const first = this.#next();
    if (first === undefined) {
      this.#idle.push(connection);
    } else {
      this.#taken.add(connection);
      first.resolve(connection);
    }
  }

  /** Ends all connections, also those that are in use: what was not committed is rolled back. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle, ...this.#taken]) connection.close();
    for (let first = this.#next(); first !== undefined; first = this.#next())
      first.reject(this.#notRunning());
  }

  async #open(): Promise<PostgresConnection> {
    let opening: PostgresConnection | undefined;
    const begun = (connection: PostgresConnection): void => {
      opening = connection;
      this.#taken.add(connection);
      connection.onEnd = () => this.#forgetIdle(connection);
    };
    try {
      return await this.#options.open(begun);
    } catch (error) {
      if (opening !== undefined) this.#taken.delete(opening);
      this.#openForNext();
      throw error;
    }
  }

  #openForNext(): void {
    const first = this.#next();
    if (first !== undefined) this.#open().then(first.resolve, first.reject);
  }

  #wait(): Promise<PostgresConnection> {
    const { queueLengthMax, queueTimeoutMs, clock } = this.#options;
    if (this.#waiting.length >= queueLengthMax)
      throw new UnavailableError("ROOKERY_REPO_QUEUE_FULL", [queueLengthMax]);
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(queueTimeoutMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new UnavailableError("ROOKERY_REPO_QUEUE_TIMEOUT", [queueTimeoutMs]));
      });
      const waiting: Waiting = { resolve, reject, timer };
      this.#waiting.push(waiting);
    });
  }

  /** Who has waited longest, and waits no more. */
  #next(): Waiting | undefined {
    const first = this.#waiting.shift();
    first?.timer.cancel();
    return first;
  }

  #forgetIdle(connection: PostgresConnection): void {
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  #notRunning(): Error {
    return repoError("ROOKERY_REPO_NOT_RUNNING", [this.#options.name]);
  }
}
