import type { RepoOf, SandboxedRepo } from "./own-database.ts";
import { postgresDatabase } from "./postgres-sandbox.ts";
import { sqliteDatabase } from "./sqlite-sandbox.ts";

/** What the databases of tests are copies of, and where they are. */
export interface SandboxOptions<R extends SandboxedRepo> {
  /** Fills the template, once, with what all tests find there. */
  readonly fill?: ((repo: R) => unknown) | undefined;
  /** A PostgreSQL server, as the URL of a database on it where databases may be created. SQLite if left out. */
  readonly postgres?: string | undefined;
}

/** A database that one test has for itself. */
export interface Sandbox<R extends SandboxedRepo> extends AsyncDisposable {
  /** Not running yet: it is for a supervisor, by its child spec. */
  readonly repo: R;
  /** Its path or URL: for trees that make repos of their own, such as those of other shards. */
  readonly database: string;
}

/**
 * Makes a database for one test: migrated and seeded, and gone when it is disposed of. Tests and files run side by side, for
 * nobody shares one. What a test writes is committed as in production, by all processes and shards that it starts: they are in the
 * sandbox because they use its database, so that nothing has to be allowed (`Ecto.Adapters.SQL.Sandbox`).
 *
 * Migrations run once for each function `repoOf`, and `fill`, in a Node.js process, so keep them in a module: each database is a copy
 * of that template.
 */
export async function openSandbox<R extends SandboxedRepo>(
  repoOf: RepoOf<R>,
  { fill, postgres }: SandboxOptions<R> = {},
): Promise<Sandbox<R>> {
  const own =
    postgres === undefined
      ? await sqliteDatabase(repoOf, fill)
      : await postgresDatabase(repoOf, fill, postgres);
  const { database } = own;
  return { repo: repoOf(database), database, [Symbol.asyncDispose]: () => own.drop() };
}
