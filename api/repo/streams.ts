import type { CompiledQuery, QueryResult } from "kysely";
import { repoError } from "./errors.ts";
import type { SqliteConnection } from "./sqlite.ts";

/** So many streams of a repo may be open at a time: each has the file open, and keeps its log from starting anew. */
const STREAMS_MAX = 100;

/** Queries whose rows are read as they are asked for, each on a connection of its own, which ends with it. */
export class Streams {
  readonly #open: () => SqliteConnection;
  readonly #running = new Set<SqliteConnection>();

  constructor(open: () => SqliteConnection) {
    this.#open = open;
  }

  /** In batches of `batchLength` rows, the last of which may be shorter. Throws `ROOKERY_REPO_STREAMS`. */
  async *run<R>(query: CompiledQuery, batchLength: number): AsyncIterableIterator<QueryResult<R>> {
    if (this.#running.size >= STREAMS_MAX) throw repoError("ROOKERY_REPO_STREAMS", [STREAMS_MAX]);
    const connection = this.#open();
    this.#running.add(connection);
    try {
      let rows: R[] = [];
      for (const row of connection.iterate(query)) {
        if (rows.push(row as R) < batchLength) continue;
        yield { rows };
        rows = [];
      }
      if (rows.length > 0) yield { rows };
    } finally {
      this.#running.delete(connection);
      connection.close();
    }
  }
}
