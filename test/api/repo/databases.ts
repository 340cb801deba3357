import { afterAll } from "vitest";
import { hasPostgres, type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { type TemporaryOptions, TemporaryRepo } from "./temporary-repo.ts";

/** A kind of database that keeps what a repo promises. */
export interface TestedDatabase {
  readonly name: "SQLite" | "PostgreSQL";
  /** A repo on a database of its own. */
  readonly start: (options?: TemporaryOptions) => Promise<TemporaryRepo>;
}

let server: Promise<PostgresServer> | undefined;

afterAll(async () => {
  await (await server)?.[Symbol.asyncDispose]();
});

/** The PostgreSQL of this test file, which is started when it is asked for first, and ends with the file. */
export function postgres(): Promise<PostgresServer> {
  return (server ??= startPostgres());
}

const sqlite: TestedDatabase = { name: "SQLite", start: (options) => TemporaryRepo.start(options) };
const postgresql: TestedDatabase = {
  name: "PostgreSQL",
  start: async (options) => TemporaryRepo.start({ ...options, url: await (await postgres()).freshUrl() }),
};

/** For `describe.each`: what speaks of behaviour is tested with each. */
export const databases: readonly TestedDatabase[] = hasPostgres ? [sqlite, postgresql] : [sqlite];
