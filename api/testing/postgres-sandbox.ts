import { addressOf } from "../repo/postgres/address.ts";
import { testingError } from "./errors.ts";
import type { OwnDatabase, RepoOf, SandboxedRepo } from "./own-database.ts";
import { type PostgresHost, postgresHost } from "./postgres-host.ts";
import { prepareTemplate } from "./template-run.ts";
import { Templates } from "./templates.ts";

/** The URLs of migrated databases, to which nobody is connected. */
const templates = new Templates<string>();

/** A database on the server on which the one of the URL `server` is. */
export async function postgresDatabase<R extends SandboxedRepo>(
  repoOf: RepoOf<R>,
  fill: ((repo: R) => unknown) | undefined,
  server: string,
): Promise<OwnDatabase> {
  if (addressOf(server) === undefined)
    throw testingError("ROOKERY_TEST_OPTION", "the URL of a PostgreSQL database", "openSandbox", server);
  const host = await postgresHost(server);
  const template = await templates.of(repoOf, fill, server, () => makeTemplate(host, repoOf, fill));
  const database = await host.create(template);
  return { database, drop: () => host.drop(database) };
}

async function makeTemplate<R extends SandboxedRepo>(
  host: PostgresHost,
  repoOf: RepoOf<R>,
  fill: ((repo: R) => unknown) | undefined,
): Promise<string> {
  const database = await host.create();
  try {
    await prepareTemplate(repoOf, fill, database);
    return database;
  } catch (error) {
    await host.drop(database);
    throw error;
  }
}
