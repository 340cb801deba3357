import { connect } from "node:net";
import type { CompiledQuery, QueryResult } from "kysely";
import { Client, type QueryConfig, type QueryResult as Answer } from "pg";
import type { Clock } from "../../../runtime/index.ts";
import { UnavailableError } from "../errors.ts";
import { STATEMENT_LENGTH_MAX, STATEMENTS_MAX } from "../statement-limits.ts";
import { addressOf } from "./address.ts";
import { hideValues, isStalePlan } from "./postgres-errors.ts";
import { postgresTypes } from "./postgres-types.ts";

/** After so long without a word the other side is asked whether it is there; a network that is gone says nothing. */
const KEEP_ALIVE_MS = 10_000;
/** What a CancelRequest begins with: its length, and a number that no version of the protocol has. */
const CANCEL_REQUEST = [16, 80_877_102] as const;

export interface ConnectionOptions {
  readonly url: string;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** What every session begins with. */
  readonly setUp: string;
}

/** What `pg` knows of a connection, and does not tell its types. */
interface Session {
  readonly processID: number;
  readonly secretKey: number;
}

/**
 * One connection to a PostgreSQL, with its prepared statements. Queries that are sent before others are answered wait for
 * them in the server, without a way there and back.
 */
export class PostgresConnection {
  /** Called once, when it is not open any more, whoever ended it. */
  onEnd: () => void = () => {};
  readonly #client: Client;
  readonly #address: string;
  readonly #statements = new Map<string, string>();
  #named = 0;
  #isOpen = false;
  /** So many queries are not answered yet. */
  #pending = 0;
  #failure: unknown = undefined;

  private constructor({ url }: ConnectionOptions) {
    this.#address = String(addressOf(url));
    this.#client = new Client({
      connectionString: url,
      types: postgresTypes,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      pipeline: true,
      fallback_application_name: "rookery",
    });
    this.#client.on("error", (error) => this.#end(error));
    this.#client.on("end", () => this.#end(undefined));
  }

  /** Throws `ROOKERY_REPO_UNAVAILABLE`. `begun` is given the connection before it is open, to close it if need be. */
  static async open(
    options: ConnectionOptions,
    begun: (connection: PostgresConnection) => void = () => {},
  ): Promise<PostgresConnection> {
    const { connectTimeoutMs, clock, setUp } = options;
    const connection = new PostgresConnection(options);
    begun(connection);
    const timer = clock.setTimer(connectTimeoutMs, () =>
      connection.#break(new Error(`no connection within ${connectTimeoutMs} ms`)),
    );
    try {
      await connection.#client.connect();
      connection.#isOpen = true;
      await connection.command(setUp);
      return connection;
    } catch (error) {
      connection.#break(error);
      throw connection.unavailable(error);
    } finally {
      timer.cancel();
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Whether a transaction is open, as the last answer said. */
  get inTransaction(): boolean {
    return this.#isOpen && this.#client.getTransactionStatus() !== "I";
  }

  /** Throws what the server says, or `ROOKERY_REPO_UNAVAILABLE` if the connection is lost. */
  async query({ sql, parameters }: CompiledQuery): Promise<QueryResult<unknown>> {
    const name = this.#nameOf(sql);
    // Extended, also where there is nothing to bind: the simple protocol would run several statements at once.
    const prepared = name === undefined ? { queryMode: "extended" } : { name };
    try {
      const result = await this.#send({ ...prepared, text: sql, values: [...parameters] });
      const { command, rowCount, rows } = result;
      if (rowCount === null || command === "SELECT") return { rows };
      return { rows, numAffectedRows: BigInt(rowCount) };
    } catch (error) {
      // Under other names they are prepared anew: all of them, for whoever is to run again may meet only so many such errors.
      if (isStalePlan(error)) this.#statements.clear();
      throw error;
    }
  }

  /** Runs statements of our own, such as BEGIN; answers what the last of them was. Nothing from users comes here. */
  async command(sql: string): Promise<string> {
    const result: unknown = await this.#send({ text: sql });
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last as { command: string }).command;
  }

  /** Ends it now: the server rolls back what is open. A second time does nothing. */
  close(): void {
    if (this.isBusy || !this.#isOpen) return this.#break(undefined);
    this.#end(undefined);
    this.#client.end().catch(() => {});
  }

  /** As `close`, and tells the server to give up the query that it is at: it would notice only after it. */
  abandon(): void {
    if (this.isBusy && this.#isOpen) this.#cancel();
    this.#break(undefined);
  }

  /** The error for what can't be asked of this connection, or was lost with it. */
  unavailable(error: unknown): UnavailableError {
    const cause = this.#failure ?? error;
    const text = cause instanceof Error ? messageOf(cause) : "the connection was closed";
    return new UnavailableError("ROOKERY_REPO_UNAVAILABLE", [this.#address, text], cause);
  }

  async #send(config: QueryConfig): Promise<Answer> {
    if (!this.#isOpen) throw this.unavailable(undefined);
    this.#pending += 1;
    try {
      return await this.#client.query(config);
    } catch (error) {
      hideValues(error);
      // A server that shuts down says so first, as if it were an answer.
      if (this.#isOpen && !isFarewell(error)) throw error;
      this.#break(error);
      throw this.unavailable(error);
    } finally {
      this.#pending -= 1;
    }
  }

  /** The name under which `sql` is prepared here; undefined where those are enough. */
  #nameOf(sql: string): string | undefined {
    const known = this.#statements.get(sql);
    if (known !== undefined || this.#statements.size >= STATEMENTS_MAX) return known;
    if (sql.length > STATEMENT_LENGTH_MAX) return undefined;
    this.#named += 1;
    const name = `s${this.#named}`;
    this.#statements.set(sql, name);
    return name;
  }

  /** On a connection of its own, as the protocol has it. If it does not get there, the statement's own timeout ends it. */
  #cancel(): void {
    const { host, port } = this.#client;
    const { processID, secretKey } = this.#client as unknown as Session;
    const request = Buffer.alloc(16);
    [...CANCEL_REQUEST, processID, secretKey].forEach((number, index) =>
      request.writeInt32BE(number, index * 4),
    );
    const path = { path: `${host}/.s.PGSQL.${port}` };
    const socket = connect(host.startsWith("/") ? path : { host, port });
    socket.on("error", () => {});
    socket.end(request);
    socket.unref();
  }

  #break(error: unknown): void {
    this.#end(error);
    this.#client.connection.stream.destroy();
  }

  #end(error: unknown): void {
    this.#failure ??= error;
    this.#isOpen = false;
    const { onEnd } = this;
    this.onEnd = () => {};
    onEnd();
  }
}

/** Shutdown, crash of another session, start: SQLSTATE 57P01 to 57P05. */
function isFarewell(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("57P0");
}

/** An AggregateError, of a host with several addresses, has no message of its own. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(", ");
}
